"""Figures over labels from sums over rows. Shapes: B sets, C labels, K = 3 C sums of one row each.

Macro averages are formulas over sums, not means of rows; so they can be resampled without the texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class _PerLabel(NamedTuple):
    precision_BC: Floats
    recall_BC: Floats
    f1_BC: Floats
    occurs_BC: NDArray[np.bool_]


def label_sums(right: str, said: str | None, labels: Sequence[str]) -> list[float]:
    """What a row adds: for each label whether it was said rightly, said, and right.

    Args:
        said: None where the answer named no label, or several; it then counts against recall alone.

    >>> label_sums("a", "b", ["a", "b"])
    [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]
    """
    columns = (
        [each == right == said for each in labels],
        [each == said for each in labels],
        [each == right for each in labels],
    )
    return [float(each) for column in columns for each in column]


def macro_precision(sums_BK: Floats) -> Floats:
    """Mean over labels of: of those said, the share that is right.

    Args:
        sums_BK: for each set the sums of `label_sums` over its rows.

    Returns:
        0 to 1. A label that was never said has precision 0; one that is neither right nor said anywhere in
        the set is left out; NaN where none is left.

    Source:
        Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, section 13.6; what is
        divided by zero as in scikit-learn's `precision_recall_fscore_support` with `zero_division=0`.
    """
    return _mean(sums_BK, lambda each: each.precision_BC)


def macro_recall(sums_BK: Floats) -> Floats:
    """Mean over labels of: of those that are right, the share that was said. Else as `macro_precision`."""
    return _mean(sums_BK, lambda each: each.recall_BC)


def macro_f1(sums_BK: Floats) -> Floats:
    """Mean over labels of the harmonic mean of both. Else as `macro_precision`."""
    return _mean(sums_BK, lambda each: each.f1_BC)


def confusion(pairs: Sequence[tuple[str, str | None]], labels: Sequence[str]) -> list[list[int]]:
    """How often each right label (a line) was taken for each (a column); the last column is none.

    >>> confusion([("a", "a"), ("a", None), ("b", "a")], ["a", "b"])
    [[1, 0, 1], [1, 0, 0]]
    """
    counts = Counter(pairs)
    return [[counts[right, said] for said in (*labels, None)] for right in labels]


def _mean(sums_BK: Floats, figure: Callable[[_PerLabel], Floats]) -> Floats:
    each = _per_label(sums_BK)
    count_B = each.occurs_BC.sum(axis=1)
    total_B = np.where(each.occurs_BC, figure(each), 0.0).sum(axis=1)
    mean_B: Floats = np.divide(
        total_B, count_B, out=np.full(len(sums_BK), np.nan), where=count_B > 0
    )
    return mean_B


def _per_label(sums_BK: Floats) -> _PerLabel:
    hits_BC, said_BC, right_BC = np.split(sums_BK, 3, axis=1)
    return _PerLabel(
        _share(hits_BC, said_BC),
        _share(hits_BC, right_BC),
        _share(2 * hits_BC, said_BC + right_BC),
        said_BC + right_BC > 0,
    )


def _share(part_BC: Floats, whole_BC: Floats) -> Floats:
    share_BC: Floats = np.divide(part_BC, whole_BC, out=np.zeros_like(part_BC), where=whole_BC > 0)
    return share_BC
