"""All numbers of an answer, by the columns of predictions.jsonl."""

from __future__ import annotations

from typing import Any

from training.metrics.asked import Asked
from training.metrics.forms import TooSlow, is_valid, matches
from training.metrics.labels import read_label
from training.metrics.overlap import likeness
from training.metrics.words import distinct, exact_match, is_refusal, token_f1


def told(said: str, asked: Asked, *, ter: bool = True) -> dict[str, Any]:
    """What can be told of the answer by what its row carries; nothing else is there.

    Args:
        ter: whether TER is told, which takes long for long texts.

    Raises:
        LeadsOut: the row's schema refers to what is not in it.
    """
    found: dict[str, Any] = {
        "refused": float(is_refusal(said)),
        "distinct1": distinct(said, 1),
        "distinct2": distinct(said, 2),
    }
    if asked.reference is not None:
        found |= likeness(said, asked.reference, ter=ter)
        found["exact_match"] = exact_match(said, asked.reference)
        found["token_f1"] = token_f1(said, asked.reference)
    if asked.label:
        found["label"] = asked.label
        found["said_label"] = read_label(said, asked.labels)
        found["labels"] = list(asked.labels)
    return found | _form(said, asked)


def too_slow(row: dict[str, Any]) -> bool:
    """Whether a pattern could not be tried on the answer; the row then has no such figure."""
    return row.get("valid_json", 0.0) is None or row.get("pattern_found", 0.0) is None


def _form(said: str, asked: Asked) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    if asked.checker is not None:
        found["valid_json"] = _in_time(is_valid, said, asked.checker)
    if asked.pattern is not None:
        found["pattern_found"] = _in_time(matches, said, asked.pattern)
    return found


def _in_time(look: Any, said: str, by: Any) -> float | None:  # a checker or a compiled pattern
    try:
        return float(look(said, by))
    except TooSlow:
        return None
