"""How well each person tells models apart, from comparisons of two.

Shapes: K kinds of comparisons, A people, F folds of the prompts, C classes of people, M models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.leaderboard import Fit, fit, outcomes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

FOLDS = 5
CLASSES = 8
FEWEST = 3  # people: of two who differ nobody can say which of them is careless
_CAREFUL = 0.2  # standard deviation of careful people's slopes around 1
_OTHERS = 1.0  # of everybody else's around 0
_SHARE = (4.0, 1.0)  # people, careful and others, that are taken to be known beforehand
_ROUNDS = 100
_CLOSE = 1e-4  # of a slope, mean over people


class Said(NamedTuple):
    """How often somebody said what of which two, in this order on the page, about prompts of which fold."""

    rater_K: Ints
    first_K: Ints
    second_K: Ints
    outcome_K: Ints  # 0 the first won, 1 a tie, 2 the second
    times_KF: Floats  # half votes are allowed

    @classmethod
    def of(
        cls, rater: Ints, first: Ints, second: Ints, outcome: Ints, fold: Ints, times: Floats
    ) -> Self:
        """From one row for each comparison."""
        rows = np.stack([rater, first, second, outcome])
        shape = tuple((rows.max(axis=1, initial=0) + 1).tolist())
        key, kind = np.unique(np.ravel_multi_index(tuple(rows), shape), return_inverse=True)
        times_KF = _sums(kind * FOLDS + fold, times, len(key) * FOLDS).reshape(-1, FOLDS)
        rater_K, first_K, second_K, outcome_K = np.unravel_index(key, shape)
        return cls(rater_K, first_K, second_K, outcome_K, times_KF)

    def table(self, times_K: Floats, class_A: Ints, *, models: int, classes: int) -> Floats:
        """table_CMM3, as the leaderboard has it."""
        shape = (classes, models, models, 3)
        place = (class_A[self.rater_K], self.first_K, self.second_K, self.outcome_K)
        cell_K = np.ravel_multi_index(place, shape)
        size = classes * models * models * 3
        return _sums(cell_K, times_K, size).reshape(shape)


class Slopes(NamedTuple):
    slope_A: Floats  # how much of a difference they see: 1 like careful people, 0 by lot, below 0 the other way
    error_A: Floats


class Weights(NamedTuple):
    """What everybody's comparisons count for, by people who are about alike."""

    whole: Slopes  # from all prompts
    class_AF: (
        Ints  # of what somebody said about prompts of a fold, by what they said about the others
    )
    slope_C: Floats


def weights(said: Said, *, models: int, raters: int, beat: Beat = lambda: None) -> Weights:
    """Each person's slope, from all prompts and, for each fold of them, from the others.

    A slope that came from the very comparisons which it weighs would fit their noise and make strengths
    too large, by a tenth where people judged 20 each; from other prompts it does not. People are put
    into CLASSES by slope, so that a leaderboard's tables stay small however many they are.
    """
    whole = discriminations(said, said.times_KF.sum(axis=1), models, raters, beat=beat)
    slope_AF = np.ones((raters, FOLDS))
    for fold in range(FOLDS):
        others_K = said.times_KF.sum(axis=1) - said.times_KF[:, fold]
        found = discriminations(said, others_K, models, raters, start=whole, beat=beat)
        slope_AF[:, fold] = found.slope_A
    times_AF = np.stack([_sums(said.rater_K, each, raters) for each in said.times_KF.T], axis=1)
    class_N, slope_C = _classes(slope_AF.ravel(), times_AF.ravel())
    return Weights(whole, class_N.reshape(raters, FOLDS), slope_C)


