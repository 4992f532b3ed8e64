"""Crowds in which it is known who takes no care."""

from __future__ import annotations

import numpy as np

from evalhub.stats.agreement import Level, alpha, coded, coincidences, disagreement
from evalhub.stats.careless import careless, own_agreement


def named(seed: int, *, guessing: int, right: float = 0.75, units: int = 500) -> np.ndarray:
    """20 raters of three values, three to a unit; the first `guessing` answer by lot."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, 3, units)
    unit = np.repeat(np.arange(units), 3)
    rater = np.argsort(chance.random((units, 20)), axis=1)[:, :3].ravel()
    is_right = chance.random(len(unit)) < np.where(rater < guessing, 0, right)
    said = np.where(is_right, truth[unit], chance.integers(0, 3, len(unit)))
    answers = coded(unit, rater, said.astype(float))
    whole = coincidences(answers.counts()).sum(axis=0, keepdims=True)
    everybody = float(alpha(whole, values_V=answers.values_V, level=Level.NOMINAL)[0])
    apart = disagreement(answers, Level.NOMINAL).of_answer_R
    return careless(own_agreement(apart, answers.rater_R, 20), everybody)


def test_the_careless_are_found_and_nobody_else() -> None:
    found = np.array(
        [named(seed, guessing=3, units=1500) for seed in range(30)]
    )  # 225 answers each
    assert found[:, :3].mean() > 0.95
    assert not found[:, 3:].any()
    found = np.array([named(seed, guessing=3) for seed in range(40)])  # 75 answers each
    assert 0.4 < found[:, :3].mean() < 0.7
    assert found[:, 3:].any(axis=1).mean() <= 0.05


def test_where_all_are_alike_nobody_is_named_more_than_once_in_twenty_crowds() -> None:
    assert np.mean([named(seed, guessing=0, right=0.5).any() for seed in range(100)]) <= 0.05


def test_few_answers_name_nobody() -> None:
    assert not named(1, guessing=3, units=12).any()


def test_where_everybody_answers_by_lot_nobody_stands_out() -> None:
    assert np.mean([named(seed, guessing=20).any() for seed in range(40)]) <= 0.05


def test_always_the_opposite_is_named_though_it_has_no_spread() -> None:
    unit, rater = np.repeat(np.arange(40), 6), np.tile(np.arange(6), 40)
    said = np.where(rater == 5, 1 - unit % 2, unit % 2)
    answers = coded(unit, rater, said.astype(float))
    own = own_agreement(disagreement(answers, Level.NOMINAL).of_answer_R, answers.rater_R, 6)
    assert own.error_A.max() < 1e-6
    assert careless(own, 0.5).tolist() == [False] * 5 + [True]


def test_without_answers() -> None:
    own = own_agreement(np.zeros(0), np.zeros(0, dtype=np.int64), 2)
    assert np.isnan(own.alpha_A).all()
    assert not careless(own, 0.5).any()
