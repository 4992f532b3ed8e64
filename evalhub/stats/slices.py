"""Means of many cells (slices, models, weeks), how far each is from the rest, and many tests at once.

Shapes: R rows, G groups, C cells, B resamples, T tests. A table of draws says how often each resample has
each group; all cells see the same draws, so differences of cells are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.intervals import interval_of_draws
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


def means(sum_GC: Floats, count_GC: Floats, draws_BG: Floats) -> Means:
    """The mean of each cell with its interval by drawing whole groups; see `evalhub.stats.intervals`.

    Returns:
        A cell of values 0 and 1 in two hundred groups, half of each: 0.5, about 0.43 to 0.57.
    """
    value_C = _ratio(sum_GC.sum(axis=0), count_GC.sum(axis=0))
    drawn_BC = _ratio(draws_BG @ sum_GC, draws_BG @ count_GC)
    low_C, high_C = _ends(drawn_BC, _groups(count_GC))
    return Means(value_C, low_C, high_C)


def shares(sum_GC: Floats, count_GC: Floats, draws_BG: Floats) -> Means:
    """Means of values from 0 to 1. Where all are 0, or all 1, no draw differs: there the interval is
    Wilson's, of as many as there are groups.
    """
    found = means(sum_GC, count_GC, draws_BG)
    low_C, high_C = found.low_C.copy(), found.high_C.copy()
    groups_C = _groups(count_GC)
    for at in np.flatnonzero((found.value_C == 0) | (found.value_C == 1)):
        share = wilson(int(found.value_C[at] * groups_C[at]), int(groups_C[at]))
        low_C[at], high_C[at] = share.low, share.high
    return Means(found.value_C, low_C, high_C)


def gaps(
    sum_GC: Floats, count_GC: Floats, other_sum_GC: Floats, other_count_GC: Floats, draws_BG: Floats
) -> Gaps:
    """The mean of each cell less the mean of another one, with interval and Student's t test.

    The test's error is the spread of the draws, widened by the root of G / (G - 1) as one draws from G
    groups what stands for all; its freedom is that of the side with fewer groups.

    Source:
        Drawing clusters: A. Davison, D. Hinkley, "Bootstrap Methods and their Application", 1997,
        section 3.8; t with the clusters' freedom: A. C. Cameron, D. L. Miller, "A Practitioner's Guide to
        Cluster-Robust Inference", Journal of Human Resources 50(2), 2015, section VI.
    """
    value_C = _ratio(sum_GC.sum(axis=0), count_GC.sum(axis=0)) - _ratio(
        other_sum_GC.sum(axis=0), other_count_GC.sum(axis=0)
    )
    drawn_BC = _ratio(draws_BG @ sum_GC, draws_BG @ count_GC) - _ratio(
        draws_BG @ other_sum_GC, draws_BG @ other_count_GC
    )
    groups_C = np.minimum(_groups(count_GC), _groups(other_count_GC))
    low_C, high_C = _ends(drawn_BC, groups_C)
    freedom_C = np.maximum(groups_C - 1, 1)
    drawn = np.ma.masked_invalid(drawn_BC)
    error_C = drawn.std(axis=0).filled(np.nan) * np.sqrt(1 + 1 / freedom_C)
    testable_C = (groups_C >= FEWEST) & (error_C > 1e-12)  # draws that never differ tell nothing
    p_C = np.full(len(value_C), np.nan)
    t_C = np.abs(value_C[testable_C]) / error_C[testable_C]
    p_C[testable_C] = 2 * stats.t.sf(t_C, freedom_C[testable_C])
    return Gaps(value_C, low_C, high_C, p_C)


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


def _ends(drawn_BC: Floats, groups_C: Ints) -> tuple[Floats, Floats]:
    ends = [
        interval_of_draws(drawn_B, int(groups))
        for drawn_B, groups in zip(drawn_BC.T, groups_C, strict=True)
    ]
    both_C2 = np.array(ends, dtype=np.float64).reshape(-1, 2)
    return both_C2[:, 0], both_C2[:, 1]