def discriminations(
    said: Said,
    times_K: Floats,
    models: int,
    raters: int,
    *,
    start: Slopes | None = None,
    beat: Beat = lambda: None,
) -> Slopes:
    """Slopes and the models' strengths in turn, until slopes move no more.

    Most people are careful: their slopes are normal around 1, of standard deviation 0.2. Others' are
    normal around 0, of standard deviation 1. Whose are which, and how many, is told by what they say; a
    few judgments tell little, and the slope stays near the middle of both. The scale is the careful
    people's: their mean is 1, so that others change the order of models, not how far they are apart.

    Returns:
        All 1 for fewer than FEWEST people.

    Source:
        A slope for each annotator: X. Chen et al., "Pairwise Ranking Aggregation in a Crowdsourced
        Setting", WSDM 2013; there a mixture of right and reversed, here of the slope, which takes ties
        and the place on the page in. Normal mixtures with known errors: B. Efron, "Large-Scale
        Inference", 2010, chapter 2.
    """
    slope_A = np.ones(raters) if start is None else start.slope_A
    if raters < FEWEST:
        return Slopes(np.ones(raters), np.full(raters, np.nan))
    times_A = _sums(said.rater_K, times_K, raters)
    found: Fit | None = None
    share = _SHARE[0] / sum(_SHARE)
    for _ in range(_ROUNDS):
        beat()
        before = slope_A
        class_A, slope_C = _classes(slope_A, times_A)
        table_CMM3 = said.table(times_K, class_A, models=models, classes=len(slope_C))
        found = fit(table_CMM3, slope_C, start=found)
        slopes, share = _mixed(*_own(said, times_K, found, slope_A), share)
        slope_A = slopes.slope_A
        if np.abs(slope_A - before).mean() < _CLOSE:
            break
    return slopes


def _own(said: Said, times_K: Floats, found: Fit, slope_A: Floats) -> tuple[Floats, Floats]:
    """What each person's comparisons alone say of their slope, and its variance; one step of Newton's."""
    raters = len(slope_A)
    gap_K = found.strength_M[said.first_K] - found.strength_M[said.second_K]
    first_K, tie_K = outcomes(slope_A[said.rater_K] * gap_K + found.position, found.tie)
    x_K = first_K + tie_K / 2
    off_K = times_K * gap_K * (1 - said.outcome_K / 2 - x_K)
    wide_K = times_K * gap_K**2 * (first_K + tie_K / 4 - x_K**2)
    pull_A, known_A = (
        np.bincount(said.rater_K, each, minlength=raters) for each in (off_K, wide_K)
    )
    known_A = np.maximum(known_A, 1e-9)
    return slope_A + np.clip(pull_A / known_A, -1, 1), 1 / known_A


def _mixed(own_A: Floats, variance_A: Floats, share: float) -> tuple[Slopes, float]:
    """Slopes as the two kinds of people leave them, and the share of careful ones."""
    careful_A = share * _density(own_A - 1, _CAREFUL**2 + variance_A)
    others_A = (1 - share) * _density(own_A, _OTHERS**2 + variance_A)
    chance_A = careful_A / np.maximum(careful_A + others_A, 1e-300)
    weight_A = chance_A / (_CAREFUL**2 + variance_A)
    scale = float(np.clip(weight_A @ own_A / max(weight_A.sum(), 1e-300), 0.2, 5))
    kept_A, kept_others_A = (
        each**2 / (each**2 + variance_A) for each in (_CAREFUL, _OTHERS)
    )  # of their own
    one_A, two_A = 1 + kept_A * (own_A - 1), kept_others_A * own_A
    slope_A = chance_A * one_A + (1 - chance_A) * two_A
    square_A = chance_A * (kept_A * variance_A + one_A**2)
    square_A += (1 - chance_A) * (kept_others_A * variance_A + two_A**2)
    error_A = np.sqrt(np.maximum(square_A - slope_A**2, 0))
    share = (chance_A.sum() + _SHARE[0]) / (len(own_A) + sum(_SHARE))
    return Slopes(slope_A / scale, error_A / scale), share


def _sums(place: Ints, weight: Floats, places: int) -> Floats:
    """The weights at each place; floating numbers, also of no row at all."""
    return np.bincount(place, weight, minlength=places).astype(np.float64)


def _density(off: Floats, variance: Floats) -> Floats:
    """Of a normal distribution, up to a factor."""
    found: Floats = np.exp(-(off**2) / (2 * variance)) / np.sqrt(variance)
    return found


def _classes(slope_N: Floats, times_N: Floats) -> tuple[Ints, Floats]:
    """Slopes that are about alike thrown together, at most CLASSES of them, each with their mean."""
    values, class_N = np.unique(slope_N, return_inverse=True)
    if len(values) <= CLASSES:
        return class_N, values
    width = (values[-1] - values[0]) / CLASSES
    cut_N = np.minimum((slope_N - values[0]) // width, CLASSES - 1)
    class_N = np.unique(cut_N, return_inverse=True)[1]
    times_N = np.maximum(times_N, 1e-9)  # who said nothing stands in no table
    slope_C = np.bincount(class_N, times_N * slope_N) / np.bincount(class_N, times_N)
    return class_N, slope_C
