"""Who can be relied on less than a build asks for, by the fits that its snapshot names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from evalhub.quality.weighing import Fits

ByCampaign = tuple[tuple[int, tuple[int, ...]], ...]  # campaign and members, by key


def unreliable(fits: Fits, *, least: float) -> ByCampaign:
    """People whose least figure in a campaign is under `least`: of pairs their strength (1: like the
    others, 0: by lot), of choices how much better than by lot they find what is true (1: always).
    What a scale tells of a person, severity and spread, says nothing of that kind.
    """
    found: dict[int, set[int]] = defaultdict(set)
    for campaign, questions in fits.items():
        for fit in questions.values():
            below = [int(key) for key, each in fit["raters"].items() if _figure(fit, each) < least]
            found[campaign].update(below)
    return tuple((key, tuple(sorted(found[key]))) for key in sorted(found) if found[key])


def _figure(fit: Mapping[str, Any], rater: Any) -> float:  # Any: nested lists of numbers
    if fit["model"] == "strengths":
        return float(rater[0])
    if fit["model"] == "choices":
        by_lot = 1 / max(len(fit["values"]), 2)
        right = float(np.array(fit["priors"]) @ np.diag(np.array(rater)))
        return (right - by_lot) / (1 - by_lot)
    return 1.0
