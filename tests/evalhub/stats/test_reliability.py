"""Against the literature's table, another implementation, and crowds whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import DawidSkene

from evalhub.stats.ballots import Ballot, chance_first
from evalhub.stats.reliability import (
    chances,
    dawid_skene,
    preferences,
    severity_and_spread,
    strengths,
)

# Dawid and Skene 1979, table 1: 45 patients; observer 1 three times, then observers 2 to 5
CLINIC = [
    "1111111",
    "3334334",
    "1122122",
    "2223121",
    "2223222",
    "2223322",
    "1222111",
    "3333433",
    "2222223",
    "2322223",
    "4444444",
    "2223343",
    "1111111",
    "2223212",
    "1211111",
    "1112111",
    "1111111",
    "1111111",
    "2222221",
    "2221322",
    "2222222",
    "2222221",
    "2223222",
    "2212222",
    "1111111",
    "1111111",
    "2322222",
    "1111111",
    "1111111",
    "1121121",
    "1111111",
    "3333233",
    "1111111",
    "2222222",
    "2223232",
    "4334343",
    "2212232",
    "2323233",
    "3333432",
    "1111111",
    "1111111",
    "1212111",
    "2322222",
    "1211111",
    "2222222",
]
OBSERVER = [0, 0, 0, 1, 2, 3, 4]


def test_the_clinic() -> None:
    unit = np.repeat(np.arange(45), 7)
    rater = np.tile(OBSERVER, 45)
    said = np.array([int(each) - 1 for row in CLINIC for each in row])
    found = dawid_skene(unit, rater, said, units=45, raters=5, values=4, weight=0)
    assert found.is_settled
    assert found.priors_V.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert found.truth_UV[0].argmax() == 0
    assert found.confusion_AVV.sum(axis=2) == pytest.approx(np.ones((5, 4)))


def crowd(seed: int, *, careless: int = 0) -> tuple[np.ndarray, ...]:
    """600 units of three values, 3 of 20 raters each, right with .75; the first ones guess."""
    chance = np.random.default_rng(seed)
    truth = chance.choice(3, 600, p=[0.5, 0.3, 0.2])
    unit = np.repeat(np.arange(600), 3)
    rater = np.argsort(chance.random((600, 20)), axis=1)[:, :3].ravel()
    right = chance.random(1800) < np.where(rater < careless, 0, 0.75)
    return truth, unit, rater, np.where(right, truth[unit], chance.integers(0, 3, 1800))


@pytest.mark.slow  # crowd-kit alone takes seconds to be imported
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_as_another_implementation() -> None:
    _truth, unit, rater, said = crowd(1)
    ours = dawid_skene(unit, rater, said, units=600, raters=20, values=3, weight=0)
    frame = pd.DataFrame({"task": unit, "worker": rater, "label": said})
    theirs = DawidSkene(n_iter=300, tol=1e-9).fit_predict_proba(frame)
    apart = np.abs(ours.truth_UV - theirs.sort_index()[[0, 1, 2]].to_numpy())
    assert apart.mean() < 1e-3  # ours stops a little earlier
    assert apart.max() < 0.05


def test_the_consensus_beats_the_majority_and_knows_the_careless() -> None:
    ours, majority = 0.0, 0.0
    for seed in range(8):
        truth, unit, rater, said = crowd(seed, careless=7)
        found = dawid_skene(unit, rater, said, units=600, raters=20, values=3)
        votes = np.bincount(unit * 3 + said, minlength=1800).reshape(600, 3)
        ours += (found.truth_UV.argmax(axis=1) == truth).mean()
        majority += (votes.argmax(axis=1) == truth).mean()
        right = np.einsum("v,avv->a", found.priors_V, found.confusion_AVV)
        assert right[:7].max() < right[7:].min()
    assert ours > majority + 8 * 0.03


def test_without_answers() -> None:
    none = np.zeros(0, dtype=np.int64)
    empty = np.zeros(0)
    assert dawid_skene(none, none, none, units=0, raters=0, values=2).is_settled
    assert dawid_skene(none, none, none, units=2, raters=1, values=2).truth_UV.tolist() == [
        [0.5, 0.5],
        [0.5, 0.5],
    ]
    assert severity_and_spread(none, none, empty, units=0, raters=0).mean == 0
    assert strengths(none, none, empty, empty, units=1, raters=0).first_U == pytest.approx([0.5])


def test_severity_and_spread_are_found() -> None:
    chance = np.random.default_rng(3)
    truth = chance.normal(3, 1, 800)
    severity = chance.normal(0, 0.5, 15)
    spread = chance.uniform(0.3, 1.5, 15)
    unit = np.repeat(np.arange(800), 3)
    rater = np.argsort(chance.random((800, 15)), axis=1)[:, :3].ravel()
    value = truth[unit] + severity[rater] + chance.normal(0, 1, 2400) * spread[rater]
    found = severity_and_spread(unit, rater, value, units=800, raters=15)
    off = (found.severity_A - (severity - severity.mean())) / found.severity_error_A
    assert found.is_settled
    assert (np.abs(off) < 3).all()
    assert found.spread_A == pytest.approx(spread, rel=0.3)
    plain = np.bincount(unit, value) / 3
    assert ((found.score_U - truth) ** 2).mean() < 0.8 * ((plain - truth) ** 2).mean()
    inside = np.abs(found.score_U - truth - (found.score_U - truth).mean()) < 1.96 * found.error_U
    assert 0.92 < inside.mean() < 0.98


def test_strengths_and_places_are_found_with_honest_intervals() -> None:
    strong, placed, better, majority = [], [], 0.0, 0.0
    for seed in range(8):
        chance = np.random.default_rng(seed)
        gap = chance.normal(0, 1.5, 800)
        strength = np.clip(chance.normal(1, 0.3, 20), 0.1, None)
        strength[:3] = 0
        position = chance.normal(0, 0.3, 20)
        unit = np.repeat(np.arange(800), 3)
        rater = np.argsort(chance.random((800, 20)), axis=1)[:, :3].ravel()
        place = chance.choice([-1.0, 1.0], 2400)
        logit = strength[rater] * gap[unit] + position[rater] * place
        win = (chance.random(2400) < 1 / (1 + np.exp(-logit))).astype(float)
        found = strengths(unit, rater, win, place, units=800, raters=20)
        scale = np.average(strength)
        strong.append(np.abs(found.strength_A - strength / scale) < 1.96 * found.strength_error_A)
        placed.append(np.abs(found.position_A - position) < 1.96 * found.position_error_A)
        better += ((found.first_U > 0.5) == (gap > 0)).mean()
        majority += ((np.bincount(unit, win) > 1.5) == (gap > 0)).mean()
    assert 0.88 < np.mean(strong) <= 1
    assert 0.90 < np.mean(placed) <= 1
    assert better > majority


def test_a_crowd_with_careless_biased_and_adversarial_people() -> None:
    """Of 20 people four guess, three say the opposite and three take what stands first."""
    right, majority = 0.0, 0.0
    for seed in range(6):
        chance = np.random.default_rng(seed)
        better = chance.choice([0.0, 1.0], 500)
        unit = np.repeat(np.arange(500), 5)
        rater = np.argsort(chance.random((500, 20)), axis=1)[:, :5].ravel()
        place = chance.choice([-1.0, 1.0], 2500)
        win = np.where(chance.random(2500) < 0.85, better[unit], 1 - better[unit])
        win = np.where(rater < 4, chance.choice([0.0, 1.0], 2500), win)
        win = np.where((rater >= 4) & (rater < 7), 1 - win, win)
        first = np.where(chance.random(2500) < 0.9, place > 0, win)
        win = np.where((rater >= 7) & (rater < 10), first, win)
        found = strengths(unit, rater, win, place, units=500, raters=20)
        assert (found.strength_A[4:7] + 1.96 * found.strength_error_A[4:7] < 0).all()
        assert found.position_A[7:10].min() > np.delete(found.position_A, [7, 8, 9]).max()
        right += ((found.first_U > 0.5) == (better == 1)).mean()
        majority += ((np.bincount(unit, win) > 2.5) == (better == 1)).mean()
    assert right > majority + 6 * 0.05


def test_one_pair_by_itself_is_as_sure_as_among_all() -> None:
    """Builds compute it without NumPy, so that a digest hangs on no machine."""
    chance = np.random.default_rng(7)
    unit = np.sort(chance.integers(0, 40, 150))
    rater = chance.integers(0, 6, 150)
    win, place = chance.choice([0.0, 0.5, 1.0], 150), chance.choice([-1.0, 0.0, 1.0], 150)
    strength, position, spread = chance.uniform(-0.5, 2, 6), chance.normal(0, 0.5, 6), 1.7
    together = chances(
        unit,
        rater,
        win,
        place,
        units=40,
        spread=spread,
        strength_A=strength,
        position_A=position,
    )
    for one in range(40):
        mine = np.flatnonzero(unit == one)
        ballots = [
            Ballot(win[at], strength[rater[at]] * spread, position[rater[at]] * place[at])
            for at in mine
        ]
        assert chance_first(ballots) == pytest.approx(together[one], abs=1e-9)


def test_beginning_from_a_sample_leads_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(11)
    units, people = 1500, 12
    gap, care = chance.normal(0, 1.5, units), chance.uniform(0.2, 1.8, people)
    unit = np.repeat(np.arange(units), 4)
    rater = np.concatenate([chance.permutation(people)[:4] for _ in range(units)])
    place = chance.choice([-1.0, 1.0], len(unit))
    won = chance.random(len(unit)) < 1 / (1 + np.exp(-care[rater] * gap[unit] - 0.3 * place))
    given = (unit, rater, won.astype(float), place)
    whole = strengths(*given, units=units, raters=people)
    monkeypatch.setattr(preferences, "_SAMPLE", 300)
    begun = strengths(*given, units=units, raters=people)
    assert begun.is_settled
    assert begun.strength_A == pytest.approx(whole.strength_A, abs=0.02)
    assert begun.position_A == pytest.approx(whole.position_A, abs=0.02)
    assert np.abs(begun.first_U - whole.first_U).mean() < 0.005
