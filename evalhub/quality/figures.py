"""How far a person can be relied on, by the fits of the questions that they answered, as one figure.

1 is like the others, 0 as if by lot, whatever the question: so figures of one person on several questions
may be put together. Plain Python: what a build makes of them must not hang on a machine's rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

Fit = Mapping[str, Any]  # JSON, see `fits`
Fits = Mapping[int, Mapping[str, Fit]]  # by the campaign's key: ReliabilityFit.questions

MOST_WEIGHT = 4.0  # of ordinary ratings: half the others' spread is the least that is believed, see docs/design.md
LEAST_WEIGHT = 0.05  # of a row whose author nobody can rely on: nothing is taught by weight 0


def figure_of(fit: Fit, rater: Any) -> float:  # Any: nested lists of numbers
    """Of pairs the strength; of choices how much better than by lot they find what is true (1: always); of
    a scale how much of their answers is the truth and not their own noise, against the others: at a width of
    1 and a noise of 1, a spread of 1 gives 1, of 2 gives 0.4.
    """
    if fit["model"] == "strengths":
        return float(rater[0])
    if fit["model"] == "choices":
        by_lot = 1 / max(len(fit["values"]), 2)
        right = sum(prior * rater[nth][nth] for nth, prior in enumerate(fit["priors"]))
        return float((right - by_lot) / (1 - by_lot))
    width, noise, spread = fit["width"] ** 2, fit["noise"] ** 2, rater[1] ** 2
    return float((width + noise) / (width + spread))


def figures_of(fits: Fits, member: int) -> dict[int, list[float]]:
    """Those of one person, by the key of the campaign; campaigns in which nothing is known are not there."""
    found = {
        campaign: [
            figure_of(fit, fit["raters"][str(member)])
            for fit in questions.values()
            if str(member) in fit["raters"]
        ]
        for campaign, questions in fits.items()
    }
    return {campaign: each for campaign, each in found.items() if each}


def reliability_of(fits: Fits, member: int, campaign: int) -> float | None:
    """The mean of their figures in that campaign, else in the others; None where nothing is known.

    >>> pairs = {"model": "strengths", "raters": {"7": [0.5, 0.0]}}
    >>> reliability_of({1: {"0": pairs}}, member=7, campaign=2)
    0.5
    """
    known = figures_of(fits, member)
    if not known:
        return None
    return fmean(known.get(campaign) or [each for some in known.values() for each in some])


def as_weight(reliability: float | None) -> float:
    """What a row of one person's weighs: at most 1, as much as where nothing is known of them."""
    return 1.0 if reliability is None else min(1.0, max(LEAST_WEIGHT, reliability))
