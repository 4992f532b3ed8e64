"""Figures with intervals over people, for two groups of them. Shapes: R rows, G groups, B resamples.

Answers of one person are not independent, so people are left out or drawn whole. Agreement is a
figure over pairs of people and cannot be drawn with replacement: a person would meet themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.intervals import LEVEL, Beat, Floats, buckets

Ints = NDArray[np.int64]
FigureOfRows = Callable[[NDArray[np.bool_]], float]  # of the rows that are in; NaN: no value
ROUNDING = 1e-12  # of figures that are equal
MOST_LEFT_OUT = 100  # people beyond that are left out by the group


@dataclass(frozen=True)
class OfPeople:
    """A value, its standard error over people, and how many people (or groups of them) there are.

    `error` is None where fewer than two groups, one that cannot be done without, or people who are
    all alike leave none: nine times "no" by three people do not say that nobody says yes.
    """

    value: float | None
    error: float | None
    groups: int

    def interval(self) -> tuple[float | None, float | None]:
        """Where the true value lies 95 times in 100, by Student's t."""
        if self.value is None or self.error is None:
            return None, None
        reach = float(stats.t.ppf((1 + LEVEL) / 2, self.groups - 1)) * self.error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class Gap:
    difference: float | None
    low: float | None
    high: float | None


def leaving_out(figure: FigureOfRows, person_R: Ints, *, beat: Beat = lambda: None) -> OfPeople:
    """A figure and its standard error by the jackknife: each person is left out in turn.

    For figures that are smooth in the answers (means, shares, alpha); not for medians.

    Returns:
        For a mean of one value per person the error is that of the mean: values 1, 2, 3 and 6 of
        four people give 3 and 1.08.

    Source:
        B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 11; leaving out
        groups: K. Wolter, "Introduction to Variance Estimation", 2nd edition, 2007, chapter 4.
    """
    group_R, groups = _groups(person_R)
    value = _finite(figure(np.ones(len(person_R), dtype=bool))) if groups else None
    if value is None or groups < 2:
        return OfPeople(value, None, groups)
    without_G = np.zeros(groups)
    for group in range(groups):
        beat()
        without_G[group] = figure(group_R != group)
    error = np.sqrt((groups - 1) * np.mean((without_G - without_G.mean()) ** 2))
    return OfPeople(value, _spread(error), groups)


def median_of(
    value_R: Floats,
    person_R: Ints,
    *,
    seed: int = 0,
    resamples: int = 400,
    beat: Beat = lambda: None,
) -> OfPeople:
    """The median of all rows and its standard error by drawing people with replacement.

    Source:
        B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6 and 11.
    """
    group_R, groups = _groups(person_R)
    if not groups:
        return OfPeople(None, None, 0)
    value = float(np.median(value_R))
    if groups < 2:
        return OfPeople(value, None, groups)
    order_R = np.argsort(value_R, kind="stable")
    rising_R, owner_R = value_R[order_R], group_R[order_R]
    chance = np.random.default_rng(seed)
    drawn_B = np.zeros(resamples)
    for nth in range(resamples):
        beat()
        times_R = chance.multinomial(groups, np.full(groups, 1 / groups))[owner_R].cumsum()
        drawn_B[nth] = rising_R[np.searchsorted(times_R, times_R[-1] / 2)]
    return OfPeople(value, _spread(drawn_B.std(ddof=1)), groups)


def gap_between(first: OfPeople, second: OfPeople) -> Gap:
    """Second minus first, of two separate groups of people, with its 95 % interval.

    Returns:
        Values 3 and 5 with errors of 1 and groups of 11 give 2, from -0.95 to 4.95.

    Source:
        B. L. Welch, "The generalization of 'Student's' problem when several different population
        variances are involved", Biometrika 34, 1947; the degrees of freedom as there.
    """
    if first.value is None or second.value is None:
        return Gap(None, None, None)
    difference = second.value - first.value
    if first.error is None or second.error is None:
        return Gap(difference, None, None)
    squares = (first.error**2, second.error**2)
    below = squares[0] ** 2 / (first.groups - 1) + squares[1] ** 2 / (second.groups - 1)
    freedom = sum(squares) ** 2 / below
    reach = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * float(np.sqrt(sum(squares)))
    return Gap(difference, difference - reach, difference + reach)


def _groups(person_R: Ints) -> tuple[Ints, int]:
    people, place_R = np.unique(person_R, return_inverse=True)
    bucket_P = buckets(len(people), at_most=MOST_LEFT_OUT)
    return bucket_P[place_R], int(bucket_P.max(initial=-1)) + 1


def _spread(error: float) -> float | None:
    return float(error) if np.isfinite(error) and error > ROUNDING else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
