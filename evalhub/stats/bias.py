"""What sways people beside the answers themselves: length, and the place on the page.

Shapes: R rows, M models, K other causes, G groups, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95
PRIOR = 0.01  # one over the variance of a coefficient: ten logits, so that one without a bound ends
_ROUNDS = 50


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
    Errors allow for any dependence within a group of rows (a prompt, a person), with Student's t at
    one less than the groups. The models' part is summed by index, so memory does not grow with R times M.

    Args:
        won_R: 1 where the first won, 0 where the second did, ½ for a tie.
        causes_RK: how much more of each cause the first has: its log length less the second's.
        group_R: places from 0.

    Returns:
        For three wins and one loss of one model against another, without causes: strengths ±0.55.

    Source:
        Strengths beside what else differs: W.-L. Chiang et al., "Chatbot Arena", 2024, and its "style
        control"; Y. Dubois et al., "Length-Controlled AlpacaEval", 2024, arXiv:2404.04475. Errors:
        A. C. Cameron, D. L. Miller, "A Practitioner's Guide to Cluster-Robust Inference", Journal of
        Human Resources 50(2), 2015, equations 11 to 13.
    """
    M, K = models, causes_RK.shape[1]
    guess_P = np.zeros(M + K)
    curve_PP = np.eye(M + K)
    rest_R = won_R
    for _ in range(_ROUNDS):
        logit_R = guess_P[first_R] - guess_P[second_R] + causes_RK @ guess_P[M:]
        share_R = 1 / (1 + np.exp(-np.clip(logit_R, -30, 30)))
        rest_R = won_R - share_R
        pull_P = np.concatenate([_net(first_R, second_R, rest_R, M), causes_RK.T @ rest_R])
        curve_PP = _curve(first_R, second_R, share_R * (1 - share_R), causes_RK, M)
        curve_PP[np.diag_indices(M + K)] += prior
        step_P = np.linalg.solve(curve_PP, pull_P - prior * guess_P)
        guess_P = guess_P + np.clip(step_P, -2, 2)
        if np.abs(step_P).max(initial=0) < 1e-8:
            break
    centre_PP = np.eye(M + K)
    centre_PP[:M, :M] -= 1 / M
    error_P, groups = _errors(
        first_R, second_R, rest_R, causes_RK, group_R, centre_PP @ np.linalg.inv(curve_PP)
    )
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


def _curve(first_R: Ints, second_R: Ints, weight_R: Floats, causes_RK: Floats, M: int) -> Floats:
    K = causes_RK.shape[1]
    curve_PP = np.zeros((M + K, M + K))
    met_MM = np.bincount(first_R * M + second_R, weight_R, minlength=M * M).reshape(M, M)
    met_MM = met_MM + met_MM.T
    curve_PP[:M, :M] = np.diag(met_MM.sum(axis=1)) - met_MM
    weighted_RK = causes_RK * weight_R[:, None]
    for nth in range(K):
        column_M = _net(first_R, second_R, weighted_RK[:, nth], M)
        curve_PP[:M, M + nth] = curve_PP[M + nth, :M] = column_M
    curve_PP[M:, M:] = causes_RK.T @ weighted_RK
    return curve_PP


def _errors(
    first_R: Ints,
    second_R: Ints,
    rest_R: Floats,
    causes_RK: Floats,
    group_R: Ints,
    bread_PP: Floats,
) -> tuple[Floats, int]:
    """Standard errors from the groups' sums of what pulls at each coefficient, and how many groups."""
    M, rows = len(bread_PP) - causes_RK.shape[1], len(rest_R)
    groups = int(group_R.max(initial=-1)) + 1
    if groups < 2:
        return np.full(len(bread_PP), np.nan), groups
    models_GM = np.bincount(group_R * M + first_R, rest_R, minlength=groups * M)
    models_GM = models_GM - np.bincount(group_R * M + second_R, rest_R, minlength=groups * M)
    causes = [np.bincount(group_R, rest_R * cause_R, minlength=groups) for cause_R in causes_RK.T]
    pull_GP = np.column_stack([models_GM.reshape(groups, M), *causes])
    few = groups / (groups - 1) * (rows - 1) / max(rows - len(bread_PP) + 1, 1)
    swayed_GP = pull_GP @ bread_PP.T
    return np.sqrt(few * (swayed_GP**2).sum(axis=0)), groups


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
