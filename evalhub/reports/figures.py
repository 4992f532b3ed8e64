"""Figures as JSON takes them."""

from __future__ import annotations

import numpy as np

from evalhub.stats.slices import Means


def number(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if np.isfinite(value) else None


FEW_ANSWERS = "few_answers"
MANY_VALUES = "many_values"
ONE_A_PROMPT = "one_a_prompt"
EQUAL_LENGTHS = "equal_lengths"
# beside those of `evalhub.stats.agreement.Undefined`: why a figure has no value


def interval(value: float, low: float, high: float) -> dict[str, float | None]:
    return {"value": number(value), "low": number(low), "high": number(high)}


def cell(found: Means, at: int) -> dict[str, float | None]:
    return interval(found.value_C[at], found.low_C[at], found.high_C[at])
