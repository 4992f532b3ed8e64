"""An alpha with its verdict, and who stands behind it, as parts of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from evalhub.quality.answered import Answered, Beat, alpha_in
from evalhub.reports.behind import judgments_in
from evalhub.stats.agreement import Coded, verdict, why_undefined
from evalhub.stats.intervals import Estimate


def row_of(
    alpha: Estimate,
    of: Callable[[], Coded],
    *,
    answers: int,
    missing: int,
    units: int,
    of_two: int,
    judgments: int,
) -> dict[str, Any]:
    """An alpha with its verdict and how much stands behind it, as a part of the report.

    Args:
        of: the answers it is of, asked for where it has no value.
    """
    return {
        "alpha": asdict(alpha),
        "undefined": why_undefined(of()).value if alpha.value is None else None,
        "verdict": verdict(alpha.low, alpha.high),
        "answers": answers,
        "missing": missing,
        "units": units,
        "units_of_two": of_two,
        "judgments": judgments,
    }


def whole_of(said: Answered, *, beat: Beat) -> dict[str, Any]:
    """The same of all answers together."""
    return row_of(
        alpha_in(said, beat=beat),
        lambda: said.answers,
        answers=len(said.given.value_R),
        missing=len(said.asked.value_R) - len(said.given.value_R),
        units=said.answers.units,
        of_two=int(said.is_met.sum()),
        judgments=judgments_in(said.given.judgment_R),
    )
