"""Intervals for means of values from 0 to 1, such as shares, also where no draw of groups differs. Shapes: R rows.

Where every group says the same, as where all answers are right, the bootstrap draws one value again and again. That is
no certainty: of groups that were not asked one in many may say something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from evalhub.stats.intervals import (
    LEVEL,
    POWER,
    Beat,
    Difference,
    Estimate,
    Floats,
    estimate,
    ratio_of,
)
from evalhub.stats.proportions import score_interval

NO_SPREAD = 1e-12  # between the ends, beyond what sums in another order make


def estimate_of_shares(
    groups_R: Sequence[str], share_R: Floats, *, beat: Beat = lambda: None
) -> Estimate:
    """The mean of shares from 0 to 1, such as votes; see `intervals.estimate` and `at_least_wilson`."""
    values_R2 = np.stack([share_R, np.ones(len(share_R))], axis=1)
    found = estimate(groups_R, values_R2, ratio_of(0, 1), beat=beat)
    return at_least_wilson(found, groups=len(set(groups_R)))


def at_least_wilson(found: Estimate, *, groups: int) -> Estimate:
    """Of a figure from 0 to 1: where no draw differs the interval is Wilson's, of as many as there are groups.

    Returns:
        8 groups that are right throughout give 1, 0.68 to 1. With one group, whose value is neither 0 nor 1, there is
        no interval.

    Source:
        E. B. Wilson, as `proportions.wilson`.
    """
    if found.value is None or (found.low is None and found.value not in (0.0, 1.0)):
        return found
    if found.low is not None and found.high is not None and found.high - found.low > NO_SPREAD:
        return found
    wide = score_interval(min(1.0, max(0.0, found.value)), groups)
    return replace(found, low=wide.low, high=wide.high)


def as_unseen_groups_allow(found: Difference, *, level: float = LEVEL) -> Difference:
    """Of two figures from 0 to 1: where no draw differs, what groups that were not asked may still do to the difference.

    None of G groups differs from the others, so by Wilson's interval at most a share q = z² / (G + z²) of all do, and
    each of those by as much as it can: down to -1, up to 1. `smallest` is of the standard error that such an
    interval has.

    Args:
        level: of the interval that was asked for.

    Returns:
        The same where draws differ, or where there is no interval. 20 groups in which both are right: q = 0.161, so
        a difference of 0, -0.161 to 0.161, and 0.23 as the smallest that can be shown.

    Source:
        Wilson's interval as in `proportions`; the worst that unseen groups can do is bounded by hand, as above.
    """
    if found.difference is None or found.low is None or found.high is None:
        return found
    if found.high - found.low > NO_SPREAD:
        return found
    z = float(stats.norm.ppf((1 + level) / 2))
    differ = z * z / (found.groups + z * z)
    down, up = differ * (1 + found.difference), differ * (1 - found.difference)
    smallest = (z + float(stats.norm.ppf(POWER))) * max(down, up) / z
    return replace(
        found, low=found.difference - down, high=found.difference + up, smallest=smallest
    )
