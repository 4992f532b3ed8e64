"""Deciding while votes come in, looked at as often as one likes. Shapes: T trials, V values, P bets.

A value lies in 0 to 1: of one prompt, the share of its votes for the candidate, a tie as half. Against
"the mean is at most m" we play a fair game: before each value a part of the stake is put on "higher".
If the mean is m or less nobody wins at it in the long run, so what a stake of 1 has grown to, the
e-value, is evidence: it ever reaches 1 / alpha with a chance of at most alpha (Ville's inequality).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Side = Literal["higher", "lower"]
Call = Literal["better", "worse", "no_difference", "open"]

BETS = 48  # means that a stake is spread over
NEAR = 1e-9  # to 0 or 1, where nobody can bet any more


@dataclass(frozen=True)
class Look:
    """What the values to date say; `low` and `high` as of `bounds_at_any_look`.

    `better`, `worse` and `too_small` are natural logarithms of e-values: that the mean is above one
    half, below it, and below one half plus the margin.
    """

    n: int
    mean: float | None
    low: float
    high: float
    better: float
    worse: float
    too_small: float
    call: Call


def log_e_values(values_TV: Floats, *, against: float, side: Side) -> Floats:
    """How much a stake of 1 has become after each value, betting against a mean.

    The stake is spread evenly over means p beyond `against`; the part on p is multiplied by
    p/m x + (1-p)/(1-m) (1-x) at a value x, which is the likelihood ratio of p to m for x of 0 or 1
    and a straight line between. So for wins and losses it is Robbins' mixture by a (truncated) beta
    prior; in between its mean is at most 1 whatever the distribution, and a tie at m = 1/2 leaves
    all parts as they are.

    What is guaranteed: if, given all values before, the mean of each is at most `against` (at least,
    for "lower"), then in all time the e-value reaches 1 / alpha in at most a share alpha of trials.
    That needs one value for each independent unit. Votes on one prompt depend on each other, so a
    prompt is one value, its mean vote, and counts once it has all its votes: a mean that is looked at
    half-way and may still move is not a bet. Which prompt comes next must not hang on how it will be
    voted on, and a value once counted stays.

    Args:
        values_TV: each row one trial, in the order in which the values came; 0 to 1.
        against: m, strictly between 0 and 1.

    Returns:
        log_e_TV in nats. Ten wins in a row against 1/2 give an e-value of 186, within 1 %.

    Source:
        I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting",
        JRSS B 86(1), 2024, sections 3 and 4; H. Robbins, "Statistical methods related to the law of
        the iterated logarithm", Annals of Mathematical Statistics 41(5), 1970, for the mixture;
        A. Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", Statistical
        Science 38(4), 2023, for e-values and Ville's inequality.
    """
    return _log_wealth(values_TV, bets(against, side), against)


def bounds_at_any_look(values_V: Floats, *, alpha: float) -> tuple[float, float]:
    """Means that a bet against them has not refuted: bounds that hold at all looks together.

    Args:
        alpha: chance that the lower bound is ever above the mean; the same for the upper one.

    Returns:
        low, high; without values 0 and 1. After 60 wins of 100, at 0.05, 0.45 and 0.74. The lower
        one is above m just where the bet on "higher" against m has reached 1 / alpha.

    Source:
        Waudby-Smith and Ramdas (2024), section 4. What each part of the stake is multiplied by
        falls with the mean that is bet against ("higher") or rises ("lower"), so what is refuted
        ends at one bound.
    """
    if not len(values_V):
        return 0.0, 1.0
    known_U, times_U = np.unique(values_V, return_counts=True)

    def refuted(mean: float, side: Side) -> bool:
        log_P = times_U @ _log_factors(known_U, bets(mean, side), mean)
        return bool(log_mean(log_P[None, :])[0] >= -np.log(alpha))

    middle = float(np.clip(values_V.mean(), NEAR, 1 - NEAR))
    low = _edge(middle, NEAR, lambda mean: refuted(mean, "higher"))
    return low, _edge(middle, 1 - NEAR, lambda mean: refuted(mean, "lower"))


def look(values_V: Floats, *, alpha: float, margin: float) -> Look:
    """Decide as far as the values allow; ask again after each.

    Args:
        alpha: chance of "better" when the mean is one half or less, whenever one stops; likewise of
            "worse" when it is one half or more, and of "no difference" when it is 1/2 + margin.
        margin: the least win probability beyond one half that is worth having.

    Returns:
        `call` is "better" once the mean is surely above one half, "worse" once surely below, and
        "no_difference" once surely below one half plus the margin; else "open".
    """
    row_TV = np.asarray(values_V, dtype=np.float64)[None, :]
    if not row_TV.size:
        return Look(0, None, 0.0, 1.0, 0.0, 0.0, 0.0, "open")
    better = float(log_e_values(row_TV, against=0.5, side="higher")[0, -1])
    worse = float(log_e_values(row_TV, against=0.5, side="lower")[0, -1])
    too_small = float(log_e_values(row_TV, against=0.5 + margin, side="lower")[0, -1])
    low, high = bounds_at_any_look(row_TV[0], alpha=alpha)
    call = _call(better, worse, too_small, limit=-float(np.log(alpha)))
    mean = float(row_TV.mean())
    return Look(row_TV.size, mean, low, high, better, worse, too_small, call)


def _call(better: float, worse: float, too_small: float, *, limit: float) -> Call:
    if better >= limit:
        return "better"
    if worse >= limit:
        return "worse"
    return "no_difference" if too_small >= limit else "open"


def bets(against: float, side: Side) -> Floats:
    """The means beyond `against` that the stake is spread over, evenly."""
    spread_P: Floats = (np.arange(BETS) + 0.5) / BETS
    return against + (1 - against) * spread_P if side == "higher" else against * spread_P


def _log_wealth(values_TV: Floats, p_P: Floats, mean: float) -> Floats:
    known_U, place_TV = np.unique(values_TV, return_inverse=True)
    place_TV = place_TV.reshape(values_TV.shape)
    log_UP = _log_factors(known_U, p_P, mean)
    log_TP = np.zeros((len(values_TV), len(p_P)))
    log_e_TV = np.empty(values_TV.shape)
    for each in range(values_TV.shape[1]):
        log_TP += log_UP[place_TV[:, each]]
        log_e_TV[:, each] = log_mean(log_TP)
    return log_e_TV


def _log_factors(known_U: Floats, p_P: Floats, mean: float) -> Floats:
    """What a value multiplies the part of the stake on each p by; in nats."""
    up_P, down_P = p_P / mean, (1 - p_P) / (1 - mean)
    log_UP: Floats = np.log(np.outer(known_U, up_P) + np.outer(1 - known_U, down_P))
    return log_UP


def log_mean(log_TP: Floats) -> Floats:
    """Of what the stake's parts have become, in nats, the logarithm of their mean."""
    top_T = log_TP.max(axis=1)
    mean_T: Floats = top_T + np.log(np.exp(log_TP - top_T[:, None]).mean(axis=1))
    return mean_T


def _edge(inside: float, outside: float, refuted: Callable[[float], bool]) -> float:
    """The last mean from `inside` outwards that is not refuted, to nine digits."""
    for _ in range(32):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if refuted(middle) else (middle, outside)
    return inside
