"""Alpha by the sums that a level of measurement takes: numbers may have thousands of values, so theirs are
moments or terms; all else is held in tables of which values met. Shapes: G groups of units, K sums, B resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evalhub.stats.agreement import (
    Coded,
    Disagreement,
    Floats,
    Ints,
    Level,
    alpha_of,
    coincidences,
    disagreement,
    interval_alpha,
    interval_disagreement,
    moments,
)
from evalhub.stats.ratio import ratio_alpha, ratio_disagreement, ratio_sums

OF_NUMBERS = (Level.INTERVAL, Level.RATIO)


def sums_of(answers: Coded, level: Level, group_U: Ints | None = None) -> Floats:
    """sums_GK, per group of units (None: all are one)."""
    if level is Level.RATIO:
        return ratio_sums(answers, group_U)
    if level is Level.INTERVAL:
        values_R = answers.values_V[answers.code_R]
        return moments(answers.unit_R, values_R, answers.units, group_U)
    return coincidences(answers.counts(), group_U)


def figure_of(values_V: Floats, level: Level) -> Callable[[Floats], Floats]:
    """What makes alphas of lines of those sums, sums_BK -> alpha_B."""
    if level is Level.RATIO:
        return partial(ratio_alpha, values_V=values_V)
    return interval_alpha if level is Level.INTERVAL else alpha_of(values_V, level)


def paired_in(sums_GK: Floats, level: Level) -> Floats:
    """How many answers to units of two or more stand behind each line of sums."""
    paired_G: Floats = sums_GK[..., 1] if level in OF_NUMBERS else sums_GK.sum(axis=-1)
    return paired_G


def disagreement_by(answers: Coded, level: Level) -> Disagreement:
    """See `evalhub.stats.agreement.disagreement`."""
    if level is Level.RATIO:
        return ratio_disagreement(answers)
    if level is Level.INTERVAL:
        return interval_disagreement(answers)
    return disagreement(answers, level)
