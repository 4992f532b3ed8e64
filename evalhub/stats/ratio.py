"""Alpha at the ratio level for numbers of many values. Needs scipy: workers alone import this.

How far two numbers are apart for their size, ((a - b) / (a + b))², is tanh² of half the gap of their
logarithms: smooth, so a short Chebyshev series in each logarithm gives it to thirteen digits. How far
numbers drawn by lot are apart is then a product of the sums of T terms, and those add up over answers, where
a table would have values × values cells. Within a unit every two answers are held side by side. The series
is one of the range that the values span, so that great numbers close together are as well told apart. Of few
values the terms are how often each was given, and the distances the table itself: exact whatever else is there.

Shapes: R answers, U units, G groups of units, B resamples, V values, T terms, K sums, P pairs of people,
M things that both of a pair answered.
"""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.polynomial import chebyshev
from scipy.sparse import csr_array

from evalhub.stats.agreement import Coded, Disagreement, Floats, Ints, ratio_distance
from evalhub.stats.kappas import Pairs

MOST = 2.0**15  # the greatest value; 1 is the least above 0
_TERMS = 64
_FEW = 256  # values: a table of so many costs what a few series do
_NOTHING = 1e-14  # of the most that there can be: what rounding leaves of no distance
_ROWS = 25_000  # at once: 50 MB


def ratio_sums(answers: Coded, group_U: Ints | None = None) -> Floats:
    """What `ratio_alpha` needs, per group.

    Returns:
        sums_GK: the distances within units, and of the answers to units of two or more how many there
        are and the sums of their terms.

    Raises:
        ValueError: a number is not 0, nor from 1 to MOST.
    """
    groups_U = np.zeros(answers.units, dtype=np.int64) if group_U is None else group_U
    G = int(groups_U.max()) + 1 if answers.units else 0
    n_R = np.bincount(answers.unit_R, minlength=answers.units)[answers.unit_R]
    group_R, met_R = groups_U[answers.unit_R], n_R > 1
    within_R = _within(answers) / np.maximum(n_R - 1, 1)
    n_G = np.bincount(group_R[met_R], minlength=G)
    terms_GT = _sums_of_terms(group_R[met_R], answers.code_R[met_R], answers.values_V, G)
    return np.column_stack([np.bincount(group_R, within_R, minlength=G), n_G, terms_GT])


def ratio_alpha(sums_BK: Floats, values_V: Floats) -> Floats:
    """Krippendorff's alpha of lines of `ratio_sums`; NaN where no two met, or only one value was given."""
    n_B, apart_B = sums_BK[:, 1], _apart(sums_BK[:, 2:], values_V)
    above_B = sums_BK[:, 0] * (n_B - 1)
    share_B: Floats = np.divide(above_B, apart_B, out=np.full(len(n_B), np.nan), where=apart_B > 0)
    return 1 - share_B


def ratio_disagreement(answers: Coded) -> Disagreement:
    """See `evalhub.stats.agreement.disagreement`."""
    sums_1K = ratio_sums(answers).sum(axis=0, keepdims=True)
    n = float(sums_1K[0, 1])
    by_lot = float(_apart(sums_1K[:, 2:], answers.values_V)[0]) / max(n * (n - 1), 1)
    n_U = np.bincount(answers.unit_R, minlength=answers.units)
    others_R = n_U[answers.unit_R] - 1.0
    nothing_R = np.full(len(others_R), np.nan)
    known_R = (others_R > 0) & (by_lot > 0)
    of_answer_R = np.divide(_within(answers), others_R * by_lot, out=nothing_R, where=known_R)
    of_unit_U = np.bincount(answers.unit_R, of_answer_R, minlength=answers.units)
    return Disagreement(of_answer_R, of_unit_U / np.maximum(n_U, 1))


def far_by_lot(pairs: Pairs, values_V: Floats) -> tuple[Floats, Floats]:
    """How far answers lie from those drawn by lot from all that two people gave.

    Returns:
        far_M: both answers to a thing together; by_lot_P: two answers drawn by lot.
    """
    pair_M, P = pairs.pair_M, len(pairs.first_P)
    n_P = 2 * np.bincount(pair_M, minlength=P).astype(np.float64)
    both_R = np.concatenate([pair_M, pair_M])
    terms_PT = _sums_of_terms(both_R, np.concatenate([pairs.one_M, pairs.two_M]), values_V, P)
    far_VT = _terms(values_V) @ _distances(values_V)
    far_M = np.empty(len(pair_M))
    for begin in range(0, len(pair_M), _ROWS):
        at = slice(begin, begin + _ROWS)
        far_T = far_VT[pairs.one_M[at]] + far_VT[pairs.two_M[at]]
        far_M[at] = np.einsum("mt,mt->m", far_T, terms_PT[pair_M[at]]) / n_P[pair_M[at]]
    return far_M, _apart(terms_PT, values_V) / np.maximum(n_P, 1) ** 2


