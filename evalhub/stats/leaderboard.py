"""Which model people prefer, from comparisons of two. Shapes: M models, G groups, B resamples.

A table counts what became of each ordered pair: `[i, j, o]` how often i stood first on the page, j
second, and 0 the first won, 1 it was a tie, 2 the second won. Tables add up, so prompts are resampled
as a product, and each resample is fitted anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

_ROUNDS = 50
_PRIOR = (
    0.01  # of a strength, one over its variance: ten logits, so that a model without a loss ends
)
RESAMPLES = 400
LEVEL = 0.95


@dataclass(frozen=True)
class Fit:
    strength_M: Floats  # logits, mean 0; σ(difference) is how often one is preferred, ties left out
    tie: float  # log of Davidson's nu: how readily a tie is said between equals
    position: float  # logits towards whatever stands first


def fit(table_MM3: Floats, *, start: Fit | None = None) -> Fit:
    """Bradley and Terry's model with ties and the place on the page, by Newton's method.

    P(first) : P(tie) : P(second) = e^(s_i + p) : e^(t + (s_i + s_j + p) / 2) : e^(s_j).

    Args:
        table_MM3: as above; half votes are allowed.

    Returns:
        For three wins and one loss between two, without ties: strengths ±0.55, their difference
        log 3. Models that nothing links keep strength near 0: ask `components` first.

    Source:
        R. Davidson, "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison
        Experiments", 1970; the place: R. Davidson, R. Beaver, "On Extending the Bradley-Terry Model
        to Incorporate Within-Pair Order Effects", Biometrics 33, 1977.
    """
    M = len(table_MM3)
    rows, columns = np.nonzero(table_MM3.sum(axis=2))
    seen_P3 = table_MM3[rows, columns]
    n_P = seen_P3.sum(axis=1)
    P = len(rows)
    design_P3K = np.zeros((P, 3, M + 2))
    at = np.arange(P)
    design_P3K[at, 0, rows] += 1
    design_P3K[at, 1, rows] += 0.5
    design_P3K[at, 1, columns] += 0.5
    design_P3K[at, 2, columns] += 1
    design_P3K[:, 1, M] = 1
    design_P3K[:, 0, M + 1], design_P3K[:, 1, M + 1] = 1, 0.5
    known_K = np.full(M + 2, _PRIOR)
    guess_K = np.zeros(M + 2)
    guess_K[M] = -1.0
    if start is not None:
        guess_K = np.concatenate([start.strength_M, [start.tie, start.position]])
    for _ in range(_ROUNDS):
        logits_P3 = design_P3K @ guess_K
        share_P3 = np.exp(logits_P3 - logits_P3.max(axis=1, keepdims=True))
        share_P3 /= share_P3.sum(axis=1, keepdims=True)
        pull_K = np.einsum("po,pok->k", seen_P3 - n_P[:, None] * share_P3, design_P3K)
        mean_PK = np.einsum("po,pok->pk", share_P3, design_P3K)
        weighted_P3K = design_P3K * (share_P3 * n_P[:, None])[:, :, None]
        flat = weighted_P3K.reshape(-1, M + 2)
        curve_KK = flat.T @ design_P3K.reshape(-1, M + 2) - (mean_PK * n_P[:, None]).T @ mean_PK
        step_K = np.linalg.solve(curve_KK + np.diag(known_K), pull_K - known_K * guess_K)
        guess_K = guess_K + np.clip(step_K, -2, 2)
        if np.abs(step_K).max() < 1e-6:
            break
    strength_M = guess_K[:M] - guess_K[:M].mean() if M else guess_K[:M]
    return Fit(strength_M, float(guess_K[M]), float(guess_K[M + 1]))


@dataclass(frozen=True)
class Board:
    """The models' strengths with 95 % intervals by resampled groups."""

    fit: Fit
    low_M: Floats
    high_M: Floats
    position_low: float
    position_high: float
    best_M: Floats  # the share of resamples in which the model is the strongest
    ranks_M2: Ints  # the best and the worst rank that the intervals of differences allow


