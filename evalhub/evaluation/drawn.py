"""Figures of which the run tells draws instead of rows, and what it says of which way is better.

The trainer alone knows the formula of such a figure (F1 of a harness's task, say), so it draws documents
anew and tells the figure of each draw; see EvaluateOptions. Needs scipy: workers import this, pages never do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from evalhub.evaluation.numbers import Row
from evalhub.stats.association import p_of_no_difference
from evalhub.stats.intervals import (
    LEVEL,
    Difference,
    Estimate,
    Floats,
    difference_of_draws,
    interval_of_draws,
)

Tables = Mapping[str, Sequence[Row]]


def drawn_in(tables: Tables) -> dict[str, Row]:
    return {row["figure"]: row for row in tables.get("figures", ()) if "draws" in row}


def with_direction(name: str, metric: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """The stored form of a figure that evalhub does not know: which way is better stands beside it."""
    for row in tables.get("figures", ()):
        if row["figure"] == name:
            return metric | {"better": row["better"]}
    return metric


def estimated(row: Row) -> dict[str, Any]:
    low, high = interval_of_draws(_draws(row), row["n"])
    return asdict(Estimate(row["value"], low, high, row["n"]))


def difference(before: Row, after: Row, *, level: float = LEVEL) -> dict[str, Any] | None:
    """Paired, since both models saw the same draws; None where their documents differ."""
    first_B, second_B = _draws(before), _draws(after)
    if before["set"] != after["set"] or len(first_B) != len(second_B):
        return None
    found = difference_of_draws(
        before["value"], after["value"], second_B - first_B,
        n=after["n"], groups=after["n"], level=level,
    )  # fmt: skip
    return asdict(found) | {"p": p_of_no_difference(found)}


def alone(after: Row) -> dict[str, Any]:
    """Where the baseline has no such figure."""
    n = after["n"]
    return asdict(Difference(None, after["value"], None, None, None, None, n=n, groups=n))


def _draws(row: Row) -> Floats:
    return np.array([np.nan if each is None else each for each in row["draws"]], dtype=np.float64)
