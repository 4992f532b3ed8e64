"""What a judgment is worth: how many decisions are likelier to come out right for it.

What people prefer is believed to follow a linear score of features; a decision is which side of one
difference of features people prefer: of two answers, or of two models. Shapes: J judgments, C
candidates that may be asked about, D decisions, K features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, owens_t

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

_ROUNDS = 50
_AT_ONCE = 2_000_000  # candidates times decisions, for a bound on memory
_FRESH = 64  # candidates that are valued anew together
NEAR = 1e-12
MULTIPLES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Belief:
    """A normal one about the features' weights, in logits."""

    mean_K: Floats
    spread_KK: Floats


def believe(seen_JK: Floats, preferred_J: Floats, *, precision_K: Floats) -> Belief:
    """What the judgments so far say, by Laplace's approximation of a logistic regression.

    How strongly features can weigh at all is taken from the judgments: of a few multiples of `precision_K` the
    one under which they are likeliest.

    Args:
        seen_JK: features of the first less those of the second.
        preferred_J: 1 where the first was preferred, 0 where the second, one half for a tie.
        precision_K: one over the variance of a weight before anything is known.

    Returns:
        Without judgments mean 0 and variance 1 / precision.

    Source:
        D. MacKay, "The evidence framework applied to classification networks", 1992.
    """
    multiples = MULTIPLES if len(seen_JK) else (1.0,)
    found = [_fit(seen_JK, preferred_J, precision_K * each) for each in multiples]
    return max(found, key=lambda each: each[0])[1]


def _fit(seen_JK: Floats, preferred_J: Floats, precision_K: Floats) -> tuple[float, Belief]:
    """The belief, and the logarithm of how likely the judgments are under such weights, less a constant."""
    guess_K = np.zeros(len(precision_K))
    for _ in range(_ROUNDS):
        share_J = expit(seen_JK @ guess_K)
        pull_K = seen_JK.T @ (preferred_J - share_J) - precision_K * guess_K
        step_K = np.linalg.solve(_curve(seen_JK, share_J, precision_K), pull_K)
        guess_K = guess_K + np.clip(step_K, -2, 2)
        if np.abs(step_K).max(initial=0.0) < 1e-6:
            break
    logit_J = seen_JK @ guess_K
    curve_KK = _curve(seen_JK, expit(logit_J), precision_K)
    likely = float(preferred_J @ logit_J - np.logaddexp(0, logit_J).sum())
    prior = float(np.log(precision_K).sum() - precision_K @ guess_K**2)
    evidence = likely + (prior - np.linalg.slogdet(curve_KK)[1]) / 2
    return evidence, Belief(guess_K, np.linalg.inv(curve_KK).astype(np.float64))


def chance_wrong(decisions_DK: Floats, belief: Belief) -> Floats:
    """How likely the side that is believed the better one is the worse, of each decision; 0.5 at most."""
    mean_D, spread_D = decisions_DK @ belief.mean_K, _spread(decisions_DK, belief.spread_KK)
    return np.where(spread_D > NEAR, ndtr(-np.abs(mean_D) / np.sqrt(spread_D + NEAR)), 0.0)


