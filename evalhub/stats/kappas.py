"""Agreement by kappa: Fleiss' of many, Cohen's of every two.

Shapes: U units, V values, P pairs, M things that both of a pair answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.agreement import Coded, Floats, Ints


def fleiss_kappa(counts_UV: Floats) -> tuple[float, int]:
    """Fleiss' kappa over the units that as many people answered as is most common.

    Returns:
        kappa (NaN where it is not defined), and how many units it is over.

    Source:
        J. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76,
        1971; his table of 30 patients and 6 psychiatrists gives .430.
    """
    answers_U = counts_UV.sum(axis=1)
    several_U = answers_U[answers_U > 1].astype(np.int64)
    if not len(several_U):
        return float("nan"), 0
    m = int(np.bincount(several_U).argmax())
    used_UV = counts_UV[answers_U == m]
    same = ((used_UV * (used_UV - 1)).sum(axis=1) / (m * (m - 1))).mean()
    chance = ((used_UV.sum(axis=0) / used_UV.sum()) ** 2).sum()
    if chance >= 1:
        return float("nan"), len(used_UV)
    return float((same - chance) / (1 - chance)), len(used_UV)


@dataclass(frozen=True)
class Pairs:
    """Two raters each, and what they gave to the things that both answered. P pairs, M things."""

    first_P: Ints
    second_P: Ints
    pair_M: Ints
    one_M: Ints  # what the first gave, as a place among the values
    two_M: Ints
    found: int  # pairs who met, those left out as well

    def tables(self, values: int) -> Floats:
        """tables_PVV: how often the first gave each value where the second gave each."""
        V = values
        cells_M = (self.pair_M * V + self.one_M) * V + self.two_M
        cells = np.bincount(cells_M, minlength=len(self.first_P) * V * V)
        return cells.reshape(-1, V, V).astype(float)

    def is_one_value(self) -> NDArray[np.bool_]:
        """is_one_P: whether both gave one and the same value to everything."""
        P = len(self.first_P)
        least_P, most_P = np.full(P, np.iinfo(np.int64).max), np.full(P, -1)
        for each_M in (self.one_M, self.two_M):
            np.minimum.at(least_P, self.pair_M, each_M)
            np.maximum.at(most_P, self.pair_M, each_M)
        is_one_P: NDArray[np.bool_] = least_P == most_P
        return is_one_P


def pairs_of(answers: Coded, *, at_most: int | None = None) -> Pairs:
    """Every two raters who met; those that met most often come first.

    Args:
        at_most: so many pairs, where there are more.
    """
    order = np.lexsort((answers.rater_R, answers.unit_R))
    unit, rater, code = (each[order] for each in (answers.unit_R, answers.rater_R, answers.code_R))
    keys, ones, twos = [], [], []
    for step in range(1, int(np.bincount(unit).max(initial=0))):
        together = unit[step:] == unit[:-step]
        if not together.any():
            break
        one, two = rater[:-step][together], rater[step:][together]
        apart = one != two  # an answer given twice by one person is no pair
        keys.append((one * answers.raters + two)[apart])
        ones.append(code[:-step][together][apart])
        twos.append(code[step:][together][apart])
    none = np.zeros(0, dtype=np.int64)
    key_M, one_M, two_M = (np.concatenate(each) if each else none for each in (keys, ones, twos))
    found, place_M, n_P = np.unique(key_M, return_inverse=True, return_counts=True)
    kept = np.argsort(-n_P, kind="stable")[:at_most]
    rank = np.full(len(found), -1)
    rank[kept] = np.arange(len(kept))
    pair_M = rank[place_M]
    in_M = pair_M >= 0
    first_P, second_P = np.divmod(found[kept], max(answers.raters, 1))
    return Pairs(first_P, second_P, pair_M[in_M], one_M[in_M], two_M[in_M], len(found))


def kappa(tables_PVV: Floats, weights_VV: Floats) -> tuple[Floats, Floats]:
    """Cohen's kappa of each table, and its standard error.

    Args:
        weights_VV: 1 for the same, less for apart, 0 for as far apart as can be; the unit table is
            plain kappa, `quadratic_weights` the usual one for a scale.

    Returns:
        kappa_P and error_P; NaN where both always gave one and the same value.

    Source:
        J. Cohen, "Weighted kappa", Psychological Bulletin 70, 1968; the error: J. Fleiss, J. Cohen,
        B. Everitt, "Large sample standard errors of kappa and weighted kappa", 1969, formula 13.
    """
    n_P = tables_PVV.sum(axis=(1, 2))
    p_PVV = tables_PVV / np.maximum(n_P, 1)[:, None, None]
    row_PV, column_PV = p_PVV.sum(axis=2), p_PVV.sum(axis=1)
    same_P = (p_PVV * weights_VV).sum(axis=(1, 2))
    chance_P = np.einsum("pi,ij,pj->p", row_PV, weights_VV, column_PV)
    left_P = np.where(chance_P < 1 - 1e-12, 1 - chance_P, np.nan)
    kappa_P = (same_P - chance_P) / left_P
    of_row_PV, of_column_PV = column_PV @ weights_VV.T, row_PV @ weights_VV
    mean_PVV = of_row_PV[:, :, None] + of_column_PV[:, None, :]
    off_PVV = weights_VV - mean_PVV * (1 - kappa_P)[:, None, None]
    spread_P = (p_PVV * off_PVV**2).sum(axis=(1, 2)) - (kappa_P - chance_P * (1 - kappa_P)) ** 2
    return kappa_P, np.sqrt(np.maximum(spread_P, 0) / np.maximum(n_P, 1)) / left_P


def quadratic_weights(values_V: Floats) -> Floats:
    """1 − (difference / widest difference)²."""
    reach = np.ptp(values_V) if len(values_V) > 1 else 1.0
    weights_VV: Floats = 1 - ((values_V[:, None] - values_V[None, :]) / reach) ** 2
    return weights_VV
