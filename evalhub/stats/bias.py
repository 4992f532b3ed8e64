"""What sways people beside the answers themselves: length, and the place on the page.

Shapes: R rows, M models, K other causes, G groups, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evalhub.stats.intervals import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
PRIOR = 0.01  # one over the variance of a coefficient: ten logits, so that one without a bound ends
_ROUNDS = 50
_CELLS = 4_000_000  # of the tables of groups at once: 32 MB


@dataclass(frozen=True)
class Effects:
    """Coefficients in logits with 95 % intervals; NaN where fewer than two groups leave no error."""

    strength_M: Floats  # mean 0
    strength_low_M: Floats
    strength_high_M: Floats
    effect_K: Floats
    low_K: Floats
    high_K: Floats
    p_K: Floats  # two-sided, of no effect
    groups: int


def pair_effects(
    first_R: Ints,
    second_R: Ints,
    won_R: Floats,
    causes_RK: Floats,
    group_R: Ints,
    *,
    models: int,
    prior: float = PRIOR,
) -> Effects:
    """Logistic regression of who wins on which models they are and on what else differs between the two.

    log odds(first wins) = s_first - s_second + causes · effects, by Newton's method; a tie is half a win.
    Errors allow for any dependence within a group of rows (a prompt, a person): the jackknife's, by one
    step of Newton's without each group, with Student's t at one less than the groups. The plain sandwich
    is too small with few groups: its intervals covered an effect of length 93 and 94 times in 100 over 40
    and 120 prompts, these 95. The models' part is summed by index, so memory does not grow with R times M.

    Args:
        won_R: 1 where the first won, 0 where the second did, ½ for a tie.
        causes_RK: how much more of each cause the first has: its log length less the second's.
        group_R: places from 0.

    Returns:
        For three wins and one loss of one model against another, without causes: strengths ±0.55.

    Source:
        Strengths beside what else differs: W.-L. Chiang et al., "Chatbot Arena", 2024, and its "style
        control"; Y. Dubois et al., "Length-Controlled AlpacaEval", 2024, arXiv:2404.04475. Errors:
        J. G. MacKinnon, M. Ø. Nielsen, M. D. Webb, "Cluster-robust inference: A guide to empirical
        practice", Journal of Econometrics 232(2), 2023, equation 15 (CV3) and section 3.
    """
    M, K = models, causes_RK.shape[1]
    guess_P = np.zeros(M + K)
    curve_PP = np.eye(M + K)
    rest_R = spread_R = won_R
    for _ in range(_ROUNDS):
        logit_R = guess_P[first_R] - guess_P[second_R] + causes_RK @ guess_P[M:]
        share_R = 1 / (1 + np.exp(-np.clip(logit_R, -30, 30)))
        rest_R, spread_R = won_R - share_R, share_R * (1 - share_R)
        pull_P = np.concatenate([_net(first_R, second_R, rest_R, M), causes_RK.T @ rest_R])
        curve_PP = _curves(first_R, second_R, spread_R, causes_RK, np.zeros_like(first_R), M, 1)[0]
        curve_PP[np.diag_indices(M + K)] += prior
        step_P = np.linalg.solve(curve_PP, pull_P - prior * guess_P)
        guess_P = guess_P + np.clip(step_P, -2, 2)
        if np.abs(step_P).max(initial=0) < 1e-8:
            break
    centre_PP = np.eye(M + K)
    centre_PP[:M, :M] -= 1 / M
    groups = int(group_R.max(initial=-1)) + 1
    error_P = np.full(M + K, np.nan)
    if groups > 1:
        rows = _Rows(first_R, second_R, rest_R, spread_R, causes_RK, group_R)
        moved_GP = _without_each(rows, curve_PP, groups) @ centre_PP.T
        error_P = np.sqrt((groups - 1) / groups * (moved_GP**2).sum(axis=0))
    value_P = centre_PP @ guess_P
    freedom = max(groups - 1, 1)
    reach_P = error_P * stats.t.ppf((1 + LEVEL) / 2, freedom)
    low_P, high_P = value_P - reach_P, value_P + reach_P
    with np.errstate(divide="ignore", invalid="ignore"):
        p_K = 2 * stats.t.sf(np.abs(value_P[M:]) / error_P[M:], freedom)
    return Effects(
        value_P[:M], low_P[:M], high_P[:M], value_P[M:], low_P[M:], high_P[M:], p_K, groups
    )


def _net(first_R: Ints, second_R: Ints, values_R: Floats, M: int) -> Floats:
    """The design of the models, one column each, transposed and times a column."""
    net_M: Floats = np.bincount(first_R, values_R, minlength=M).astype(np.float64)
    net_M -= np.bincount(second_R, values_R, minlength=M)
    return net_M


def _curves(
    first_R: Ints,
    second_R: Ints,
    spread_R: Floats,
    causes_RK: Floats,
    group_R: Ints,
    models: int,
    groups: int,
) -> Floats:
    """The design weighted by each row's spread, times itself, group by group: curves_GPP."""
    M, K = models, causes_RK.shape[1]
    curves_GPP = np.zeros((groups, M + K, M + K))
    cell_R = (group_R * M + first_R) * M + second_R
    met_GMM = np.bincount(cell_R, spread_R, minlength=groups * M * M).reshape(groups, M, M)
    met_GMM = met_GMM + met_GMM.transpose(0, 2, 1)
    curves_GPP[:, :M, :M] = np.eye(M) * met_GMM.sum(axis=2)[:, None] - met_GMM
    for nth in range(K):
        weighted_R = causes_RK[:, nth] * spread_R
        net_GM = _net(group_R * M + first_R, group_R * M + second_R, weighted_R, groups * M)
        net_GM = net_GM.reshape(groups, M)
        curves_GPP[:, :M, M + nth] = curves_GPP[:, M + nth, :M] = net_GM
        for other in range(K):
            product_R = weighted_R * causes_RK[:, other]
            curves_GPP[:, M + nth, M + other] = np.bincount(group_R, product_R, minlength=groups)
    return curves_GPP


