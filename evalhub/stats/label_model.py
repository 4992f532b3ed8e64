"""What labelling functions say together. Shapes: U units, J functions, V values, P patterns of votes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ROUNDS = 500
CLOSE = 1e-5  # mean change of a probability
WEIGHT = 4.0  # votes' worth of what is believed of a function beforehand
BELIEVED = 0.7  # that share of its votes is right
_TINY = 1e-9


@dataclass(frozen=True)
class LabelModel:
    """The model's word on each unit and on each function."""

    truth_UV: Floats  # P(the unit's value is v)
    priors_V: Floats
    accuracy_J: Floats  # P(a vote of the function is right); NaN where it never votes
    is_settled: bool  # False: stopped after 500 rounds while it still moved


@dataclass(frozen=True)
class Counts:
    """How often functions vote, alone and beside each other, in units."""

    votes_J: Ints
    overlaps_J: Ints  # where another function votes as well
    conflicts_J: Ints  # where another one votes for another value
    covered: int  # units with a vote


def label_model(
    votes_UJ: Bools,
    value_J: Sequence[int],
    *,
    values: int,
    beat: Callable[[], object] = lambda: None,
) -> LabelModel:
    """Estimate how often each function is right, and each unit's value, from the votes alone (EM).

    A function votes for one value or abstains. It votes with one chance where its value is the
    true one and with another elsewhere, whatever the other functions do. So an abstention tells
    something too, and functions that all vote for one value can be told apart.

    Args:
        votes_UJ: whether the function votes for its value on the unit.
        value_J: the place of that value among `values`.
        values: at least 2.

    Returns:
        Nothing told against it, a function's votes are taken to be right in 7 of 10, a belief
        worth 4 votes.

    Source:
        A. Ratner et al., "Snorkel: Rapid Training Data Creation with Weak Supervision", PVLDB
        11(3), 2017, section 2.2: functions that abstain, each with an accuracy of its own. Fitted
        as A. Dawid, A. Skene, Applied Statistics 28, 1979, with an abstention as an answer.
    """
    patterns = _Patterns.of(votes_UJ)
    mine_JV = np.eye(values, dtype=bool)[np.asarray(value_J, dtype=np.int64)]
    rate_J = np.maximum(votes_UJ.mean(axis=0), _TINY) if len(votes_UJ) else np.ones(len(mine_JV))
    truth_PV = _majority(patterns.votes_PJ, mine_JV)
    is_settled, priors_V = False, np.full(values, 1 / values)
    for _ in range(ROUNDS):
        beat()
        priors_V = patterns.count_P @ truth_PV + 1.0
        priors_V /= priors_V.sum()
        fires_JV = _fires(patterns, truth_PV, mine_JV, rate_J, priors_V)
        before, truth_PV = truth_PV, _truths(patterns.votes_PJ, fires_JV, priors_V)
        moved_P = np.abs(truth_PV - before).mean(axis=1)
        if not len(votes_UJ) or float(moved_P @ patterns.count_P) / len(votes_UJ) < CLOSE:
            is_settled = True
            break
    right_J = ((patterns.votes_PJ * patterns.count_P[:, None]).T @ truth_PV)[mine_JV]
    votes_J = votes_UJ.sum(axis=0)
    accuracy_J = np.where(votes_J > 0, right_J / np.maximum(votes_J, 1), np.nan)
    return LabelModel(truth_PV[patterns.of_unit_U], priors_V, accuracy_J, is_settled)


def count_votes(votes_UJ: Bools, value_J: Sequence[int], *, values: int) -> Counts:
    """Coverage, overlaps and conflicts of each function.

    Source:
        As Ratner et al. 2017, section 2.1, count them.
    """
    code_J = np.asarray(value_J, dtype=np.int64)
    of_unit_U = votes_UJ.sum(axis=1)
    same_UV = votes_UJ.astype(np.int32) @ np.eye(values, dtype=np.int32)[code_J]
    others_UJ = of_unit_U[:, None] > same_UV[:, code_J]
    return Counts(
        votes_J=votes_UJ.sum(axis=0),
        overlaps_J=(votes_UJ & (of_unit_U > 1)[:, None]).sum(axis=0),
        conflicts_J=(votes_UJ & others_UJ).sum(axis=0),
        covered=int((of_unit_U > 0).sum()),
    )


@dataclass(frozen=True)
class _Patterns:
    """The votes, each combination once: a million units have few."""

    votes_PJ: Bools
    count_P: Floats
    of_unit_U: Ints

    @classmethod
    def of(cls, votes_UJ: Bools) -> _Patterns:
        units, functions = votes_UJ.shape
        if not functions:
            return cls(np.zeros((1, 0), bool), np.array([float(units)]), np.zeros(units, np.int64))
        packed = np.packbits(votes_UJ, axis=1)
        _rows, first, of_unit, count = np.unique(
            packed, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        return cls(votes_UJ[first], count.astype(float), of_unit.reshape(units))


def _majority(votes_PJ: Bools, mine_JV: Bools) -> Floats:
    """Each value's share of the votes, with one more for every value."""
    counts_PV = votes_PJ.astype(float) @ mine_JV + 1.0
    shares_PV: Floats = counts_PV / counts_PV.sum(axis=1, keepdims=True)
    return shares_PV


def _fires(
    patterns: _Patterns, truth_PV: Floats, mine_JV: Bools, rate_J: Floats, priors_V: Floats
) -> Floats:
    """P(the function votes | v is true), shape (J, V): one chance at its own value, one elsewhere."""
    weighted_PV = truth_PV * patterns.count_P[:, None]
    fired_JV = patterns.votes_PJ.astype(float).T @ weighted_PV
    units_V = weighted_PV.sum(axis=0)
    own_J, all_J = fired_JV[mine_JV], fired_JV.sum(axis=1)
    units_J, prior_J = (mine_JV @ units_V), (mine_JV @ priors_V)
    imagined_J = WEIGHT / rate_J  # units in which it would vote WEIGHT times
    at_own_J = (own_J + WEIGHT * BELIEVED) / (units_J + imagined_J * prior_J)
    elsewhere_J = (all_J - own_J + WEIGHT * (1 - BELIEVED)) / (
        units_V.sum() - units_J + imagined_J * (1 - prior_J)
    )
    chances_JV = np.where(mine_JV, at_own_J[:, None], elsewhere_J[:, None])
    fires_JV: Floats = np.clip(chances_JV, _TINY, 1 - _TINY)
    return fires_JV


def _truths(votes_PJ: Bools, fires_JV: Floats, priors_V: Floats) -> Floats:
    yes_PJ = votes_PJ.astype(float)
    log_PV = np.log(priors_V) + yes_PJ @ np.log(fires_JV) + (1 - yes_PJ) @ np.log1p(-fires_JV)
    share_PV = np.exp(log_PV - log_PV.max(axis=1, keepdims=True))
    truth_PV: Floats = share_PV / share_PV.sum(axis=1, keepdims=True)
    return truth_PV
