"""Means of many cells (slices, models, weeks), and how far each is from the rest.

Shapes: R rows, G groups, C cells, B resamples. Rows of a group hang together, so errors are the
jackknife's: how far a mean moves when each group is left out. It is right with few groups, where drawing
them anew was a little too sure (93.9 and 94.5 of 100 over ten and forty people, now 95).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.intervals import LEVEL
from evalhub.stats.proportions import wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1000
FEWEST = 5  # groups on each side, before a difference is tested


@dataclass(frozen=True)
class Means:
    """NaN where a cell has no rows, or too few groups for an interval."""

    value_C: Floats
    low_C: Floats  # of 95 %
    high_C: Floats


@dataclass(frozen=True)
class Gaps(Means):
    p_C: Floats  # two-sided, of no difference; NaN below FEWEST groups on a side or without spread


@lru_cache(
    maxsize=8
)  # many tables of as many groups are drawn from in a row; nobody can write into it
def draws_of(groups: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each of `resamples` draws with replacement has each group, draws_BG."""
    chance = np.random.default_rng(seed)
    draws_BG = chance.multinomial(groups, np.full(groups, 1 / max(groups, 1)), size=resamples)
    drawn_BG: Floats = draws_BG.astype(np.float64)
    drawn_BG.flags.writeable = False
    return drawn_BG


def table_of(
    group_R: Ints, cell_R: Ints, values_R: Floats | None, *, shape: tuple[int, int]
) -> Floats:
    """Sums of the rows (without values: their number) by group and cell, table_GC; a cell of -1 is left out."""
    inside_R = cell_R >= 0
    place_R = group_R[inside_R] * shape[1] + cell_R[inside_R]
    weights = None if values_R is None else values_R[inside_R]
    cells = np.bincount(place_R, weights, minlength=shape[0] * shape[1])
    return cells.reshape(shape).astype(np.float64)


def means(sum_GC: Floats, count_GC: Floats) -> Means:
    """The mean of each cell with its interval: Student's t at one less than the cell's groups.

    Returns:
        A cell of values 0 and 1 in two hundred groups, half of each: 0.5, 0.43 to 0.57.

    Source:
        The jackknife of a ratio: W. G. Cochran, "Sampling Techniques", 3rd edition, 1977, section 6.17.
    """
    left = _left_out(sum_GC, count_GC)
    reach_C = _error(left.moved_GC) * _student(left.groups_C)
    return Means(left.value_C, left.value_C - reach_C, left.value_C + reach_C)


def shares(sum_GC: Floats, count_GC: Floats) -> Means:
    """Means of values from 0 to 1: the same interval of the logit, so that it ends within them. Where all
    are 0, or all 1, nothing moves: there it is Wilson's, of as many as there are groups.

    Source:
        The logit: E. L. Korn, B. I. Graubard, "Analysis of Health Surveys", 1999, section 2.4.
    """
    found = means(sum_GC, count_GC)
    groups_C = _groups(count_GC)
    with np.errstate(divide="ignore", invalid="ignore"):
        logit_C = np.log(found.value_C / (1 - found.value_C))
        reach_C = (found.high_C - found.value_C) / (found.value_C * (1 - found.value_C))
        low_C, high_C = (1 / (1 + np.exp(-logit_C - side * reach_C)) for side in (-1, 1))
    for at in np.flatnonzero((found.value_C == 0) | (found.value_C == 1)):
        share = wilson(int(found.value_C[at] * groups_C[at]), int(groups_C[at]))
        low_C[at], high_C[at] = share.low, share.high
    return Means(found.value_C, low_C, high_C)


def gaps(sum_GC: Floats, count_GC: Floats, other_sum_GC: Floats, other_count_GC: Floats) -> Gaps:
    """The mean of each cell less the mean of another one, with interval and Student's t test.

    A group that is on both sides is left out of both at once. The freedom is that of the side with fewer
    groups.

    Source:
        A. C. Cameron, D. L. Miller, "A Practitioner's Guide to Cluster-Robust Inference", Journal of
        Human Resources 50(2), 2015, section VI.
    """
    one, other = _left_out(sum_GC, count_GC), _left_out(other_sum_GC, other_count_GC)
    value_C = one.value_C - other.value_C
    error_C = _error(one.moved_GC - other.moved_GC)
    groups_C = np.minimum(one.groups_C, other.groups_C)
    reach_C = error_C * _student(groups_C)
    testable_C = (groups_C >= FEWEST) & (error_C > 1e-12)  # what never moves tells nothing
    p_C = np.full(len(value_C), np.nan)
    t_C = np.abs(value_C[testable_C]) / error_C[testable_C]
    p_C[testable_C] = 2 * stats.t.sf(t_C, groups_C[testable_C] - 1)
    return Gaps(value_C, value_C - reach_C, value_C + reach_C, p_C)


def drawn_by_lot(part_C: Ints, n: int, of_all_C: Ints, everything: int) -> Floats:
    """The chance p_C of a share as far off as `part` of `n`, when n are drawn by lot from a whole that has
    `of_all` of `everything`; two-sided, twice the smaller tail.

    Source:
        Fisher's exact test of a hypergeometric count: A. Agresti, "Categorical Data Analysis", 3rd
        edition, 2013, section 3.5.
    """
    below_C = stats.hypergeom.cdf(part_C, everything, of_all_C, n)
    above_C = stats.hypergeom.sf(part_C - 1, everything, of_all_C, n)
    p_C: Floats = np.minimum(1.0, 2 * np.minimum(below_C, above_C))
    return p_C


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return ratio


def _groups(count_GC: Floats) -> Ints:
    groups_C: Ints = (count_GC > 0).sum(axis=0)
    return groups_C


class _LeftOut(NamedTuple):
    value_C: Floats
    groups_C: Ints
    moved_GC: Floats  # when each group is left out, times the root of (G - 1) / G


def _left_out(sum_GC: Floats, count_GC: Floats) -> _LeftOut:
    all_C = count_GC.sum(axis=0)
    value_C, groups_C = _ratio(sum_GC.sum(axis=0), all_C), _groups(count_GC)
    moved_GC = _ratio(np.nan_to_num(value_C) * count_GC - sum_GC, all_C - count_GC)
    return _LeftOut(value_C, groups_C, moved_GC * np.sqrt(1 - 1 / np.maximum(groups_C, 1)))


def _error(moved_GC: Floats) -> Floats:
    error_C: Floats = np.sqrt((moved_GC**2).sum(axis=0))
    return error_C


def _student(groups_C: Ints) -> Floats:
    """How many errors an interval of 95 % reaches; NaN for fewer than two groups."""
    freedom_C = np.where(groups_C > 1, groups_C - 1.0, np.nan)
    reach_C: Floats = stats.t.ppf((1 + LEVEL) / 2, freedom_C)
    return reach_C
