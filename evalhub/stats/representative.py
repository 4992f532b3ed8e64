"""Whether a part was drawn like the whole. Shapes: V values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FEWEST = 5.0  # expected of each value: the rule of Cochran (1954) for the chi-square test


def chance_of_part(part_V: NDArray[np.int64], whole_V: NDArray[np.int64]) -> float | None:
    """The chance of counts at least as far from the whole's shares, were the part drawn from it.

    Pearson's chi-square test of fit. Values that are too rare are put together first.

    Args:
        part_V: how often each value is in the part.
        whole_V: how often it is in the whole.

    Returns:
        30 and 10 from a whole that is half and half: chi-square 10, one degree of freedom, 0.0016.
        None where fewer than two values can be expected often enough.

    Source:
        W. G. Cochran, "Some methods for strengthening the common chi-square tests", Biometrics 10(4), 1954.
    """
    n, total = part_V.sum(), whole_V.sum()
    if not n or not total:
        return None
    expected_V = whole_V * (n / total)
    rare_V = expected_V < FEWEST
    seen = np.append(part_V[~rare_V], part_V[rare_V].sum())
    expected = np.append(expected_V[~rare_V], expected_V[rare_V].sum())
    if expected[-1] < FEWEST:  # the rare ones together are still rare: left out of the test
        seen, expected = seen[:-1], expected[:-1]
    if len(expected) < 2:
        return None
    return float(stats.chisquare(seen, expected * (seen.sum() / expected.sum())).pvalue)
