"""When work that comes in by the hour or the day will be done. Shapes: P periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.stats.quantiles import t_quantile

LEVEL = 0.95
FEWEST = 3  # periods, to tell anything


@dataclass(frozen=True)
class Finish:
    """Periods from now until all is done; `high` is None where the pace may come to nothing."""

    expected: float
    low: float
    high: float | None


def expected_finish(counts_P: Sequence[int], remaining: int) -> Finish | None:
    """Tell in how many further periods `remaining` more will have come, with a 95 % interval.

    The counts of T further periods sum to about N(mT, vT + T²v/P): m is the mean count and v its
    variance, never below that of a Poisson count; the second term is that m itself is known from P
    periods only. The ends are the T at which `remaining` leaves the interval of that sum.

    Args:
        counts_P: what came in each of the last periods, empty ones included.

    Returns:
        None for fewer than three periods, or when nothing came. Nothing left: 0, 0 to 0.
        24 periods of 10 and 120 left give 12, about 9.6 to 15.2.

    Source:
        A prediction interval for a future sum: G. Hahn, W. Meeker, "Statistical Intervals", 1991,
        section 4.8, with a variance that may exceed the mean; solved for T as in E. Fieller, "Some
        Problems in Interval Estimation", JRSS B 16, 1954.
    """
    periods = len(counts_P)
    if remaining <= 0:
        return Finish(0.0, 0.0, 0.0)
    if periods < FEWEST or not any(counts_P):
        return None
    mean = float(np.mean(counts_P))
    variance = max(float(np.var(counts_P, ddof=1)), mean)
    reach = t_quantile((1 + LEVEL) / 2, periods - 1) ** 2 * variance
    # (mT - R)² = reach (T + T²/P), a quadratic in T
    square, half = mean**2 - reach / periods, mean * remaining + reach / 2
    root = math.sqrt(max(half**2 - square * remaining**2, 0.0))
    if square <= 0:  # the mean may be nothing at all: only one end is known
        return Finish(remaining / mean, remaining**2 / (half + root), None)
    return Finish(remaining / mean, remaining**2 / (half + root), (half + root) / square)
