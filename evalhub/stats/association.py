"""How far two measures of the same things go together. Shapes: R rows, G groups, B resamples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.intervals import LEVEL, POWER, Difference, Estimate, estimate

Floats = NDArray[np.float64]
FEWEST = 5  # groups, before a difference is tested


def rank_correlation(
    groups_R: Sequence[str], first_R: Floats, second_R: Floats, *, beat: Callable[[], object]
) -> Estimate:
    """Spearman's rho with its 95 % interval by drawing whole groups.

    Ranks are those among all rows, ties sharing theirs; a draw counts rows with the ranks that they have.

    Returns:
        1 where the order is the same, -1 where it is the opposite, 0 where one tells nothing of the
        other: ranks 1, 2, 3 beside 1, 3, 2 give 0.5. No value where one side never differs.

    Source:
        C. Spearman, "The Proof and Measurement of Association between Two Things", American Journal of
        Psychology 15(1), 1904, with mid-ranks for ties: M. Kendall, "Rank Correlation Methods", 4th
        edition, 1970, section 3.8.
    """
    if not len(first_R):
        return Estimate(None, None, None, 0)
    x_R, y_R = (stats.rankdata(each_R) - (len(each_R) + 1) / 2 for each_R in (first_R, second_R))
    ones_R = np.ones_like(x_R)
    sums_R6 = np.stack([ones_R, x_R, y_R, x_R * x_R, y_R * y_R, x_R * y_R], axis=1)
    return estimate(groups_R, sums_R6, pearson_of_sums, beat=beat)


def pearson_of_sums(sums_B6: Floats) -> Floats:
    """The correlation from sums of 1, x, y, x², y², xy; NaN where one side never differs.

    >>> pearson_of_sums(np.array([[3.0, 6.0, 6.0, 14.0, 14.0, 13.0]])).round(3)
    array([0.5])
    """
    n_B, x_B, y_B, xx_B, yy_B, xy_B = sums_B6.T
    spread_B = (n_B * xx_B - x_B**2) * (n_B * yy_B - y_B**2)
    found_B: Floats = np.divide(
        n_B * xy_B - x_B * y_B,
        np.sqrt(np.maximum(spread_B, 0.0)),
        out=np.full(len(n_B), np.nan),
        where=spread_B > 1e-9,
    )
    return found_B


def p_of_no_difference(found: Difference) -> float | None:
    """The chance of a difference as large where there is none, two-sided, by Student's t.

    The error is that of the draws, which `smallest` is a multiple of; see `intervals.paired_difference`.

    Returns:
        0.05 for a difference of 1.96 errors of very many groups. None below FEWEST groups, or where no
        draw differs from another and nothing bounds the figure.

    Source:
        A. C. Cameron, D. L. Miller, "A Practitioner's Guide to Cluster-Robust Inference", Journal of
        Human Resources 50(2), 2015, section VI: as many degrees of freedom as groups, less one.
    """
    if found.difference is None or not found.smallest or found.groups < FEWEST:
        return None
    error = found.smallest / float(stats.norm.ppf((1 + LEVEL) / 2) + stats.norm.ppf(POWER))
    return float(2 * stats.t.sf(abs(found.difference) / error, found.groups - 1))
