"""How far one rater agrees with all others. Shapes: U units, V values, G groups, K = V * V."""

from __future__ import annotations

import numpy as np

from evalhub.stats.agreement import Floats, Ints


def coincidences_between(one_UV: Floats, others_UV: Floats, group_U: Ints | None = None) -> Floats:
    """How often each value of the one met each value of the others, per group of units.

    Each unit that both answered is one pair, counted in both orders, however many the others are: their
    answers share it. So `alpha` and `percent` of the sums are of the one against an other drawn by lot.

    Args:
        one_UV: how often the one gave each value.
        others_UV: how many of the others gave it.
        group_U: the group of each unit as a place from 0; None: all are one group.

    Returns:
        sums_GK as of `agreement.coincidences`. One says 0 where two others say 0 and 1: the pairs 0–0
        and 0–1 count a half each, so the table is [[1, 0.5], [0.5, 0]].

    Source:
        K. Krippendorff, "Content Analysis", 2nd edition, 2004, section 11.3, for two raters, of whom the
        second is the mean over the others.
    """
    groups = np.zeros(len(one_UV), dtype=np.int64) if group_U is None else group_U
    G, V = int(groups.max()) + 1 if len(groups) else 0, one_UV.shape[1]
    share_UV, other_UV = _shares(one_UV), _shares(others_UV)
    sums_GVV = np.zeros((G, V, V))
    for c in range(V):
        for k in range(c, V):
            met_U = share_UV[:, c] * other_UV[:, k] + share_UV[:, k] * other_UV[:, c]
            sums_GVV[:, c, k] = sums_GVV[:, k, c] = np.bincount(groups, met_U, minlength=G)
    return sums_GVV.reshape(G, V * V)


def _shares(counts_UV: Floats) -> Floats:
    total_U = counts_UV.sum(axis=1, keepdims=True)
    share_UV: Floats = np.divide(
        counts_UV, total_U, out=np.zeros_like(counts_UV), where=total_U > 0
    )
    return share_UV
