"""Many tests at once. Shapes: T tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def holm(p_T: Floats) -> Floats:
    """P-values that may each be held against the level, however many there are and however they hang
    together: with probability 95 % no true "no difference" is below 0.05. NaN stays and counts for nothing.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2)
    array([0.03, 0.06, 0.06])

    Source:
        S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
        Statistics 6, 1979.
    """
    corrected_T = np.full(len(p_T), np.nan)
    tested = np.flatnonzero(np.isfinite(p_T))
    order = tested[np.argsort(p_T[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected_T[order] = np.minimum(np.maximum.accumulate(p_T[order] * factors), 1.0)
    return corrected_T
