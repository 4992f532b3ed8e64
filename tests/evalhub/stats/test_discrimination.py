"""Crowds whose truth is known: six models half a logit apart, of which careless people see nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from evalhub.stats.discrimination import CLASSES, FOLDS, Said, Weights, discriminations, weights
from evalhub.stats.leaderboard import Board, board

Floats = NDArray[np.float64]

M = 6
TRUTH = np.linspace(-1, 1, M)


@dataclass(frozen=True)
class Crowd:
    rater: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    outcome: NDArray[np.int64]
    group: NDArray[np.int64]

    @property
    def fold(self) -> NDArray[np.int64]:
        return self.group % FOLDS

    def said(self) -> Said:
        once = np.ones(len(self.rater))
        return Said.of(self.rater, self.first, self.second, self.outcome, self.fold, once)

    def board(self, found: Weights | None = None) -> Board:
        """None: everybody counts the same."""
        alike, slope_C = np.zeros(len(self.rater), dtype=np.int64), np.ones(1)
        if found is not None:
            alike, slope_C = found.class_AF[self.rater, self.fold], found.slope_C
        shape = (int(self.group.max()) + 1, len(slope_C), M, M, 3)
        cell = np.ravel_multi_index(
            (self.group, alike, self.first, self.second, self.outcome), shape
        )
        tables = np.bincount(cell, minlength=int(np.prod(shape))).astype(float)
        return board(csr_array(tables.reshape(shape[0], -1)), slope_C, models=M, resamples=120)


def crowd(seed: int, slope_A: Floats, *, each: int, groups: int = 150) -> Crowd:
    """Each compares `each` pairs; one in five is a tie, and standing first is worth 0.3."""
    chance = np.random.default_rng(seed)
    rater = np.repeat(np.arange(len(slope_A)), each)
    first = chance.integers(0, M, len(rater))
    second = (first + chance.integers(1, M, len(rater))) % M
    ahead = slope_A[rater] * (TRUTH[first] - TRUTH[second]) + 0.3
    odds = np.stack([np.exp(ahead), np.exp(ahead / 2 - 0.7), np.ones(len(rater))], axis=1)
    odds /= odds.sum(axis=1, keepdims=True)
    outcome = (chance.random(len(rater))[:, None] > odds.cumsum(axis=1)).sum(axis=1)
    return Crowd(rater, first, second, outcome, chance.integers(0, groups, len(rater)))


def told_apart(made: Crowd) -> Weights:
    return weights(made.said(), models=M, raters=int(made.rater.max()) + 1)


def errors(found: Board) -> tuple[float, float]:
    """Root mean square, and the share of strengths that their intervals hold."""
    strength = found.fit.strength_M
    inside = (found.low_M <= TRUTH) & (found.high_M >= TRUTH)
    return float(np.sqrt(((strength - TRUTH) ** 2).mean())), float(inside.mean())


def some_careless(people: int = 40) -> Floats:
    """One in five answers by lot, three in twenty say the opposite."""
    slope_A = np.ones(people)
    slope_A[: people // 5] = 0
    slope_A[people // 5 : people // 5 + 3 * people // 20] = -1
    return slope_A


def test_among_careless_and_adversarial_people_the_strengths_come_nearer_to_the_truth() -> None:
    weighed, alike, covered = [], [], []
    for seed in range(12):
        made = crowd(seed, some_careless(), each=100)
        error, inside = errors(made.board(told_apart(made)))
        weighed.append(error)
        covered.append(inside)
        alike.append(errors(made.board())[0])
    assert np.mean(weighed) < np.mean(alike) / 3
    assert (np.array(weighed) < alike).all()
    assert np.mean(covered) > 0.85


def test_the_order_is_found_where_the_plain_one_is_lost() -> None:
    right = [0, 0]
    for seed in range(20):
        made = crowd(seed, some_careless(), each=40)
        for nth, found in enumerate((made.board(told_apart(made)), made.board())):
            right[nth] += (np.diff(found.fit.strength_M) > 0).all()
    assert right[0] >= right[1] + 5


def test_among_careful_people_it_is_no_worse_and_intervals_hold() -> None:
    weighed, alike, covered = [], [], []
    for seed in range(14):
        made = crowd(seed, np.ones(40), each=20)
        error, inside = errors(made.board(told_apart(made)))
        weighed.append(error)
        covered.append(inside)
        alike.append(errors(made.board())[0])
    assert np.mean(weighed) < 1.05 * np.mean(alike)
    assert np.mean(covered) > 0.9


def test_slopes_tell_who_is_careless_and_who_says_the_opposite() -> None:
    made = crowd(3, some_careless(), each=200)
    slopes = told_apart(made).whole
    assert slopes.slope_A[:8] == pytest.approx(np.zeros(8), abs=0.45)
    assert slopes.slope_A[8:14] == pytest.approx(-np.ones(6), abs=0.6)
    assert slopes.slope_A[14:] == pytest.approx(np.ones(26), abs=0.45)
    low_A, high_A = (slopes.slope_A + side * 1.96 * slopes.error_A for side in (-1, 1))
    held = (low_A <= some_careless()) & (some_careless() <= high_A)
    assert held.mean() >= 0.9


def test_a_few_judgments_tell_little_of_somebody() -> None:
    """One person answered three times, each time the opposite; the others are careful."""
    made = crowd(4, np.ones(20), each=60)
    first, second = np.array([5, 5, 4]), np.array([0, 1, 0])
    more = Crowd(
        rater=np.append(made.rater, [20, 20, 20]),
        first=np.append(made.first, first),
        second=np.append(made.second, second),
        outcome=np.append(made.outcome, [2, 2, 2]),
        group=np.append(made.group, [0, 1, 2]),
    )
    slopes = told_apart(more).whole
    assert slopes.slope_A[20] == slopes.slope_A.min()
    assert slopes.slope_A[20] + 1.96 * slopes.error_A[20] > 0.9


def test_of_one_or_two_people_nobody_can_be_told_apart() -> None:
    for people in (1, 2):
        found = told_apart(crowd(1, np.array([1.0, -1.0])[:people], each=30))
        assert found.whole.slope_A.tolist() == [1] * people
        assert found.slope_C.tolist() == [1]


def test_weights_come_from_other_prompts() -> None:
    """What is said of the first fold moves nobody's weight in it."""
    made = crowd(5, np.ones(12), each=50)
    turned = np.where(made.fold == 0, 2 - made.outcome, made.outcome)
    others = Crowd(made.rater, made.first, made.second, turned, made.group)
    both = [
        discriminations(
            each.said(), each.said().times_KF.sum(axis=1) - each.said().times_KF[:, 0], M, 12
        )
        for each in (made, others)
    ]
    assert both[0].slope_A == pytest.approx(both[1].slope_A)
    one, two = (told_apart(each) for each in (made, others))
    assert not np.allclose(one.slope_C[one.class_AF[:, 1]], two.slope_C[two.class_AF[:, 1]])


def test_classes_are_few_however_many_people_there_are() -> None:
    found = told_apart(crowd(6, some_careless(200), each=20))
    assert len(found.slope_C) <= CLASSES
    assert found.class_AF.shape == (200, FOLDS)
    assert found.class_AF.max() < len(found.slope_C)


def test_nothing_said_gives_no_slopes() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    said = Said.of(nobody, nobody, nobody, nobody, nobody, np.zeros(0))
    assert weights(said, models=2, raters=0).whole.slope_A.shape == (0,)