def _within(answers: Coded) -> Floats:
    """How far each answer is from all others on its unit together."""
    order = np.argsort(answers.unit_R, kind="stable")
    unit_R, value_R = answers.unit_R[order], answers.values_V[answers.code_R[order]]
    apart_R = np.zeros(len(unit_R))
    at = np.arange(len(unit_R))
    for step in count(1):
        at = at[at + step < len(unit_R)]
        at = at[unit_R[at] == unit_R[at + step]]
        if not len(at):
            break
        gap = ratio_distance(value_R[at], value_R[at + step])
        apart_R[at] += gap
        apart_R[at + step] += gap
    found_R = np.empty(len(apart_R))
    found_R[order] = apart_R
    return found_R


def _apart(terms_BT: Floats, values_V: Floats) -> Floats:
    """The distances of every two answers together, from the sums of their terms."""
    apart_TT = _distances(values_V)
    apart_B = np.einsum("bt,bt->b", terms_BT @ apart_TT, terms_BT)
    if len(values_V) <= _FEW:  # sums of what is not below 0: nothing cancels
        return np.asarray(apart_B, dtype=np.float64)
    above_B, none_B = terms_BT[:, 1], terms_BT[:, 0]
    most_B = 2 * none_B * above_B + _farthest(values_V) * above_B**2
    return np.where(apart_B > _NOTHING * most_B, apart_B, 0.0)


def _sums_of_terms(group_R: Ints, code_R: Ints, values_V: Floats, groups: int) -> Floats:
    shape = (groups, len(values_V))
    given_GV = csr_array((np.ones(len(group_R)), (group_R, code_R)), shape=shape)
    sums_GT: Floats = given_GV @ _terms(values_V)
    return sums_GT


def _terms(values_V: Floats) -> Floats:
    """terms_VT: of few values each its own. Else the first is 1 for 0, which is as far as can be from all else, and
    the second is 1 for those.
    """
    if not np.all((values_V == 0) | ((values_V >= 1) & (values_V <= MOST))):
        raise ValueError(f"ratio alpha takes 0 and numbers from 1 to {MOST:.0f}")
    if len(values_V) <= _FEW:
        return np.eye(len(values_V))
    above_V = values_V > 0
    terms_VT = np.zeros((len(values_V), 1 + _TERMS))
    terms_VT[:, 0] = ~above_V
    low, high = _range(values_V)
    scaled_V = np.zeros(int(above_V.sum()))
    if high > low:  # from -1 to 1
        scaled_V = 2 * np.log(values_V[above_V] / low) / np.log(high / low) - 1
    terms_VT[above_V, 1:] = chebyshev.chebvander(scaled_V, _TERMS - 1)
    return terms_VT


def _range(values_V: Floats) -> tuple[float, float]:
    """The least and the greatest above 0."""
    above = values_V[values_V > 0]
    return (float(above.min()), float(above.max())) if len(above) else (1.0, 1.0)


def _farthest(values_V: Floats) -> float:
    """The distance of the least above 0 from the greatest."""
    low, high = _range(values_V)
    return float(ratio_distance(np.array(low), np.array(high)))


def _distances(values_V: Floats) -> Floats:
    """apart_TT: two numbers' terms times this are their distance.

    Source:
        The series from values at Chebyshev's points: L. Trefethen, "Approximation Theory and
        Approximation Practice", 2013, chapters 3 and 4.
    """
    if len(values_V) <= _FEW:
        return ratio_distance(values_V[:, None], values_V[None, :])
    apart_TT = np.zeros((1 + _TERMS, 1 + _TERMS))
    apart_TT[0, 1] = apart_TT[1, 0] = 1  # 0 from all else: the first term of these is 1 as well
    low, high = _range(values_V)
    if high > low:
        points = chebyshev.chebpts1(_TERMS)
        gap = (points[:, None] - points[None, :]) / 2 * np.log(high / low)  # of the logarithms
        series = 2 / _TERMS * chebyshev.chebvander(points, _TERMS - 1).T
        series[0] /= 2
        apart_TT[1:, 1:] = series @ np.tanh(gap / 2) ** 2 @ series.T
    return apart_TT
