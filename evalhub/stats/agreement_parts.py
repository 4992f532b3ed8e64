"""Agreement within parts of the answers, and of every two people. Needs scipy: workers alone import this.

Shapes: S parts (slices, versions), G groups of units, K sums, B resamples, P pairs of people, V values,
M things that both of a pair answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.agreement import Level, distances, ratio_distance
from evalhub.stats.intervals import interval_of_draws
from evalhub.stats.kappas import Pairs
from evalhub.stats.proportions import wilson
from evalhub.stats.ratio import far_by_lot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 10  # things that two people answered, for an interval of theirs


@dataclass(frozen=True)
class Alphas:
    """One for each part or pair, with an interval of 95 %; NaN where it is not defined or not known."""

    value: Floats
    low: Floats
    high: Floats


def alphas_of_parts(
    sums_SGK: Floats, figure: Callable[[Floats], Floats], paired_SG: Floats, draws_BG: Floats
) -> Alphas:
    """Alpha of each part, by drawing the same groups for all of them.

    Args:
        sums_SGK: coincidences or moments of each part and group of units.
        figure: what makes alphas of such sums; see `evalhub.stats.by_level`.
        paired_SG: how many answers stand behind them: those to units of two answers or more.
        draws_BG: see `evalhub.stats.slices.draws_of`.
    """
    value_S = figure(sums_SGK.sum(axis=1))
    groups_S = (paired_SG > 0).sum(axis=1)
    ends_S2 = np.full((len(sums_SGK), 2), np.nan)
    for at, sums_GK in enumerate(sums_SGK):
        if np.isfinite(value_S[at]):
            drawn_B = figure(draws_BG @ sums_GK)
            ends_S2[at] = np.array(interval_of_draws(drawn_B, int(groups_S[at])), dtype=float)
    return Alphas(value_S, ends_S2[:, 0], ends_S2[:, 1])


def low_of_unanimous(groups: int, given_V: Floats | None = None) -> float | None:
    """How low alpha may be where nobody ever disagreed: no draw differs there, which is no certainty.

    One minus how often a group may disagree at most (Wilson's bound, of as many as there are), over how
    often two answers drawn by lot differ; None for fewer than two groups.

    Args:
        given_V: how often each value was given; None: so many values that two by lot always differ.

    >>> round(low_of_unanimous(200, np.array([50.0, 50.0])), 3)
    0.962
    """
    if groups < 2:
        return None
    by_lot = 1.0 if given_V is None else 1 - float(((given_V / given_V.sum()) ** 2).sum())
    sure = wilson(groups, groups).low or 0.0
    return 1 - (1 - sure) / by_lot


def alphas_of_tables(tables_PVV: Floats, values_V: Floats, level: Level) -> Alphas:
    """Krippendorff's alpha of each two people, from what both gave to the same things.

    The interval is Student's with the standard error by the influence of each thing on the ratio of
    disagreements; of the ordinal level the distances between ranks are taken as known.

    Returns:
        NaN where both always gave one and the same value; no interval below FEWEST things.

    Source:
        The influence of a ratio of means: A. Davison, D. Hinkley, "Bootstrap Methods and their
        Application", 1997, section 2.7.2.
    """
    P, V = len(tables_PVV), len(values_V)
    given_PV = tables_PVV.sum(axis=1) + tables_PVV.sum(axis=2)
    apart_PVV = distances(given_PV, values_V, level)
    share_PV = given_PV / np.maximum(given_PV.sum(axis=1, keepdims=True), 1)
    far_PV = np.einsum("pv,pvw->pw", share_PV, apart_PVV)  # from an answer drawn by lot
    pair_M, one_M, two_M = np.nonzero(tables_PVV)
    return _alphas(
        pair_M,
        tables_PVV[pair_M, one_M, two_M],
        apart_PVV[pair_M, one_M, two_M],
        far_PV[pair_M, one_M] + far_PV[pair_M, two_M],
        (share_PV * far_PV).sum(axis=1),
        1 - (share_PV**2).sum(axis=1) if V else np.ones(P),
    )


def alphas_of_numbers(pairs: Pairs, values_V: Floats, level: Level) -> Alphas:
    """The same for numbers of many values, at the interval or the ratio level."""
    P = len(pairs.first_P)
    one_M, two_M = values_V[pairs.one_M], values_V[pairs.two_M]
    if level is Level.RATIO:
        apart_M = ratio_distance(one_M, two_M)
        far_M, by_lot_P = far_by_lot(pairs, values_V)
    else:
        apart_M = (one_M - two_M) ** 2
        far_M, by_lot_P = _squares_by_lot(pairs.pair_M, one_M, two_M, P)
    return _alphas(pairs.pair_M, np.ones(len(apart_M)), apart_M, far_M, by_lot_P, np.ones(P))


def _squares_by_lot(
    pair_M: Ints, one_M: Floats, two_M: Floats, pairs: int
) -> tuple[Floats, Floats]:
    """See `evalhub.stats.ratio.far_by_lot`."""
    n_P = np.maximum(2 * np.bincount(pair_M, minlength=pairs), 1)
    mean_P = np.bincount(pair_M, one_M + two_M, minlength=pairs) / n_P
    off_M, other_M = one_M - mean_P[pair_M], two_M - mean_P[pair_M]
    spread_P = np.bincount(pair_M, off_M**2 + other_M**2, minlength=pairs) / n_P
    return off_M**2 + other_M**2 + 2 * spread_P[pair_M], 2 * spread_P


def _alphas(
    pair_M: Ints,
    times_M: Floats,
    apart_M: Floats,
    far_M: Floats,
    by_lot_P: Floats,
    differ_P: Floats,
) -> Alphas:
    """From how far apart two answers are, and both together from answers by lot."""
    P = len(by_lot_P)
    n_P = np.bincount(pair_M, times_M, minlength=P)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart_P = np.bincount(pair_M, times_M * apart_M, minlength=P) / n_P
        ratio_P = np.where(by_lot_P > 0, apart_P / by_lot_P, np.nan)
        value_P = 1 - ratio_P * (2 * n_P - 1) / (2 * n_P)
        pull_M = (apart_M - ratio_P[pair_M] * (far_M - by_lot_P[pair_M])) / by_lot_P[pair_M]
        spread_P = np.bincount(pair_M, times_M * pull_M**2, minlength=P) / n_P
        error_P = np.sqrt(spread_P / (n_P - 1))
    wide_P = stats.t.ppf(0.975, np.maximum(n_P - 1, 1)) * np.where(n_P >= FEWEST, error_P, np.nan)
    low_P, high_P = value_P - wide_P, np.minimum(value_P + wide_P, 1)
    for at in np.flatnonzero((apart_P == 0) & np.isfinite(wide_P)):
        low_P[at] = 1 - (1 - (wilson(int(n_P[at]), int(n_P[at])).low or 0.0)) / differ_P[at]
    return Alphas(value_P, low_P, high_P)
