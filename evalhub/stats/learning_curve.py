"""What more rows are worth, from runs on shares of them. Shapes: S seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from evalhub.stats.intervals import LEVEL, Estimate

Answer = Literal["yes", "no", "cannot tell"]


@dataclass(frozen=True)
class Doubling:
    """What the last doubling of the rows gained, and whether the next one may be worth it."""

    gain: Estimate
    worthwhile: float
    answer: Answer


def mean_with_interval(values_S: Sequence[float]) -> Estimate:
    """The mean and its 95 % interval by Student's t.

    Returns:
        1, 2, 3 give 2 ± 4.303 × 1 / √3 = 2 ± 2.484. One value has no interval, none no mean.
    """
    values = np.asarray(values_S, dtype=float)
    count = len(values)
    if not count:
        return Estimate(None, None, None, 0)
    mean = float(values.mean())
    if count == 1:
        return Estimate(mean, None, None, 1)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * values.std(ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - reach, mean + reach, count)


def last_doubling(
    half_S: Sequence[float], whole_S: Sequence[float], *, worthwhile: float, more_is_better: bool
) -> Doubling:
    """Compare runs on half of the rows with runs on all of them, seed by seed.

    Args:
        half_S, whole_S: figures of the same seeds, in the same order.
        worthwhile: the smallest gain that would be worth as many rows again.

    Returns:
        gain, better above 0. "yes": the interval lies above 0 and reaches a worthwhile gain. "no": even its upper
        end is below that. Otherwise "cannot tell", as with fewer than two seeds.
    """
    sign = 1 if more_is_better else -1
    gain = mean_with_interval([sign * (whole - half) for half, whole in zip(half_S, whole_S, strict=True)])  # fmt: skip
    return Doubling(gain, worthwhile, _answer(gain, worthwhile))


def _answer(gain: Estimate, worthwhile: float) -> Answer:
    if gain.low is None or gain.high is None:
        return "cannot tell"
    if gain.high < worthwhile:
        return "no"
    return "yes" if gain.low > 0 else "cannot tell"
