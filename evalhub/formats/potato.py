"""Potato's annotated instances (docs/data-export): JSONL, CSV and TSV, one row per person and instance.

JSON: `user_id`, `instance_id` (or `id`), `displayed_text`, `label_annotations` by scheme and
`span_annotations`. Tables: `user`, `instance_id`, `displayed_text`, and a column `scheme:::label` for
each label. A scheme with one label is that label; pairwise schemes say `selection` or `scale_value`
(below 0: A). Without a text the instance is known by its id alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from evalhub.formats.fields import Record, record_of
from evalhub.formats.outside import Cells, text_at
from evalhub.formats.reading import Piece, Seen, Unfit, rejected
from evalhub.formats.rows import Row
from evalhub.formats.said import Said, choice_of

RUBRIC = "potato"
_TEXTS = ("displayed_text", "text", "responses", "left", "right", "prompt")
_NO = (None, "", False, "false", "False", "0")


def fits(cells: Cells) -> bool:
    is_table = any(":::" in name for name in cells) and bool({"user", "user_id"} & set(cells))
    return is_table or ("user_id" in cells and "label_annotations" in cells)


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    instance = text_at(cells, "instance_id") or text_at(cells, "id")
    if not instance:
        raise Unfit("instance_id", "Every row needs the id of its instance.")
    fields = {name: cells[name] for name in _TEXTS if cells.get(name)}
    record = record_of(piece, f"potato-{instance}", fields or {"text": instance}, "displayed_text")
    yield record.prompt
    who = text_at(cells, "user_id") or text_at(cells, "user")
    name = f"{record.prompt.id}-{who or 'unknown'}"
    said = Said(record.prompt, name=name, rubric=RUBRIC, responses=record.responses)
    said.annotator = who or None
    for scheme, labels in _schemes(cells).items():
        _take(said, record, scheme, labels)
    spans = cells.get("span_annotations")
    if isinstance(spans, dict):
        spans = [
            each for several in spans.values() if isinstance(several, list) for each in several
        ]
    for place, each in enumerate(spans if isinstance(spans, list) else []):
        _span(said, record, each, f"span_annotations[{place}]")
    rows = list(said.rows())
    yield from rows or [rejected(piece, "label_annotations", "The annotation is empty.")]


def _schemes(cells: Cells) -> dict[str, Cells]:
    found: dict[str, Cells] = defaultdict(dict)
    for name, value in cells.items():
        if ":::" in name and value not in _NO:
            scheme, label = name.split(":::", 1)
            found[scheme][label] = value
    given = cells.get("label_annotations")
    for scheme, labels in (given if isinstance(given, dict) else {}).items():
        inner = labels.get("labels", labels) if isinstance(labels, dict) else {"value": labels}
        if isinstance(inner, dict):
            said = {label: value for label, value in inner.items() if value not in _NO}
            zero = {"scale_value": "0"} if inner.get("scale_value") in ("0", 0) else {}
            found[scheme] |= said | zero
    return found


def _take(said: Said, record: Record, scheme: str, labels: Cells) -> None:
    if "selection" in labels:
        choice = choice_of(str(labels["selection"]), record.responses)
        if choice is None or len(record.responses) != 2:
            raise Unfit(scheme, "The selection names none of two responses.")
        said.prefer(choice)
    elif "scale_value" in labels:
        _scaled(said, record, scheme, labels["scale_value"])
    elif set(labels) & {"text_box", "free_response"}:
        said.remark(scheme, str(next(iter(labels.values()))))
    elif len(labels) == 1:
        label, value = next(iter(labels.items()))
        said.rate(scheme, _number(value, label))
    else:
        for label in labels:  # several at once: each is a yes to a question of its own
            said.rate(f"{scheme} {label}", value=True)


def _scaled(said: Said, record: Record, scheme: str, value: Any) -> None:
    try:
        number = round(float(value))
    except (TypeError, ValueError, OverflowError):
        raise Unfit(scheme, "The value of the scale must be a number.") from None
    if len(record.responses) != 2:
        raise Unfit(scheme, "A pairwise scheme needs exactly two responses.")
    if number == 0:
        said.prefer("tie")
    else:
        said.prefer(record.responses[number > 0], strength=min(abs(number), 3))


def _number(value: Any, label: str) -> Any:
    """The scale's point where the label is one ("scale_4": "4"), else the label itself."""
    text = str(value).strip()
    digits = label.rsplit("_", 1)[-1]
    if digits.isdecimal() and len(digits) < 5 and text in (digits, "True", "true"):
        return int(digits)
    if label == "value":
        return int(text) if text.isdecimal() and len(text) < 5 else text
    return label


def _span(said: Said, record: Record, value: Any, field: str) -> None:
    start, end = (value.get("start"), value.get("end")) if isinstance(value, dict) else (None, None)
    if not isinstance(value, dict) or type(start) is not int or type(end) is not int:
        raise Unfit(field, "A span must have start and end.")
    label = (
        value.get("annotation") or value.get("label") or value.get("name") or value.get("schema")
    )
    text = value.get("span") or value.get("text")
    response = record.responses[0] if len(record.responses) == 1 else None
    said.mark(
        start, end, str(label), text if isinstance(text, str) and text else None, response=response
    )
