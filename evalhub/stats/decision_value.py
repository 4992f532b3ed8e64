"""What a judgment is worth: how many decisions are likelier to come out right for it.

What people prefer, or how they rate, is believed to follow a linear score of features; a decision is on which
side of 0 one such score lies: the difference of two answers, or of two models, or what an answer has above a
threshold. Shapes: C candidates that may be asked about, R scores that a judgment tells of, D decisions,
K features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, owens_t

from evalhub.stats.believing import Belief, Floats, Ints

Beat = Callable[[], object]

_AT_ONCE = 2_000_000  # candidates times scores times decisions, for a bound on memory
_FRESH = 64  # candidates that are valued anew together
NEAR = 1e-12
GONE = -1.0  # worth of a candidate that is not to be had any more


@dataclass(frozen=True)
class Looks:
    """What a judgment of each candidate tells of: a comparison one difference, a ranking several.

    weight_CR: for how many judgments each score counts; 0 fills up where there are fewer than R.
    """

    rows_CRK: Floats
    weight_CR: Floats

    def __len__(self) -> int:
        return len(self.rows_CRK)

    def of(self, wanted_C: Ints | slice) -> Looks:
        return Looks(self.rows_CRK[wanted_C], self.weight_CR[wanted_C])


def one_each(rows_CK: Floats) -> Looks:
    """Of candidates whose judgment tells of one score."""
    return Looks(rows_CK[:, None, :], np.ones((len(rows_CK), 1)))


def chance_wrong(decisions_DK: Floats, belief: Belief) -> Floats:
    """How likely the side that is believed the better one is the worse, of each decision; 0.5 at most."""
    mean_D, spread_D = decisions_DK @ belief.mean_K, _spread(decisions_DK, belief.spread_KK)
    return np.where(spread_D > NEAR, ndtr(-np.abs(mean_D) / np.sqrt(spread_D + NEAR)), 0.0)


def value_of(looks: Looks, decisions_DK: Floats, weight_D: Floats, belief: Belief) -> Floats:
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
    found_C = np.zeros(len(looks))
    step = max(1, _AT_ONCE // max(1, looks.weight_CR.shape[1] * len(decisions_DK)))
    for first in range(0, len(looks), step):
        part = looks.of(slice(first, first + step))
        known_CRD = part.rows_CRK @ belief.spread_KK @ decisions_DK.T
        moved_CD = (known_CRD * (_told(part, belief) @ known_CRD)).sum(axis=1) / spread_D[open_D]
        share_CD = np.clip(moved_CD, NEAR, 1.0)
        wrong_CD = 2 * owens_t(standing_D, np.sqrt(1 / share_CD - 1))
        found_C[first : first + step] = now - wrong_CD @ weight_D
    return np.maximum(found_C, 0.0)


def in_order(
    looks: Looks,
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
    worth_C = value_of(looks, decisions_DK, weight_D, belief)
    first_C = worth_C.copy()
    taken: list[int] = []
    for pick, worth in _one_by_one(looks, decisions_DK, weight_D, belief, worth_C, None):
        if len(taken) == most:
            break
        beat()
        first_C[pick] = worth
        taken.append(pick)
    rest = np.setdiff1d(np.argsort(-first_C, kind="stable"), taken, assume_unique=True)
    rest = rest[np.argsort(-first_C[rest], kind="stable")]
    order = np.concatenate([np.array(taken, dtype=np.int64), rest])
    return order, first_C[order]


def one_of_each(
    looks: Looks,
    decisions_DK: Floats,
    weight_D: Floats,
    belief: Belief,
    *,
    group_C: Ints,
    most: int,
    beat: Beat = lambda: None,
) -> Ints:
    """Places of at most `most` candidates, of each group one, chosen as `in_order` does."""
    worth_C = value_of(looks, decisions_DK, weight_D, belief)
    taken: list[int] = []
    for pick, _worth in _one_by_one(looks, decisions_DK, weight_D, belief, worth_C, group_C):
        if len(taken) == most:
            break
        beat()
        taken.append(pick)
    return np.array(taken, dtype=np.int64)


def _one_by_one(
    looks: Looks,
    decisions_DK: Floats,
    weight_D: Floats,
    belief: Belief,
    worth_C: Floats,
    group_C: Ints | None,
) -> Iterable[tuple[int, float]]:
    """The best one, then the best as if that had been judged, and so on. What is had is marked in `worth_C`."""
    while len(worth_C) and worth_C.max() > GONE:
        pick = _worth_most(looks, decisions_DK, weight_D, belief, worth_C)
        yield pick, float(worth_C[pick])
        worth_C[pick if group_C is None else group_C == group_C[pick]] = GONE
        belief = _after(looks.of(np.array([pick])), belief)


def _worth_most(
    looks: Looks, decisions_DK: Floats, weight_D: Floats, belief: Belief, worth_C: Floats
) -> int:
    """A value that was found earlier is taken for the most that a candidate can be worth now."""
    fresh = set[int]()
    while True:
        top = np.argsort(-worth_C, kind="stable")[: len(fresh) + _FRESH]
        if int(top[0]) in fresh:
            return int(top[0])
        stale = np.array([at for at in top if int(at) not in fresh and worth_C[at] > GONE])[:_FRESH]
        worth_C[stale] = value_of(looks.of(stale), decisions_DK, weight_D, belief)
        fresh.update(stale.tolist())


def _after(look: Looks, belief: Belief) -> Belief:
    """As surely as after its judgment, whatever that will say."""
    known_RK = look.rows_CRK[0] @ belief.spread_KK
    learnt_KK = known_RK.T @ _told(look, belief)[0] @ known_RK
    return Belief(belief.mean_K, belief.spread_KK - learnt_KK, belief.noise)


def _told(looks: Looks, belief: Belief) -> Floats:
    """What a judgment takes off the variance of a score, between its covariances with those it tells of.

    With the weights W of R scores and their covariances G it is sqrt(W) (I + sqrt(W) G sqrt(W))^-1 sqrt(W).

    Returns:
        told_CRR.
    """
    rows_CRK = looks.rows_CRK
    known_CRR = rows_CRK @ belief.spread_KK @ rows_CRK.swapaxes(1, 2)
    root_CR = np.sqrt(looks.weight_CR * _weight(rows_CRK @ belief.mean_K, known_CRR, belief))
    root_CRR = root_CR[:, :, None] * root_CR[:, None, :]
    inverse_CRR = np.linalg.inv(np.eye(root_CR.shape[1]) + root_CRR * known_CRR)
    told_CRR: Floats = root_CRR * inverse_CRR
    return told_CRR


def _weight(mean_CR: Floats, known_CRR: Floats, belief: Belief) -> Floats:
    """One over the variance of what a judgment says about a score."""
    if belief.noise is not None:
        return np.full(mean_CR.shape, 1 / belief.noise)
    spread_CR = np.diagonal(known_CRR, axis1=1, axis2=2)
    even_CR = expit(mean_CR / np.sqrt(1 + np.pi / 8 * spread_CR))
    weight_CR: Floats = even_CR * (1 - even_CR)
    return weight_CR


def _spread(rows_RK: Floats, spread_KK: Floats) -> Floats:
    found_R: Floats = np.einsum("rk,rk->r", rows_RK @ spread_KK, rows_RK)
    return found_R