class _Rows(NamedTuple):
    first_R: Ints
    second_R: Ints
    rest_R: Floats
    spread_R: Floats
    causes_RK: Floats
    group_R: Ints

    def of_groups(self, begin: int, end: int) -> _Rows:
        """Those of some of the groups, which are counted from 0."""
        inside_R = (self.group_R >= begin) & (self.group_R < end)
        return _Rows(
            self.first_R[inside_R],
            self.second_R[inside_R],
            self.rest_R[inside_R],
            self.spread_R[inside_R],
            self.causes_RK[inside_R],
            self.group_R[inside_R] - begin,
        )


def _without_each(rows: _Rows, curve_PP: Floats, groups: int) -> Floats:
    """How far the coefficients move in one step of Newton's when each group is left out, moved_GP."""
    P = len(curve_PP)
    at_once = max(1, _CELLS // P**2)
    parts = []
    for begin in range(0, groups, at_once):
        end = min(begin + at_once, groups)
        parts.append(_moved(rows.of_groups(begin, end), curve_PP, end - begin))
    return np.concatenate(parts)


def _moved(rows: _Rows, curve_PP: Floats, groups: int) -> Floats:
    first_R, second_R, rest_R, spread_R, causes_RK, group_R = rows
    M = len(curve_PP) - causes_RK.shape[1]
    net_GM = _net(group_R * M + first_R, group_R * M + second_R, rest_R, groups * M)
    causes = [np.bincount(group_R, rest_R * cause_R, minlength=groups) for cause_R in causes_RK.T]
    pull_GP = np.column_stack([net_GM.reshape(groups, M), *causes])
    own_GPP = _curves(first_R, second_R, spread_R, causes_RK, group_R, M, groups)
    moved_GP1 = np.linalg.solve(curve_PP - own_GPP, pull_GP[:, :, None])
    return moved_GP1[:, :, 0].astype(np.float64, copy=False)


def within_sums(unit_R: Ints, x_R: Floats, y_R: Floats, bucket_U: Ints) -> Floats:
    """Squares and products about each unit's own means, summed by bucket: sums_G3 for `correlation`.

    Args:
        unit_R: what rows are compared within (a prompt), as a place from 0.
        bucket_U: which bucket each unit belongs to.
    """
    n_U = np.bincount(unit_R)
    x_R = x_R - (np.bincount(unit_R, x_R) / n_U)[unit_R]
    y_R = y_R - (np.bincount(unit_R, y_R) / n_U)[unit_R]
    bucket_R = bucket_U[unit_R]
    return np.column_stack(
        [np.bincount(bucket_R, part) for part in (x_R * x_R, y_R * y_R, x_R * y_R)]
    )


def correlation(sums_B3: Floats) -> Floats:
    """Pearson's correlation within units; NaN where one of the two never differs.

    >>> correlation(np.array([[2.0, 8.0, 4.0]]))
    array([1.])
    """
    below_B = np.sqrt(sums_B3[:, 0] * sums_B3[:, 1])
    value_B: Floats = np.divide(
        sums_B3[:, 2], below_B, out=np.full(len(sums_B3), np.nan), where=below_B > 1e-12
    )
    return value_B


def correlation_of(sums_G3: Floats, *, n: int) -> Estimate:
    """The same of all groups, with the jackknife's interval of its arc tangent and Student's t at one less than
    the groups: drawing whole groups covered it 91 to 94 times in 100, this 93 to 95 (docs/performance.md).

    Args:
        sums_G3: as of `within_sums`; groups without two answers to a prompt tell nothing.
        n: how many rows were summed.

    Returns:
        No interval for fewer than three groups, or where the points lie on a line.

    Source:
        Fisher's z; its jackknife: R. G. Miller, "The Jackknife: A Review", Biometrika 61(1), 1974, section 2.4.
    """
    told_G3 = sums_G3[sums_G3[:, :2].sum(axis=1) > 0]
    whole_3, groups = told_G3.sum(axis=0), len(told_G3)
    value = float(correlation(whole_3[None])[0]) if groups else np.nan
    if not np.isfinite(value):
        return Estimate(None, None, None, n)
    without_G = correlation(whole_3 - told_G3)
    if groups < 3 or not (np.abs(np.append(without_G, value)) < 1 - 1e-9).all():
        return Estimate(value, None, None, n)
    middle, moved_G = np.arctanh(value), np.arctanh(without_G)
    error = np.sqrt((groups - 1) / groups * ((moved_G - middle) ** 2).sum())
    reach = error * stats.t.ppf((1 + LEVEL) / 2, groups - 1)
    return Estimate(value, float(np.tanh(middle - reach)), float(np.tanh(middle + reach)), n)
