"""Answers of both sides beside each other, with what each figure says of a single one. Workers only."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evalhub.common.files import Beat, unwatched
from evalhub.evaluation.measures import Measure, Tables, measures_of
from evalhub.evaluation.numbers import Row
from training.metrics.labels import right_of

MOST_CHANGED = 50
OF_EACH_FIGURE = 10  # largest gains, and largest losses


def examples_of(
    before: Tables, after: Tables, prompts: Mapping[str, Row], beat: Beat = unwatched
) -> list[dict[str, Any]]:
    """The answers that changed most, and those with the largest gains and losses of each figure.

    Returns:
        [{"prompt", "reference", "right", "choices", "baseline", "candidate", "change", "values"}], the most
        changed first. prompt: as the row has it, turns or plain text. right: the label, or of `choices` the
        right one; None where the row has none. change: 1 - likeness of the texts. values: {figure: [baseline's, candidate's]} of that answer
        alone, without those that a single answer does not have.
    """
    old = {row["id"]: row for row in before["predictions"]}
    new = {row["id"]: row for row in after["predictions"] if row["id"] in old}
    changes = {key: _change(old[key]["content"], row["content"], beat) for key, row in new.items()}
    measures = {
        name: each for name, each in measures_of(after).items() if each.table == "predictions"
    }
    values = _values(measures, old, new, beat)
    ordered = sorted(changes, key=lambda key: (-changes[key], key))
    chosen = set(ordered[:MOST_CHANGED]).union(*_extremes(values))
    return [
        {
            "prompt": prompts.get(key, {}).get("prompt", ""),
            "reference": prompts.get(key, {}).get("reference"),
            "right": _right(prompts.get(key, {})),
            "choices": prompts.get(key, {}).get("choices"),
            "baseline": old[key]["content"],
            "candidate": new[key]["content"],
            "change": changes[key],
            "values": values[key],
        }
        for key in ordered
        if key in chosen
    ]


def value_of(measure: Measure, row: Row) -> float | None:
    """What a figure is of one row alone; None where it says nothing."""
    numbers = measure.numbers(row) if measure.of_one else None
    if numbers is None:
        return None
    value = float(measure.figure(np.array([numbers], dtype=np.float64))[0])
    return value if np.isfinite(value) else None


def _right(row: Row) -> str | None:
    """Rows were read by a run already, so a label means one of its choices."""
    label, choices = row.get("label"), row.get("choices")
    if label is None or not choices:
        return None if label is None else str(label)
    return str(choices[right_of(label, choices)])


def _change(old: str, new: str, beat: Beat) -> float:
    beat()
    return round(1 - difflib.SequenceMatcher(None, old, new).ratio(), 4)


def _values(
    measures: Mapping[str, Measure], old: Mapping[str, Row], new: Mapping[str, Row], beat: Beat
) -> dict[str, dict[str, tuple[float, float]]]:
    found: dict[str, dict[str, tuple[float, float]]] = {key: {} for key in new}
    for name, measure in measures.items():
        for key, row in new.items():
            beat()
            before, after = value_of(measure, old[key]), value_of(measure, row)
            if before is not None and after is not None:
                found[key][name] = (before, after)
    return found


def _extremes(values: Mapping[str, Mapping[str, Sequence[float]]]) -> list[set[str]]:
    """Of each figure those that rose most and those that fell most."""
    found = []
    for name in {name for each in values.values() for name in each}:
        rises = {key: each[name][1] - each[name][0] for key, each in values.items() if name in each}
        order = sorted(rises, key=lambda key: (-rises[key], key))
        found.append({key for key in order[:OF_EACH_FIGURE] if rises[key] > 0})
        found.append({key for key in order[-OF_EACH_FIGURE:] if rises[key] < 0})
    return found
