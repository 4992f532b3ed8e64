"""What the plain count says, without a model of anybody. Shapes: R answers, U units, V values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.questions import Asked
from evalhub.stats.agreement import Level

Floats = NDArray[np.float64]


def plain_of(asked: Asked, counts_R: NDArray[np.bool_] | None = None) -> Floats:
    """The most frequent value of each unit; of pairs the side that more take, of a scale and of numbers the mean
    to the nearest point. NaN where two are as frequent, and where nobody said anything.

    Args:
        counts_R: which of the answers count; None: all do. Units keep their places.
    """
    units = int(asked.unit_R.max(initial=-1)) + 1
    if not units:
        return np.zeros(0)
    weight_R = np.ones(len(asked.unit_R)) if counts_R is None else counts_R.astype(float)
    if asked.is_pair:
        side_R = np.where(np.abs(asked.value_R) == 1, asked.value_R, 0)
        balance_U = np.sign(np.bincount(asked.unit_R, weight_R * side_R, minlength=units))
        sides_U: Floats = np.where(balance_U == 0, np.nan, balance_U)
        return sides_U
    if asked.level is not Level.NOMINAL:
        n_U = np.bincount(asked.unit_R, weight_R, minlength=units)
        sum_U = np.bincount(asked.unit_R, weight_R * asked.value_R, minlength=units)
        mean_U = np.divide(sum_U, n_U, out=np.full(units, np.nan), where=n_U > 0)
        return nearest(mean_U)
    values_V, code_R = np.unique(asked.value_R, return_inverse=True)
    V = len(values_V)
    cells = np.bincount(asked.unit_R * V + code_R, weight_R, minlength=units * V)
    votes_UV = cells.reshape(units, V)
    most_U = votes_UV.max(axis=1, initial=0)
    is_clear_U = (most_U > 0) & ((votes_UV == most_U[:, None]).sum(axis=1) == 1)
    plain_U: Floats = np.full(units, np.nan)
    plain_U[is_clear_U] = values_V[votes_UV[is_clear_U].argmax(axis=1)]
    return plain_U


def unlike_plain(asked: Asked, answer_U: Floats) -> NDArray[np.bool_]:
    """Where the plain count says something else than a consensus; a draw says nothing else, nor does a
    consensus of a pair that takes neither side.
    """
    plain_U = plain_of(asked)
    if asked.is_pair:
        turned_U: NDArray[np.bool_] = plain_U * answer_U < 0
        return turned_U
    said_U = answer_U if asked.level is Level.NOMINAL else nearest(answer_U)
    unlike_U: NDArray[np.bool_] = ~np.isnan(plain_U) & (plain_U != said_U)
    return unlike_U


def nearest(value: Floats) -> Floats:
    """The nearest point of a scale; halves go up."""
    point: Floats = np.floor(value + 0.5)
    return point
