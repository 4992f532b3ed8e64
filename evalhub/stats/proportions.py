"""Intervals for shares of few. By hand: a page that shows one need not load scipy."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Share:
    """How many of how many, and the 95 % interval; without any there is no value."""

    part: int
    n: int
    value: float | None
    low: float | None
    high: float | None


def wilson(part: int, n: int) -> Share:
    """The share of `part` in `n` with its score interval.

    Returns:
        8 of 10 give 0.80, 0.49 to 0.94; 0 of 0 gives no value.

    Source:
        E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
        Journal of the American Statistical Association 22(158), 1927.

    >>> share = wilson(8, 10)
    >>> share.value, round(share.low, 2), round(share.high, 2)
    (0.8, 0.49, 0.94)
    """
    if not n:
        return Share(part, n, None, None, None)
    share, square = part / n, Z * Z
    middle = share + square / (2 * n)
    reach = Z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    below = 1 + square / n
    low, high = (middle - reach) / below, (middle + reach) / below
    return Share(part, n, share, max(0.0, low), min(1.0, high))
