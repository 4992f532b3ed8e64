"""One pair at a time, without NumPy: for builds, whose digest must not hang on a machine's rounding."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log1p
from typing import NamedTuple


class Ballot(NamedTuple):
    """What one person said about a pair, in the model of `strengths`."""

    win: float  # 1 for the first, 0 for the second, ½ a tie
    slope: float  # their strength times the spread of the gaps
    aside: float  # logits towards the first for where it stood on the page


_POINTS = [-3.5 + 0.35 * each for each in range(21)]  # of a normal distribution


def chance_first(ballots: Sequence[Ballot]) -> float:
    """P(the first is the better one), as `evalhub.stats.reliability.chances` has it.

    >>> round(chance_first([Ballot(1, 1.5, 0)]), 2), round(chance_first([Ballot(1, 1.5, 0)] * 3), 2)
    (0.73, 0.92)
    >>> chance_first([])
    0.5
    """
    logs = [-point * point / 2 for point in _POINTS]
    for win, slope, aside in ballots:
        for nth, point in enumerate(_POINTS):
            logit = slope * point + aside
            logs[nth] += win * logit - _softplus(logit)
    most = max(logs)
    weights = [exp(each - most) for each in logs]
    middle = len(_POINTS) // 2
    return (sum(weights[middle + 1 :]) + weights[middle] / 2) / sum(weights)


def _softplus(x: float) -> float:
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))
