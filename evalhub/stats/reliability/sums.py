"""What the three models share: when to stop, and sums over the answers of each unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

WEIGHT = 4.0  # answers' worth of what is known of all raters, in each rater's parameters
ROUNDS = 200
CLOSE = 1e-6  # the mean change, in probabilities or shares of the spread, that is none any more


def added(rows_RV: Floats, unit_R: Ints, units: int) -> Floats:
    """Sums over the rows of each unit, which stand together."""
    sums_UV = np.zeros((units, rows_RV.shape[1]))
    add_to(sums_UV, rows_RV, unit_R)
    return sums_UV


def add_to(sums_UV: Floats, rows_RV: Floats, unit_R: Ints) -> None:
    if not len(unit_R):
        return
    begins = np.flatnonzero(np.concatenate([[True], unit_R[1:] != unit_R[:-1]]))
    sums_UV[unit_R[begins]] += np.add.reduceat(rows_RV, begins, axis=0)


def shares(counts_XV: Floats) -> Floats:
    total_X1 = counts_XV.sum(axis=-1, keepdims=True)
    even = np.full_like(counts_XV, 1 / counts_XV.shape[-1])
    shares_XV: Floats = np.divide(counts_XV, total_X1, out=even, where=total_X1 > 0)
    return shares_XV


def softmax(log_UV: Floats) -> Floats:
    raised_UV = np.exp(log_UV - log_UV.max(axis=1, keepdims=True))
    shares_UV: Floats = raised_UV / raised_UV.sum(axis=1, keepdims=True)
    return shares_UV
