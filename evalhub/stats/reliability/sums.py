"""What the three models share: when to stop, and sums over the answers of each unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Beat = Callable[[], object]

WEIGHT = 4.0  # answers' worth of what is known of all raters, in each rater's parameters
ROUNDS = 200
CLOSE = 1e-6  # the mean change, in probabilities or shares of the spread, that is none any more


class Counts:
    """How often each thing was said of each unit, as a sparse table: of units × what can be said."""

    def __init__(self, table_US: Any) -> None:  # Any: scipy.sparse has no types
        self._table_US = table_US
        self._turned_SU = table_US.T.tocsr()

    @classmethod
    def of(cls, unit_R: Ints, said_R: Ints, *, units: int, said: int) -> Counts:
        from scipy import sparse  # workers count; a page that loads this module needs no scipy

        ones_R = np.ones(len(unit_R))
        return cls(sparse.csr_matrix((ones_R, (unit_R, said_R)), shape=(units, said)))

    def of_units(self, rows_SX: Floats) -> Floats:
        """The sum of the rows of all that was said of each unit, shape (U, X)."""
        sums_UX: Floats = self._table_US @ rows_SX
        return sums_UX

    def of_said(self, rows_UX: Floats) -> Floats:
        """The sum of the rows of all units of which each thing was said, shape (S, X)."""
        sums_SX: Floats = self._turned_SU @ rows_UX
        return sums_SX


def shares(counts_XV: Floats) -> Floats:
    total_X1 = counts_XV.sum(axis=-1, keepdims=True)
    even = np.full_like(counts_XV, 1 / counts_XV.shape[-1])
    shares_XV: Floats = np.divide(counts_XV, total_X1, out=even, where=total_X1 > 0)
    return shares_XV


def softmax(log_UV: Floats) -> Floats:
    raised_UV = np.exp(log_UV - log_UV.max(axis=1, keepdims=True))
    shares_UV: Floats = raised_UV / raised_UV.sum(axis=1, keepdims=True)
    return shares_UV