def board(
    tables_GMM3: Floats, *, seed: int = 0, resamples: int = RESAMPLES, beat: Beat = lambda: None
) -> Board:
    """Fit the whole, and each of `resamples` draws of whole groups (prompts).

    A model's best rank is one more than the number of models that beat it in 97.5 % of the draws.

    Source:
        W.-L. Chiang et al., "Chatbot Arena: An Open Platform for Evaluating LLMs by Human
        Preference", 2024, section 4 (bootstrap intervals, ranks by what intervals allow); prompts
        instead of votes are drawn, as votes on one prompt are not independent.
    """
    G, M = tables_GMM3.shape[:2]
    whole = fit(tables_GMM3.sum(axis=0))
    flat_GK = tables_GMM3.reshape(G, -1)
    chance = np.random.default_rng(seed)
    strengths_BM, places_B = np.zeros((resamples, M)), np.zeros(resamples)
    for draw in range(resamples):
        beat()
        weights_G = chance.multinomial(G, np.full(G, 1 / G)).astype(float)
        drawn = fit((weights_G @ flat_GK).reshape(M, M, 3), start=whole)
        strengths_BM[draw], places_B[draw] = drawn.strength_M, drawn.position
    outside = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low_M, high_M = np.quantile(strengths_BM, outside, axis=0)
    position_low, position_high = np.quantile(places_B, outside)
    ahead_MM = (strengths_BM[:, :, None] > strengths_BM[:, None, :]).mean(axis=0)
    surely_MM = ahead_MM >= outside[1]
    ranks_M2 = np.stack([1 + surely_MM.sum(axis=0), M - surely_MM.sum(axis=1)], axis=1)
    best_M = np.bincount(strengths_BM.argmax(axis=1), minlength=M) / resamples
    return Board(whole, low_M, high_M, float(position_low), float(position_high), best_M, ranks_M2)


def win_rates(table_MM3: Floats) -> tuple[Floats, Floats]:
    """How often the row's model is preferred to the column's, a tie as half, and of how many."""
    wins_MM = table_MM3[:, :, 0] + table_MM3[:, :, 2].T
    ties_MM = table_MM3[:, :, 1] + table_MM3[:, :, 1].T
    n_MM = wins_MM + wins_MM.T + ties_MM
    rate_MM = np.divide(
        wins_MM + ties_MM / 2, n_MM, out=np.full(n_MM.shape, np.nan), where=n_MM > 0
    )
    return rate_MM, n_MM


def components(table_MM3: Floats) -> Ints:
    """Which models can be compared: places of groups that no judgment links, largest first.

    Strengths of different groups say nothing about each other.
    """
    M = len(table_MM3)
    linked_MM = table_MM3.sum(axis=2)
    linked_MM = (linked_MM + linked_MM.T) > 0
    group_M = np.full(M, -1)
    found = 0
    for model in range(M):
        if group_M[model] >= 0:
            continue
        waiting = [model]
        while waiting:
            each = waiting.pop()
            if group_M[each] < 0:
                group_M[each] = found
                waiting.extend(np.flatnonzero(linked_MM[each] & (group_M < 0)))
        found += 1
    sizes = np.bincount(group_M, minlength=found)
    rank = np.empty(found, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(found)
    places: Ints = rank[group_M] if M else np.zeros(0, dtype=np.int64)
    return places


def never_lost(table_MM3: Floats) -> Ints:
    """Models that won every comparison or lost every one: their strength has no bound."""
    wins_MM = table_MM3[:, :, 0] + table_MM3[:, :, 2].T + table_MM3[:, :, 1] + table_MM3[:, :, 1].T
    won_M, lost_M = wins_MM.sum(axis=1), wins_MM.sum(axis=0)
    places: Ints = np.flatnonzero((won_M > 0) ^ (lost_M > 0))
    return places
