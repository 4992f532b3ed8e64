"""Intervals for shares of few. By hand: a page that shows one need not load scipy."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Share:
    """How many of how many, and the 95 % interval; without any there is no value."""

    part: int
    n: int
    value: float | None
    low: float | None
    high: float | None


class Interval(NamedTuple):
    low: float
    high: float


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
    share = part / n
    low, high = score_interval(share, n)
    return Share(part, n, share, low, high)


def score_interval(share: float, n: int) -> Interval:
    """Wilson's, of 95 %, about the mean of `n` values from 0 to 1, one or more.

    Of values between 0 and 1, which vary less than yes and no do, it is wider than it need be.
    """
    square = Z * Z
    middle = share + square / (2 * n)
    reach = Z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    below = 1 + square / n
    return Interval(max(0.0, (middle - reach) / below), min(1.0, (middle + reach) / below))
