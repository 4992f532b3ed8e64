"""Which model people prefer, from comparisons of two.

Shapes: M models, G groups, B resamples, C classes of people who tell models apart about as well.

A table counts what became of each ordered pair: `[i, j, o]` how often i stood first on the page, j
second, and 0 the first won, 1 it was a tie, 2 the second won. Tables add up, so prompts are resampled
as a product, and each resample is fitted anew. People's weights are those of `evalhub.stats.discrimination`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from evalhub.stats.slices import draws_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

_ROUNDS = 50
_PRIOR = (
    0.01  # of a strength, one over its variance: ten logits, so that a model without a loss ends
)
_PLACE = 1.0  # of the place likewise: where each pair stood in one order only, it and slopes explain each other
RESAMPLES = 400
_CELLS = 400_000  # of pairs that are fitted at once
LEVEL = 0.95


@dataclass(frozen=True)
class Fit:
    strength_M: Floats  # logits, mean 0; σ(difference) is how often one is preferred, ties left out
    tie: float  # log of Davidson's nu: how readily a tie is said between equals
    position: float  # logits towards whatever stands first


def fit(table_CMM3: Floats, slope_C: Floats, *, start: Fit | None = None) -> Fit:
    """Bradley and Terry's model with ties, the place on the page and people's discrimination, by Newton's method.

    P(first) : P(tie) : P(second) = e^x : e^(t + x / 2) : 1 with x = slope (s_i - s_j) + p.

    Args:
        table_CMM3: as above, of each class; half votes are allowed.
        slope_C: how much of the difference the people of a class see: 1 all of it, 0 nothing, below 0
            they say the opposite.

    Returns:
        For three wins and one loss between two, without ties: strengths ±0.55, their difference
        log 3. Models that nothing links keep strength near 0: ask `components` first.

    Source:
        R. Davidson, "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison
        Experiments", 1970; the place: R. Davidson, R. Beaver, "On Extending the Bradley-Terry Model
        to Incorporate Within-Pair Order Effects", Biometrics 33, 1977.
    """
    M = table_CMM3.shape[1]
    found_K = _fits(table_CMM3[None], slope_C, start)[0]
    return Fit(found_K[:M], float(found_K[M]), float(found_K[M + 1]))


def _fits(tables_BCMM3: Floats, slope_C: Floats, start: Fit | None) -> Floats:
    """Each table's strengths, tie and place, K = M + 2 of them.

    An outcome counts x = 1, 1/2 or 0 for the first, 1 - x for the second, x for the place; so all that
    Newton's method asks of a pair are the variances of x and of being a tie, and how they go together.
    """
    B, M = len(tables_BCMM3), tables_BCMM3.shape[2]
    guess_BK = np.zeros((B, M + 2))
    guess_BK[:, M] = -1.0
    if start is not None:
        guess_BK[:] = np.concatenate([start.strength_M, [start.tie, start.position]])
    n_BCMM = tables_BCMM3.sum(axis=4)
    seen_BCMM, ties_BCMM = tables_BCMM3[..., 0] + tables_BCMM3[..., 1] / 2, tables_BCMM3[..., 1]
    own, prior_K = np.arange(M + 2), np.full(M + 2, _PRIOR)
    prior_K[M + 1] = _PLACE
    for _ in range(_ROUNDS):
        first_BCMM, tie_BCMM = _chances(guess_BK, slope_C, M)
        x_BCMM = first_BCMM + tie_BCMM / 2
        wide_BCMM = n_BCMM * (first_BCMM + tie_BCMM / 4 - x_BCMM**2)
        both_BCMM = n_BCMM * tie_BCMM * (0.5 - x_BCMM)
        off_BCMM = seen_BCMM - n_BCMM * x_BCMM
        pull_BK = np.concatenate(
            [
                _balance(_over(slope_C, off_BCMM)),
                (ties_BCMM - n_BCMM * tie_BCMM).sum(axis=(1, 2, 3))[:, None],
                off_BCMM.sum(axis=(1, 2, 3))[:, None],
            ],
            axis=1,
        )
        wide_BMM = _over(slope_C**2, wide_BCMM)
        curve_BKK = np.zeros((B, M + 2, M + 2))
        curve_BKK[:, :M, :M] = -wide_BMM - wide_BMM.transpose(0, 2, 1)
        curve_BKK[:, own[:M], own[:M]] += wide_BMM.sum(axis=2) + wide_BMM.sum(axis=1)
        tied_BM, placed_BM = (_balance(_over(slope_C, each)) for each in (both_BCMM, wide_BCMM))
        curve_BKK[:, :M, M] = curve_BKK[:, M, :M] = tied_BM
        curve_BKK[:, :M, M + 1] = curve_BKK[:, M + 1, :M] = placed_BM
        curve_BKK[:, M, M] = (n_BCMM * tie_BCMM * (1 - tie_BCMM)).sum(axis=(1, 2, 3))
        curve_BKK[:, M, M + 1] = curve_BKK[:, M + 1, M] = both_BCMM.sum(axis=(1, 2, 3))
        curve_BKK[:, M + 1, M + 1] = wide_BCMM.sum(axis=(1, 2, 3))
        curve_BKK[:, own, own] += prior_K
        step_BK = np.linalg.solve(curve_BKK, (pull_BK - prior_K * guess_BK)[..., None])[..., 0]
        guess_BK += np.clip(step_BK, -2, 2)
        if np.abs(step_BK).max(initial=0.0) < 1e-6:
            break
    if M:
        guess_BK[:, :M] -= guess_BK[:, :M].mean(axis=1, keepdims=True)
    return guess_BK


def _chances(guess_BK: Floats, slope_C: Floats, M: int) -> tuple[Floats, Floats]:
    """How likely the first wins, and a tie, for each ordered pair."""
    strength_BM = guess_BK[:, :M]
    tie_B111, place_B111 = guess_BK[:, M, None, None, None], guess_BK[:, M + 1, None, None, None]
    gap_BMM = strength_BM[:, :, None] - strength_BM[:, None, :]
    return outcomes(slope_C[:, None, None] * gap_BMM[:, None] + place_B111, tie_B111)


def outcomes(ahead: Floats, tie: Floats | float) -> tuple[Floats, Floats]:
    """How likely the first wins, and a tie, where it is `ahead` by so many logits; arrays of any shape."""
    level = tie + ahead / 2
    most = np.maximum(np.maximum(ahead, level), 0)
    first, tied = np.exp(ahead - most), np.exp(level - most)
    whole = first + tied + np.exp(-most)
    return first / whole, tied / whole


def _over(weight_C: Floats, of_class_BCMM: Floats) -> Floats:
    """Summed over the classes, each so often."""
    sums_BMM: Floats = np.einsum("c,bcij->bij", weight_C, of_class_BCMM)
    return sums_BMM


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
    cells_GK: csr_array,
    slope_C: Floats,
    *,
    models: int,
    seed: int = 0,
    resamples: int = RESAMPLES,
    beat: Beat = lambda: None,
) -> Board:
    """Fit the whole, and each of `resamples` draws of whole groups (prompts); people stay as they are.

    A model's best rank is one more than the number of models that beat it in 97.5 % of the draws.

    Args:
        cells_GK: the tables of each group, K = C * M * M * 3 cells of which few were seen.

    Source:
        W.-L. Chiang et al., "Chatbot Arena: An Open Platform for Evaluating LLMs by Human
        Preference", 2024, section 4 (bootstrap intervals, ranks by what intervals allow); prompts
        instead of votes are drawn, as votes on one prompt are not independent.
    """
    G, C, M = cells_GK.shape[0], len(slope_C), models
    whole = fit(np.asarray(cells_GK.sum(axis=0)).reshape(C, M, M, 3), slope_C)
    draws_BG = draws_of(G, resamples=resamples, seed=seed)
    at_once = max(1, _CELLS // max(C * M * M, 1))
    parts = []
    for begin in range(0, resamples, at_once):
        beat()
        tables_BK = draws_BG[begin : begin + at_once] @ cells_GK
        parts.append(_fits(tables_BK.reshape(-1, C, M, M, 3), slope_C, whole))
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
