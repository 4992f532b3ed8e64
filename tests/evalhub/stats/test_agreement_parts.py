"""Agreement of parts and of pairs: the same alphas as of the answers alone, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from evalhub.stats.agreement import Level, alpha, alpha_of, coded, coincidences
from evalhub.stats.agreement_parts import (
    alphas_of_numbers,
    alphas_of_parts,
    alphas_of_tables,
    low_of_unanimous,
)
from evalhub.stats.kappas import pairs_of
from evalhub.stats.slices import draws_of


def crowd(seed: int, *, units: int = 40, people: int = 4) -> tuple[np.ndarray, ...]:
    """Answers 1 to 4 near a truth, a third of them missing."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(1, 5, units)
    unit, rater = np.repeat(np.arange(units), people), np.tile(np.arange(people), units)
    value = np.clip(truth[unit] + chance.integers(-1, 2, len(unit)), 1, 4).astype(float)
    value[chance.random(len(unit)) < 0.33] = np.nan
    return unit, rater, value


def alpha_alone(unit: np.ndarray, rater: np.ndarray, value: np.ndarray, level: Level) -> float:
    answers = coded(unit, rater, value)
    sums = coincidences(answers.counts()).sum(axis=0, keepdims=True)
    return float(alpha(sums, values_V=answers.values_V, level=level)[0])


@pytest.mark.parametrize("level", list(Level))
def test_a_pair_s_alpha_is_that_of_their_answers_alone(level: Level) -> None:
    unit, rater, value = crowd(3)
    answers = coded(unit, rater, value)
    pairs = pairs_of(answers)
    found = alphas_of_tables(pairs.tables(len(answers.values_V)), answers.values_V, level)
    assert (len(pairs.first_P), pairs.found) == (6, 6)
    for at, (one, two) in enumerate(zip(pairs.first_P, pairs.second_P, strict=True)):
        theirs = np.isin(rater, [one, two])
        alone = alpha_alone(unit[theirs], rater[theirs], value[theirs], level)
        assert found.value[at] == pytest.approx(alone)
        assert found.low[at] < alone < found.high[at] <= 1


@pytest.mark.parametrize("level", [Level.INTERVAL, Level.RATIO])
def test_numbers_of_many_values_are_told_as_tables_tell_them(level: Level) -> None:
    unit, rater, value = crowd(4)
    answers = coded(unit, rater, value * value - 1)  # 0 is among them
    pairs = pairs_of(answers)
    by_rows = alphas_of_numbers(pairs, answers.values_V, level)
    by_tables = alphas_of_tables(pairs.tables(len(answers.values_V)), answers.values_V, level)
    for name in ("value", "low", "high"):
        assert getattr(by_rows, name) == pytest.approx(getattr(by_tables, name), nan_ok=True)


def test_a_pair_who_always_say_one_thing_or_little_have_their_reason() -> None:
    tables = np.array([[[12, 0], [0, 0]], [[3, 1], [1, 3]], [[20, 0], [0, 20]]], dtype=float)
    found = alphas_of_tables(tables, np.array([1.0, 2.0]), Level.NOMINAL)
    assert np.isnan(found.value).tolist() == [True, False, False]
    assert np.isnan(found.low).tolist() == [True, True, False]  # 8 things are too few
    assert found.high[2] == 1
    assert 0.7 < found.low[2] < 0.95  # forty times alike is no certainty


@pytest.mark.parametrize("level", [Level.NOMINAL, Level.ORDINAL])
def test_the_interval_of_a_pair_covers_the_truth(level: Level) -> None:
    """400 pairs of 60 shared things each, from answers whose alpha 400,000 things tell."""
    chance = np.random.default_rng(8)
    steps = np.array([-1, 0, 0, 0, 1])

    def table(n: int) -> np.ndarray:
        truth = chance.integers(1, 5, n)
        both = [np.clip(truth + chance.choice(steps, n), 1, 4) - 1 for _ in range(2)]
        return np.bincount(both[0] * 4 + both[1], minlength=16).reshape(4, 4).astype(float)

    values = np.arange(1.0, 5.0)
    true = alphas_of_tables(table(400_000)[None], values, level).value[0]
    found = alphas_of_tables(np.array([table(60) for _ in range(400)]), values, level)
    assert 0.92 <= ((found.low <= true) & (true <= found.high)).mean() <= 0.98


def test_parts_are_as_if_each_were_all_and_their_intervals_cover() -> None:
    """Two parts of 30 and 90 units, told together, in 50 crowds."""
    unit, rater, value = crowd(5, units=120)
    level, covered = Level.ORDINAL, []
    true = [alpha_alone(*crowd(99, units=20_000), level)] * 2
    for seed in range(50):
        unit, rater, value = crowd(seed, units=120)
        answers = coded(unit, rater, value)
        part_U = (np.unique(unit[~np.isnan(value)]) >= 30).astype(np.int64)
        group_U = part_U * answers.units + np.arange(answers.units)
        counts = answers.counts()
        sums = np.zeros((2 * answers.units, counts.shape[1] ** 2))
        told = coincidences(counts, group_U)
        sums[: len(told)] = told
        sums_SGK = sums.reshape(2, answers.units, -1)
        found = alphas_of_parts(
            sums_SGK,
            alpha_of(answers.values_V, level),
            sums_SGK.sum(axis=2),
            draws_of(answers.units),
        )
        for place in range(2):
            mine = (unit >= 30) == bool(place)
            alone = alpha_alone(unit[mine], rater[mine], value[mine], level)
            assert found.value[place] == pytest.approx(alone)
        covered.append((found.low <= true) & (true <= found.high))
    assert 0.86 <= np.mean(covered) <= 0.99


def test_nobody_ever_disagreeing_is_no_certainty() -> None:
    assert low_of_unanimous(1, np.array([1.0, 1.0])) is None
    few, many = (low_of_unanimous(n, np.array([1.0, 1.0])) for n in (3, 300))
    assert few is not None
    assert many is not None
    assert few < 0 < 0.9 < many < 1