def value_of(
    candidates_CK: Floats, decisions_DK: Floats, weight_D: Floats, belief: Belief
) -> Floats:
    """By how much one judgment of each candidate is expected to lower the weighed chances of being wrong.

    The judgment will move a decision's mean m, of standard deviation s, by a normal step of deviation
    r s; the decision is wrong when truth and the new mean lie on different sides of 0, whose chance is
    2 T(m / s, sqrt(1 / r^2 - 1)) with Owen's T.

    Returns:
        Of one candidate that settles the only decision, at even odds: 0.5. Never below 0.

    Source:
        P. Frazier, W. Powell, S. Dayanik, "A knowledge-gradient policy for sequential information
        collection", 2008 (the worth of one look); D. Owen, "Tables for computing bivariate normal
        probabilities", 1956.
    """
    mean_D, spread_D = decisions_DK @ belief.mean_K, _spread(decisions_DK, belief.spread_KK)
    open_D = (spread_D > NEAR) & (weight_D > 0)
    decisions_DK, weight_D = decisions_DK[open_D], weight_D[open_D]
    standing_D = np.abs(mean_D[open_D]) / np.sqrt(spread_D[open_D])
    now = float(ndtr(-standing_D) @ weight_D)
    found_C = np.zeros(len(candidates_CK))
    step = max(1, _AT_ONCE // max(1, len(decisions_DK)))
    for first in range(0, len(candidates_CK), step):
        part_CK = candidates_CK[first : first + step]
        known_CK = part_CK @ belief.spread_KK
        told_C = _told(part_CK, belief)
        moved_CD = (known_CK @ decisions_DK.T) ** 2 * told_C[:, None] / spread_D[open_D]
        share_CD = np.clip(moved_CD, NEAR, 1.0)
        wrong_CD = 2 * owens_t(standing_D, np.sqrt(1 / share_CD - 1))
        found_C[first : first + step] = now - wrong_CD @ weight_D
    return np.maximum(found_C, 0.0)


def in_order(
    candidates_CK: Floats,
    decisions_DK: Floats,
    weight_D: Floats,
    belief: Belief,
    *,
    most: int,
    beat: Beat = lambda: None,
) -> tuple[Ints, Floats]:
    """The candidates, those worth most first, each valued as if those before it had been judged.

    So two that would tell the same are not both at the front. Beyond the first `most` by what they
    were worth at the start.

    Returns:
        places of the candidates, and what each was worth when its turn came.
    """
    worth_C = value_of(candidates_CK, decisions_DK, weight_D, belief)
    first_C = worth_C.copy()
    taken: list[int] = []
    for _ in range(min(most, len(candidates_CK))):
        beat()
        pick = _worth_most(candidates_CK, decisions_DK, weight_D, belief, worth_C)
        first_C[pick] = worth_C[pick]
        worth_C[pick] = -1.0  # it is taken
        taken.append(pick)
        belief = _after(candidates_CK[pick], belief)
    rest = np.setdiff1d(np.argsort(-first_C, kind="stable"), taken, assume_unique=True)
    rest = rest[np.argsort(-first_C[rest], kind="stable")]
    order = np.concatenate([np.array(taken, dtype=np.int64), rest])
    return order, first_C[order]


def _worth_most(
    candidates_CK: Floats, decisions_DK: Floats, weight_D: Floats, belief: Belief, worth_C: Floats
) -> int:
    """A value that was found earlier is taken for the most that a candidate can be worth now."""
    fresh = set[int]()
    while True:
        top = np.argsort(-worth_C, kind="stable")[: len(fresh) + _FRESH]
        if int(top[0]) in fresh:
            return int(top[0])
        stale = np.array([at for at in top if int(at) not in fresh and worth_C[at] >= 0])[:_FRESH]
        worth_C[stale] = value_of(candidates_CK[stale], decisions_DK, weight_D, belief)
        fresh.update(stale.tolist())


def _after(candidate_K: Floats, belief: Belief) -> Belief:
    """As surely as after its judgment, whatever that will say."""
    known_K = belief.spread_KK @ candidate_K
    told = float(_told(candidate_K[None], belief)[0])
    return Belief(belief.mean_K, belief.spread_KK - told * np.outer(known_K, known_K))


def _told(candidates_CK: Floats, belief: Belief) -> Floats:
    """What a judgment takes off the variance of a difference, over the square of its covariance with it."""
    mean_C, spread_C = candidates_CK @ belief.mean_K, _spread(candidates_CK, belief.spread_KK)
    even_C = expit(mean_C / np.sqrt(1 + np.pi / 8 * spread_C))
    weight_C = even_C * (1 - even_C)
    told_C: Floats = weight_C / (1 + weight_C * spread_C)
    return told_C


def _spread(rows_RK: Floats, spread_KK: Floats) -> Floats:
    found_R: Floats = np.einsum("rk,rk->r", rows_RK @ spread_KK, rows_RK)
    return found_R


def _curve(seen_JK: Floats, share_J: Floats, precision_K: Floats) -> Floats:
    weighed_JK = seen_JK * (share_J * (1 - share_J))[:, None]
    curve_KK: Floats = weighed_JK.T @ seen_JK + np.diag(precision_K)
    return curve_KK
