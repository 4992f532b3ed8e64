"""How many judgments show a difference, and how long they take. Shapes: R judgments, A annotators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.quantiles import normal_quantile, t_quantile

Floats = NDArray[np.float64]

LEVEL, POWER = 0.95, 0.80
COVERAGE = 0.90  # of a forecast of time


@dataclass(frozen=True)
class Forecast:
    """Milliseconds in all; `low` and `high` hold the real sum 9 times in 10. None: too few people."""

    value: float
    low: float | None
    high: float | None


def variance_of_preference(ties: float) -> float:
    """The variance of a judgment that counts 1 for a win, ½ for a tie and 0 for a loss, near ½.

    >>> variance_of_preference(0.2)
    0.2
    """
    return (1 - ties) / 4


def prompts_needed(difference: float, variance: float, *, overlap: int, correlation: float) -> int:
    """Prompts, each judged `overlap` times, that show a true difference in four of five tries.

    Judgments of one prompt say partly the same: k of them are worth k / (1 + (k − 1) ρ).

    Args:
        difference: from the value of no difference (a win rate of ½, a mean score difference of 0).
        variance: of one judgment, in the same unit squared.
        correlation: of two judgments of one prompt, 0 to 1; `intraclass` finds it.

    Returns:
        At a two-sided level of 5 % and a power of 80 %. A win rate of 55 % without ties, one
        judgment each: 785.

    Source:
        The normal approximation for one mean: R. Lachin, "Introduction to Sample Size Determination
        and Power Analysis", Controlled Clinical Trials 2, 1981, equation 5; the design effect: L.
        Kish, "Survey Sampling", 1965, section 5.4.
    """
    return math.ceil(_reach() ** 2 * _per_prompt(variance, overlap, correlation) / difference**2)


def smallest_difference(
    prompts: int, variance: float, *, overlap: int, correlation: float
) -> float | None:
    """The difference that so many prompts show in four of five tries; None without any."""
    if not prompts:
        return None
    return _reach() * math.sqrt(_per_prompt(variance, overlap, correlation) / prompts)


def intraclass(prompts_R: Sequence[int], values_R: Sequence[float]) -> float | None:
    """How much alike judgments of one prompt are: the intraclass correlation of one-way ANOVA.

    Args:
        prompts_R: which prompt each judgment is about.
        values_R: what it says.

    Returns:
        0 to 1, a negative estimate as 0; None where no prompt has two judgments or all say the same.

    Source:
        P. Shrout, J. Fleiss, "Intraclass Correlations: Uses in Assessing Rater Reliability", 1979,
        ICC(1, 1), with the mean group size of unequal groups from A. Donner, "A Review of Inference
        Procedures for the Intraclass Correlation Coefficient", 1986, section 2.
    """
    _, place_R, sizes_G = np.unique(prompts_R, return_inverse=True, return_counts=True)
    total, groups = len(place_R), len(sizes_G)
    if groups < 2 or total <= groups:
        return None
    values = np.asarray(values_R, dtype=float)
    means_G = np.bincount(place_R, values) / sizes_G
    between = float(np.sum(sizes_G * (means_G - values.mean()) ** 2)) / (groups - 1)
    within = float(np.sum((values - means_G[place_R]) ** 2)) / (total - groups)
    size = (total - float(np.sum(sizes_G**2)) / total) / (groups - 1)
    whole = between + (size - 1) * within
    return max(0.0, (between - within) / whole) if whole > 0 else None


def forecast_time(
    times: Sequence[Floats], judgments: int, *, people: int | None = None
) -> Forecast | None:
    """Foretell how long `judgments` more take from how long earlier ones took.

    Whoever judges next may be faster or slower than those before: the interval holds how much people
    differ, in the past and in the draw to come, and how much the tasks of one person do.

    Args:
        times: for each earlier annotator the milliseconds of each of their judgments.
        people: who will judge; None: as many as before, with the same shares.

    Returns:
        None without a time. With one annotator only there is no interval.

    Source:
        A prediction interval from a random-effects model: S. Searle, G. Casella, C. McCulloch,
        "Variance Components", 1992, section 3.6, with the variance between people from unequal
        shares (their equation 3.28), and Student's t with A − 1 degrees of freedom.
    """
    times = [each for each in times if len(each)]
    if not times:
        return None
    sizes_A = np.array([len(each) for each in times], dtype=float)
    means_A = np.array([each.mean() for each in times])
    total, count = float(sizes_A.sum()), len(times)
    shares_A = sizes_A / total
    mean = float(shares_A @ means_A)
    if count < 2:
        return Forecast(mean * judgments, None, None)
    spread = float(sum(((each - each.mean()) ** 2).sum() for each in times))
    within = spread / max(total - count, 1)
    uneven = float(np.sum(shares_A**2))  # 1 over the number of equal shares that it is worth
    between = float(sizes_A @ (means_A - mean) ** 2) - (count - 1) * within
    between = max(0.0, between / (total * (1 - uneven)))
    to_come = uneven if people is None else 1 / max(people, 1)
    variance = between * (uneven + to_come) + within * (1 / total + 1 / max(judgments, 1))
    reach = t_quantile((1 + COVERAGE) / 2, count - 1) * math.sqrt(variance)
    low, high = max(0.0, mean - reach), mean + reach
    return Forecast(mean * judgments, low * judgments, high * judgments)


def _reach() -> float:
    return normal_quantile((1 + LEVEL) / 2) + normal_quantile(POWER)


def _per_prompt(variance: float, overlap: int, correlation: float) -> float:
    """The variance of the mean of a prompt's judgments."""
    return variance * (1 + (overlap - 1) * correlation) / overlap
