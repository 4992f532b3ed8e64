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

from evalhub.stats.slices import draws_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

_ROUNDS = 50
_PRIOR = (
    0.01  # of a strength, one over its variance: ten logits, so that a model without a loss ends
)
RESAMPLES = 400
_CELLS = 400_000  # of pairs that are fitted at once
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
    found_K = _fits(table_MM3[None], start)[0]
    return Fit(found_K[:M], float(found_K[M]), float(found_K[M + 1]))


def _fits(tables_BMM3: Floats, start: Fit | None) -> Floats:
    """Each table's strengths, tie and place, K = M + 2 of them.

    An outcome counts x = 1, 1/2 or 0 for the first, 1 - x for the second, x for the place; so all that
    Newton's method asks of a pair are the variances of x and of being a tie, and how they go together.
    """
    B, M = tables_BMM3.shape[:2]
    guess_BK = np.zeros((B, M + 2))
    guess_BK[:, M] = -1.0
    if start is not None:
        guess_BK[:] = np.concatenate([start.strength_M, [start.tie, start.position]])
    n_BMM = tables_BMM3.sum(axis=3)
    seen_BMM, ties_BMM = tables_BMM3[..., 0] + tables_BMM3[..., 1] / 2, tables_BMM3[..., 1]
    own = np.arange(M + 2)
    for _ in range(_ROUNDS):
        first_BMM, tie_BMM = _chances(guess_BK, M)
        x_BMM = first_BMM + tie_BMM / 2
        wide_BMM = n_BMM * (first_BMM + tie_BMM / 4 - x_BMM**2)
        both_BMM = n_BMM * tie_BMM * (0.5 - x_BMM)
        off_BMM = seen_BMM - n_BMM * x_BMM
        pull_BK = np.concatenate(
            [
                _balance(off_BMM),
                (ties_BMM - n_BMM * tie_BMM).sum(axis=(1, 2))[:, None],
                off_BMM.sum(axis=(1, 2))[:, None],
            ],
            axis=1,
        )
        curve_BKK = np.zeros((B, M + 2, M + 2))
        curve_BKK[:, :M, :M] = -wide_BMM - wide_BMM.transpose(0, 2, 1)
        curve_BKK[:, own[:M], own[:M]] += wide_BMM.sum(axis=2) + wide_BMM.sum(axis=1)
        curve_BKK[:, :M, M] = curve_BKK[:, M, :M] = _balance(both_BMM)
        curve_BKK[:, :M, M + 1] = curve_BKK[:, M + 1, :M] = _balance(wide_BMM)
        curve_BKK[:, M, M] = (n_BMM * tie_BMM * (1 - tie_BMM)).sum(axis=(1, 2))
        curve_BKK[:, M, M + 1] = curve_BKK[:, M + 1, M] = both_BMM.sum(axis=(1, 2))
        curve_BKK[:, M + 1, M + 1] = wide_BMM.sum(axis=(1, 2))
        curve_BKK[:, own, own] += _PRIOR
        step_BK = np.linalg.solve(curve_BKK, (pull_BK - _PRIOR * guess_BK)[..., None])[..., 0]
        guess_BK += np.clip(step_BK, -2, 2)
        if np.abs(step_BK).max(initial=0.0) < 1e-6:
            break
    if M:
        guess_BK[:, :M] -= guess_BK[:, :M].mean(axis=1, keepdims=True)
    return guess_BK


def _chances(guess_BK: Floats, M: int) -> tuple[Floats, Floats]:
    """How likely the first wins, and a tie, for each ordered pair."""
    strength_BM, tie_B11, place_B11 = guess_BK[:, :M], *np.split(guess_BK[:, M:, None], 2, axis=1)
    ahead_BMM = strength_BM[:, :, None] - strength_BM[:, None, :] + place_B11
    level_BMM = tie_B11 + ahead_BMM / 2
    most_BMM = np.maximum(np.maximum(ahead_BMM, level_BMM), 0)
    first_BMM, tie_BMM = np.exp(ahead_BMM - most_BMM), np.exp(level_BMM - most_BMM)
    all_BMM = first_BMM + tie_BMM + np.exp(-most_BMM)
    return first_BMM / all_BMM, tie_BMM / all_BMM


def _balance(of_pair_BMM: Floats) -> Floats:
    """Each model's sum where it stands first less where it stands second, shape (B, M)."""
    balance_BM: Floats = of_pair_BMM.sum(axis=2) - of_pair_BMM.sum(axis=1)
    return balance_BM


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
    flat_GK, draws_BG = tables_GMM3.reshape(G, -1), draws_of(G, resamples=resamples, seed=seed)
    at_once = max(1, _CELLS // max(M * M, 1))
    parts = []
    for begin in range(0, resamples, at_once):
        beat()
        tables_BK = draws_BG[begin : begin + at_once] @ flat_GK
        parts.append(_fits(tables_BK.reshape(-1, M, M, 3), whole))
    drawn_BK = np.concatenate(parts)
    strengths_BM, places_B = drawn_BK[:, :M], drawn_BK[:, M + 1]
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


def unbounded(table_MM3: Floats) -> Ints:
    """Models of which nothing but the prior says how far ahead or behind the others they are: between them and the
    largest group in which each has, by some chain of judgments, won against each, all went one way. Of several
    groups of that size all of them. A tie is both, half a win.

    Source:
        L. Ford, "Solution of a Ranking Problem from Binary Comparisons", 1957: strengths exist where the graph
        of who won against whom is strongly connected.
    """
    M = len(table_MM3)
    wins_MM = table_MM3[:, :, 0] + table_MM3[:, :, 2].T + table_MM3[:, :, 1] + table_MM3[:, :, 1].T
    ahead_MM = (wins_MM > 0) | np.eye(M, dtype=bool)
    for _ in range(M.bit_length()):  # chains of twice the length each time
        ahead_MM = (ahead_MM.astype(float) @ ahead_MM) > 0
    size_M = (ahead_MM & ahead_MM.T).sum(axis=1)  # of each model's group
    linked_MM = ahead_MM | ahead_MM.T
    group_M = components(table_MM3)
    is_sure_M = np.zeros(M, dtype=bool)
    for group in np.unique(group_M):
        of_it_M = group_M == group
        largest_M = of_it_M & (size_M == size_M[of_it_M].max())
        is_sure_M |= largest_M & (largest_M.sum() == size_M)
    places: Ints = np.flatnonzero(~is_sure_M & (linked_MM.sum(axis=1) > 1))
    return places
