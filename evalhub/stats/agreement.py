"""How much people say the same. Shapes: R answers, U units, A raters, V values, G groups, B resamples.

A unit is what several people answer the same question about. Krippendorff's alpha leaves out nothing
but the units with one answer, takes any number of raters and any gaps, and knows what it means to be
nearly the same: by the level of measurement of the scale. Every figure is a function of coincidences
(which values met in one unit), and those add up over units; so a resample is one product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's own marks: rely on it, tentative conclusions


class Level(StrEnum):
    """What a difference between two values means."""

    NOMINAL = "nominal"  # other or not
    ORDINAL = "ordinal"  # how many answers lie between
    INTERVAL = "interval"  # how far apart
    RATIO = "ratio"  # how far apart for their size; values of 0 and above


class Undefined(StrEnum):
    """Why an alpha has no value."""

    NO_PAIRS = "no_pairs"  # nothing was answered by two people
    ONE_VALUE = "one_value"  # all gave the same value everywhere: nothing to tell apart
    TOO_CLOSE = "too_close"  # they differ, but by no more than rounding: almost all gave one of many numbers


@dataclass(frozen=True)
class Coded:
    """Answers to one question: which unit, who, and which of the values, all as places from 0.

    `values_V` are in rising order; what a nominal value is called is the caller's.
    """

    unit_R: Ints
    rater_R: Ints
    code_R: Ints
    values_V: Floats
    units: int
    raters: int

    def counts(self) -> Floats:
        """counts_UV: how many gave each value to each unit."""
        V = len(self.values_V)
        cells = self.unit_R * V + self.code_R
        return np.bincount(cells, minlength=self.units * V).reshape(self.units, V).astype(float)


def coded(unit_R: NDArray[np.generic], rater_R: NDArray[np.generic], value_R: Floats) -> Coded:
    """Number the units, raters and values; NaN, "could not tell", is left out."""
    given = ~np.isnan(value_R)
    units, unit = np.unique(unit_R[given], return_inverse=True)
    raters, rater = np.unique(rater_R[given], return_inverse=True)
    values, code = np.unique(value_R[given], return_inverse=True)
    return Coded(unit, rater, code, values, len(units), len(raters))


def coincidences(counts_UV: Floats, group_U: Ints | None = None) -> Floats:
    """How often each two values met, per group of units.

    Each unit of m answers counts m times: its m (m - 1) ordered pairs weigh 1 / (m - 1) each. A unit
    with one answer counts nothing.

    Args:
        group_U: the group of each unit as a place from 0; None: all are one group.

    Returns:
        sums_GK with K = V * V, row by row of the symmetric table.

    Source:
        K. Krippendorff, "Content Analysis", 2nd edition, 2004, section 11.3.
    """
    groups = np.zeros(len(counts_UV), dtype=np.int64) if group_U is None else group_U
    G, V = int(groups.max()) + 1 if len(groups) else 0, counts_UV.shape[1]
    answers_U = counts_UV.sum(axis=1)
    weight_U = np.divide(1.0, answers_U - 1, out=np.zeros(len(answers_U)), where=answers_U > 1)
    sums_GVV = np.zeros((G, V, V))
    for c in range(V):
        for k in range(c, V):
            met_U = counts_UV[:, c] * (counts_UV[:, k] - (c == k)) * weight_U
            sums_GVV[:, c, k] = sums_GVV[:, k, c] = np.bincount(groups, met_U, minlength=G)
    return sums_GVV.reshape(G, V * V)


def alpha(sums_BK: Floats, *, values_V: Floats, level: Level) -> Floats:
    """Krippendorff's alpha: 1 is full agreement, 0 what chance gives, below 0 worse than chance.

    Args:
        sums_BK: coincidences, one table a line.
        values_V: what the values are worth; nominal and ordinal use only their order.

    Returns:
        alpha_B; NaN where no two values met, or only one value was given.

    Source:
        K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, sections C and D; his
        table of 4 raters and 12 units gives .743 nominal, .815 ordinal, .849 interval, .797 ratio.
    """
    V = len(values_V)
    met_BVV = sums_BK.reshape(-1, V, V)
    given_BV = met_BVV.sum(axis=2)
    apart_BVV = distances(given_BV, values_V, level)
    n_B = given_BV.sum(axis=1)
    observed_B = (met_BVV * apart_BVV).sum(axis=(1, 2))
    expected_B = np.einsum("bi,bij,bj->b", given_BV, apart_BVV, given_BV)
    return _one_minus(observed_B * (n_B - 1), expected_B)


def interval_alpha(sums_B4: Floats) -> Floats:
    """The same at the interval level from `moments`, for numbers of any kind and many values."""
    observed_B, n_B, sum_B, squares_B = sums_B4.T
    return _one_minus(observed_B * (n_B - 1), n_B * squares_B - sum_B**2)


def moments(unit_R: Ints, value_R: Floats, units: int, group_U: Ints | None = None) -> Floats:
    """What `interval_alpha` needs, per group: half the squared differences, n, sum, sum of squares."""
    groups = np.zeros(units, dtype=np.int64) if group_U is None else group_U
    n_U = np.bincount(unit_R, minlength=units).astype(float)
    sum_U = np.bincount(unit_R, value_R, minlength=units)
    squares_U = np.bincount(unit_R, value_R**2, minlength=units)
    within_U = np.divide(n_U * squares_U - sum_U**2, n_U - 1, out=np.zeros(units), where=n_U > 1)
    paired_U = n_U > 1
    G = int(groups.max()) + 1 if units else 0
    columns = (within_U, n_U * paired_U, sum_U * paired_U, squares_U * paired_U)
    return np.stack([np.bincount(groups, column, minlength=G) for column in columns], axis=1)


def alpha_of(values_V: Floats, level: Level) -> Callable[[Floats], Floats]:
    """`alpha` as a figure of sums, for `intervals.estimate_of_sums`."""
    return partial(alpha, values_V=values_V, level=level)


def percent(sums_BK: Floats) -> Floats:
    """The share of pairs of answers that are the same, 0 to 1; nothing is taken off for chance."""
    V = int(np.sqrt(sums_BK.shape[1]))
    met_BVV = sums_BK.reshape(-1, V, V)
    same_B = np.einsum("bii->b", met_BVV)
    n_B = met_BVV.sum(axis=(1, 2))
    share_B: Floats = np.divide(same_B, n_B, out=np.full(len(n_B), np.nan), where=n_B > 0)
    return share_B


def why_undefined(answers: Coded) -> Undefined:
    """Why alpha has no value, where it has none."""
    met_R = np.bincount(answers.unit_R, minlength=answers.units)[answers.unit_R] > 1
    kinds = len(np.unique(answers.code_R[met_R]))
    return (Undefined.NO_PAIRS, Undefined.ONE_VALUE)[kinds] if kinds < 2 else Undefined.TOO_CLOSE


@dataclass(frozen=True)
class Disagreement:
    """How far each answer is from the others on its unit, as a share of what chance would give."""

    of_answer_R: Floats  # NaN where nobody else answered
    of_unit_U: Floats  # the mean over its answers; NaN likewise


def disagreement(answers: Coded, level: Level) -> Disagreement:
    """0: the same as all others; 1: as far from them as two answers drawn by lot.

    One minus the mean over all answers in units of two or more is alpha. So one minus the mean over a
    person's answers is their own alpha, and the largest units are why alpha is no higher.
    """
    counts_UV = answers.counts()
    V = len(answers.values_V)
    met_VV = coincidences(counts_UV).sum(axis=0).reshape(V, V)
    given_V = met_VV.sum(axis=1)
    apart_VV = distances(given_V[None], answers.values_V, level)[0]
    n = given_V.sum()
    expected = given_V @ apart_VV @ given_V / max(n * (n - 1), 1)
    others_U = counts_UV.sum(axis=1) - 1
    far_UV = counts_UV @ apart_VV  # an answer is no distance from itself
    with np.errstate(divide="ignore", invalid="ignore"):
        of_cell_UV = np.where(others_U > 0, 1.0, np.nan)[:, None] * far_UV / (others_U[:, None])
        of_cell_UV = of_cell_UV / expected if expected > 0 else np.full_like(of_cell_UV, np.nan)
        of_unit_U = (of_cell_UV * counts_UV).sum(axis=1) / (others_U + 1)
    return Disagreement(of_cell_UV[answers.unit_R, answers.code_R], of_unit_U)


def interval_disagreement(answers: Coded) -> Disagreement:
    """The same at the interval level, for numbers of any kind and many values."""
    unit_R, value_R = answers.unit_R, answers.values_V[answers.code_R]
    n_U = np.bincount(unit_R, minlength=answers.units).astype(float)
    sum_U = np.bincount(unit_R, value_R, minlength=answers.units)
    squares_U = np.bincount(unit_R, value_R**2, minlength=answers.units)
    _, n, total, squares = moments(unit_R, value_R, answers.units).sum(axis=0)
    expected = 2 * (n * squares - total**2) / max(n * (n - 1), 1)
    others_R = n_U[unit_R] - 1
    apart_R = others_R * value_R**2 - 2 * value_R * (sum_U[unit_R] - value_R)
    apart_R = apart_R + squares_U[unit_R] - value_R**2
    of_answer_R = np.divide(
        apart_R,
        others_R * expected,
        out=np.full(len(value_R), np.nan),
        where=(others_R > 0) & (expected > 0),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        of_unit_U = np.bincount(unit_R, of_answer_R, minlength=answers.units) / n_U
    return Disagreement(of_answer_R, of_unit_U)


def verdict(low: float | None, high: float | None) -> str:
    """What an interval of alpha allows to say: `reliable`, `tentative`, `too_low`, or `unsure`.

    By the interval, not the point: `unsure` when it crosses the lower mark.

    Source:
        K. Krippendorff, "Content Analysis", 2nd edition, 2004, section 11.4.2.
    """
    if low is None or high is None:
        return "unsure"
    if low >= RELIABLE:
        return "reliable"
    if low >= TENTATIVE:
        return "tentative"
    return "too_low" if high < TENTATIVE else "unsure"


def distances(given_BV: Floats, values_V: Floats, level: Level) -> Floats:
    """The squared differences of the level, per table where they depend on what was given.

    Returns:
        apart_BVV; ordinal ones depend on given_BV, how often each value was given.
    """
    V = len(values_V)
    if level is Level.ORDINAL:
        middle_BV = np.cumsum(given_BV, axis=1) - given_BV / 2
        return (middle_BV[:, :, None] - middle_BV[:, None, :]) ** 2
    one_VV, other_VV = values_V[:, None], values_V[None, :]
    if level is Level.NOMINAL:
        apart_VV = 1.0 - np.eye(V)
    elif level is Level.INTERVAL:
        apart_VV = (one_VV - other_VV) ** 2
    else:
        apart_VV = ratio_distance(one_VV, other_VV)
    return np.broadcast_to(apart_VV, (len(given_BV), V, V))


def ratio_distance(one: Floats, two: Floats) -> Floats:
    """((a - b) / (a + b))², 0 where both are 0."""
    total: Floats = one + two
    gap: Floats = np.divide(one - two, total, out=np.zeros_like(total), where=total != 0)
    return gap**2


def _one_minus(above_B: Floats, below_B: Floats) -> Floats:
    share_B: Floats = np.divide(
        above_B, below_B, out=np.full(len(below_B), np.nan), where=below_B > 0
    )
    return 1 - share_B
