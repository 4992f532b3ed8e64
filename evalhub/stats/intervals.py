"""Intervals for figures over rows that come in groups. Shapes: R rows, G groups, K sums, B resamples.

Rows of one group (the turns of a conversation, answers to one prompt) are not independent, so whole
groups are drawn. Every figure here is a function of sums over rows: a mean is a ratio of two sums,
BLEU a formula over ten. So a resample is one product of a table of draws with the groups' sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Figure = Callable[[Floats], Floats]  # sums_BK -> value_B; NaN where it is not defined
Beat = Callable[[], object]  # called between parts of long work; may raise to stop it

LEVEL = 0.95
POWER = 0.80
_CELLS = 4_000_000  # of the table of draws at once: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval. `n` counts rows; without rows there is no value.

    `low` and `high` are None when fewer than two groups leave nothing to draw from.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Difference:
    """Candidate minus baseline on the same rows, and the smallest difference the set can show."""

    baseline: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    smallest: float | None
    n: int
    groups: int


def group_sums(groups_R: Sequence[str], values_RK: Floats) -> Floats:
    """Add up the rows of each group.

    Args:
        groups_R: which group each row belongs to.
        values_RK: K numbers for each row.

    Returns:
        sums_GK, groups in order of their name: rows `[[1.], [2.], [4.]]` of groups "a", "b", "a"
        give `[[5.], [2.]]`.
    """
    _, place_R = np.unique(np.asarray(groups_R, dtype=str), return_inverse=True)
    sums_GK = np.zeros((int(place_R.max()) + 1 if len(place_R) else 0, values_RK.shape[1]))
    np.add.at(sums_GK, place_R, values_RK)
    return sums_GK


def estimate(
    groups_R: Sequence[str],
    values_RK: Floats,
    figure: Figure,
    *,
    seed: int = 0,
    resamples: int = 2000,
    beat: Beat = lambda: None,
) -> Estimate:
    """Estimate a figure with its 95 % interval by drawing whole groups with replacement.

    The interval is the expanded percentile interval: percentiles of the resampled figure, moved
    outwards as Student's t asks for, because plain percentiles are too narrow with few groups.

    Args:
        figure: takes sums_BK and gives one value for each line; `ratio_of` makes the common ones.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        value, low, high, n. For values 0 and 1 of two hundred groups, half of each, the value is
        0.5 and the interval about 0.43 to 0.57. No rows: n = 0 and no value.

    Source:
        B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3; the
        expansion: T. Hesterberg, "What Teachers Should Know About the Bootstrap", The American
        Statistician 69(4), 2015, section 3.2. Drawing clusters: A. Davison, D. Hinkley,
        "Bootstrap Methods and their Application", 1997, section 3.8.
    """
    return estimate_of_sums(
        group_sums(groups_R, values_RK),
        figure,
        n=len(values_RK),
        seed=seed,
        resamples=resamples,
        beat=beat,
    )


def estimate_of_sums(
    sums_GK: Floats,
    figure: Figure,
    *,
    n: int,
    seed: int = 0,
    resamples: int = 2000,
    beat: Beat = lambda: None,
) -> Estimate:
    """The same from the sums of each group, for rows that are too many to hand over.

    Args:
        n: how many rows were summed.
    """
    value = _value(sums_GK, figure)
    if value is None:
        return Estimate(None, None, None, n)
    drawn_B = _resampled([sums_GK], [figure], seed=seed, resamples=resamples, beat=beat)[0]
    low, high = interval_of_draws(drawn_B, len(sums_GK))
    return Estimate(value, low, high, n)


def buckets(groups: int, *, at_most: int = 1000, seed: int = 0) -> NDArray[np.int64]:
    """Throw groups together by lot when they are many: sums over buckets resample as well.

    Sums over B random buckets of independent groups are themselves independent, so drawing whole
    buckets estimates the same variance, with B - 1 degrees of freedom instead of all.

    Returns:
        bucket_G, places from 0; each group its own bucket when there are no more than `at_most`.

    Source:
        K. Wolter, "Introduction to Variance Estimation", 2nd edition, 2007, chapter 2 (the method
        of random groups).
    """
    own_G = np.arange(groups, dtype=np.int64)
    if groups <= at_most:
        return own_G
    return np.random.default_rng(seed).permutation(own_G) % at_most


def paired_difference(
    groups_R: Sequence[str],
    baseline_RK: Floats,
    candidate_RK: Floats,
    figure: Figure,
    *,
    level: float = LEVEL,
    seed: int = 0,
    resamples: int = 2000,
    beat: Beat = lambda: None,
) -> Difference:
    """Compare two systems on the same rows: both see the same draws of groups.

    Args:
        baseline_RK: the baseline's numbers; row r is about the same thing as candidate_RK[r].
        level: of the interval, and of the test that `smallest` is about.

    Returns:
        difference = candidate - baseline with its interval as in `estimate`; `smallest` is the
        least true difference that a set like this shows in four of five tries (power 80 %, two-
        sided level 5 %): 2.80 standard errors of the difference. Equal systems give 0, 0 to 0, 0.

    Source:
        Pairing: P. Koehn, "Statistical Significance Tests for Machine Translation Evaluation",
        EMNLP 2004, section 3.3. Smallest difference: D. Card et al., "With Little Power Comes Great
        Responsibility", EMNLP 2020, section 2, with the bootstrap's standard error.
    """
    sums_GK, other_GK = group_sums(groups_R, baseline_RK), group_sums(groups_R, candidate_RK)
    before, after = _value(sums_GK, figure), _value(other_GK, figure)
    n, groups = len(baseline_RK), len(sums_GK)
    if before is None or after is None:
        return Difference(before, after, None, None, None, None, n, groups)
    first_B, second_B = _resampled(
        [sums_GK, other_GK], [figure, figure], seed=seed, resamples=resamples, beat=beat
    )
    return difference_of_draws(before, after, second_B - first_B, n=n, groups=groups, level=level)


def difference_of_draws(
    before: float, after: float, gap_B: Floats, *, n: int, groups: int, level: float = LEVEL
) -> Difference:
    """The same of differences that were drawn elsewhere: both systems saw the same draws of groups."""
    low, high = interval_of_draws(gap_B, groups, level=level)
    smallest = _smallest(gap_B, groups, level)
    return Difference(before, after, after - before, low, high, smallest, n, groups)


def ratio_of(above: int, below: int) -> Figure:
    """The figure "sum of column `above` over sum of column `below`"; NaN over nothing.

    >>> ratio_of(0, 1)(np.array([[6.0, 4.0]]))
    array([1.5])
    """

    def ratio(sums_BK: Floats) -> Floats:
        bottom_B = sums_BK[:, below]
        quotient_B: Floats = np.divide(
            sums_BK[:, above], bottom_B, out=np.full(len(sums_BK), np.nan), where=bottom_B > 0
        )
        return quotient_B

    return ratio


def exp_of(figure: Figure) -> Figure:
    """e to the power of another figure: perplexity is `exp_of` the mean loss per token."""

    def power(sums_BK: Floats) -> Floats:
        raised_B: Floats = np.exp(figure(sums_BK))
        return raised_B

    return power


def _value(sums_GK: Floats, figure: Figure) -> float | None:
    if not len(sums_GK):
        return None
    value = float(figure(sums_GK.sum(axis=0, keepdims=True))[0])
    return value if np.isfinite(value) else None


def _resampled(
    sums: Sequence[Floats], figures: Sequence[Figure], *, seed: int, resamples: int, beat: Beat
) -> list[Floats]:
    """Each figure on each resample; all tables of sums see the same draws."""
    groups = len(sums[0])
    chance = np.random.default_rng(seed)
    at_once = max(1, min(resamples, _CELLS // groups))
    parts: list[list[Floats]] = [[] for _ in sums]
    for begin in range(0, resamples, at_once):
        beat()
        lines = min(at_once, resamples - begin)
        draws_BG = chance.multinomial(groups, np.full(groups, 1 / groups), size=lines)
        for part, sums_GK, figure in zip(parts, sums, figures, strict=True):
            part.append(figure(draws_BG.astype(np.float64) @ sums_GK))
    return [np.concatenate(part) for part in parts]


def interval_of_draws(
    drawn_B: Floats, groups: int, *, level: float = LEVEL
) -> tuple[float | None, float | None]:
    """The expanded percentile interval; see `estimate`. None for fewer than two groups."""
    drawn_B = drawn_B[np.isfinite(drawn_B)]
    if groups < 2 or not len(drawn_B):
        return None, None
    reach = np.sqrt(groups / (groups - 1)) * stats.t.ppf((1 + level) / 2, groups - 1)
    tail = float(stats.norm.cdf(-reach))
    low, high = np.quantile(drawn_B, [tail, 1 - tail])
    return float(low), float(high)


def _smallest(gap_B: Floats, groups: int, level: float) -> float | None:
    gap_B = gap_B[np.isfinite(gap_B)]
    if groups < 2 or len(gap_B) < 2:
        return None
    error = float(np.std(gap_B, ddof=1)) * np.sqrt(groups / (groups - 1))
    return float((stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(POWER)) * error)
