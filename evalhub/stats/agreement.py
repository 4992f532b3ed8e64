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
    apart_BVV = _apart(given_BV, values_V, level)
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
    return np.divide(same_B, n_B, out=np.full(len(n_B), np.nan), where=n_B > 0)


def why_undefined(sums_GK: Floats) -> Undefined | None:
    """None: alpha has a value."""
    V = int(np.sqrt(sums_GK.shape[1])) if sums_GK.size else 0
    given_V = sums_GK.sum(axis=0).reshape(V, V).sum(axis=1)
    if not (given_V > 0).any():
        return Undefined.NO_PAIRS
    return Undefined.ONE_VALUE if (given_V > 0).sum() == 1 else None


def fleiss_kappa(counts_UV: Floats) -> tuple[float, int]:
    """Fleiss' kappa over the units that as many people answered as is most common.

    Returns:
        kappa (NaN where it is not defined), and how many units it is over.

    Source:
        J. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76,
        1971; his table of 30 patients and 6 psychiatrists gives .430.
    """
    answers_U = counts_UV.sum(axis=1)
    several_U = answers_U[answers_U > 1].astype(np.int64)
    if not len(several_U):
        return float("nan"), 0
    m = int(np.bincount(several_U).argmax())
    used_UV = counts_UV[answers_U == m]
    same = ((used_UV * (used_UV - 1)).sum(axis=1) / (m * (m - 1))).mean()
    chance = ((used_UV.sum(axis=0) / used_UV.sum()) ** 2).sum()
    if chance >= 1:
        return float("nan"), len(used_UV)
    return float((same - chance) / (1 - chance)), len(used_UV)


@dataclass(frozen=True)
class Pairs:
    """Two raters each: what they gave to the units that both answered. P pairs."""

    first_P: Ints
    second_P: Ints
    tables_PVV: Floats


def pairs_of(answers: Coded, *, at_most: int | None = None) -> Pairs:
    """The confusion table of every two raters who met; the pairs that met most often come first.

    Args:
        at_most: so many pairs, where there are more.
    """
    order = np.lexsort((answers.rater_R, answers.unit_R))
    unit, rater, code = (each[order] for each in (answers.unit_R, answers.rater_R, answers.code_R))
    V = len(answers.values_V)
    keys, cells = [], []
    for step in range(1, int(np.bincount(unit).max(initial=0))):
        together = unit[step:] == unit[:-step]
        if not together.any():
            break
        one, two = rater[:-step][together], rater[step:][together]
        apart = one != two  # an answer given twice by one person is no pair
        keys.append((one * answers.raters + two)[apart])
        cells.append((code[:-step][together] * V + code[step:][together])[apart])
    if not keys:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, np.zeros((0, V, V)))
    found, place, n_P = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    kept = np.argsort(-n_P, kind="stable")[:at_most]
    rank = np.full(len(found), -1)
    rank[kept] = np.arange(len(kept))
    is_kept = rank[place] >= 0
    flat = rank[place][is_kept] * V * V + np.concatenate(cells)[is_kept]
    tables = np.bincount(flat, minlength=len(kept) * V * V).reshape(-1, V, V).astype(float)
    return Pairs(found[kept] // answers.raters, found[kept] % answers.raters, tables)


def kappa(tables_PVV: Floats, weights_VV: Floats) -> tuple[Floats, Floats]:
    """Cohen's kappa of each table, and its standard error.

    Args:
        weights_VV: 1 for the same, less for apart, 0 for as far apart as can be; the unit table is
            plain kappa, `quadratic_weights` the usual one for a scale.

    Returns:
        kappa_P and error_P; NaN where both always gave one and the same value.

    Source:
        J. Cohen, "Weighted kappa", Psychological Bulletin 70, 1968; the error: J. Fleiss, J. Cohen,
        B. Everitt, "Large sample standard errors of kappa and weighted kappa", 1969, formula 13.
    """
    n_P = tables_PVV.sum(axis=(1, 2))
    p_PVV = tables_PVV / np.maximum(n_P, 1)[:, None, None]
    row_PV, column_PV = p_PVV.sum(axis=2), p_PVV.sum(axis=1)
    same_P = (p_PVV * weights_VV).sum(axis=(1, 2))
    chance_P = np.einsum("pi,ij,pj->p", row_PV, weights_VV, column_PV)
    left_P = np.where(chance_P < 1 - 1e-12, 1 - chance_P, np.nan)
    kappa_P = (same_P - chance_P) / left_P
    of_row_PV, of_column_PV = column_PV @ weights_VV.T, row_PV @ weights_VV
    mean_PVV = of_row_PV[:, :, None] + of_column_PV[:, None, :]
    off_PVV = weights_VV - mean_PVV * (1 - kappa_P)[:, None, None]
    spread_P = (p_PVV * off_PVV**2).sum(axis=(1, 2)) - (kappa_P - chance_P * (1 - kappa_P)) ** 2
    return kappa_P, np.sqrt(np.maximum(spread_P, 0) / np.maximum(n_P, 1)) / left_P


def quadratic_weights(values_V: Floats) -> Floats:
    """1 − (difference / widest difference)²."""
    reach = np.ptp(values_V) if len(values_V) > 1 else 1.0
    weights_VV: Floats = 1 - ((values_V[:, None] - values_V[None, :]) / reach) ** 2
    return weights_VV


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
    apart_VV = _apart(given_V[None], answers.values_V, level)[0]
    n = given_V.sum()
    expected = given_V @ apart_VV @ given_V / max(n * (n - 1), 1)
    others_U = counts_UV.sum(axis=1) - 1
    far_UV = counts_UV @ apart_VV  # an answer is no distance from itself
    with np.errstate(divide="ignore", invalid="ignore"):
        of_cell_UV = np.where(others_U > 0, 1.0, np.nan)[:, None] * far_UV / (others_U[:, None])
        of_cell_UV = of_cell_UV / expected if expected > 0 else np.full_like(of_cell_UV, np.nan)
        of_unit_U = (of_cell_UV * counts_UV).sum(axis=1) / (others_U + 1)
    return Disagreement(of_cell_UV[answers.unit_R, answers.code_R], of_unit_U)


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


def _apart(given_BV: Floats, values_V: Floats, level: Level) -> Floats:
    """The squared differences of the level, per table where they depend on what was given."""
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
        total_VV = one_VV + other_VV
        apart_VV = (
            np.divide(one_VV - other_VV, total_VV, out=np.zeros((V, V)), where=total_VV != 0) ** 2
        )
    return np.broadcast_to(apart_VV, (len(given_BV), V, V))


def _one_minus(above_B: Floats, below_B: Floats) -> Floats:
    share_B = np.divide(above_B, below_B, out=np.full(len(below_B), np.nan), where=below_B > 0)
    return 1 - share_B
