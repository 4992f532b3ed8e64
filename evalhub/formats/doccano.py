"""doccano's exports as JSONL, JSON and CSV (1.8): `id`, `text` (older: `data`), and what was said of it.

`label` or `cats`: the words of a classification, a list of [start, end, label] of sequence labelling,
or the texts of a sequence to sequence project; `entities` of a relation project are spans. `Comments`
are remarks. One file per annotator has no name in it: it is by an unknown annotator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalhub.formats.outside import Cells, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit, rejected, short_digest
from evalhub.formats.rows import Message, PromptRow, Row
from evalhub.formats.said import Said

RUBRIC = "doccano"
_LABELS = ("label", "labels", "cats", "entities")
_REMARKS = ("Comments", "comments")
KNOWN = ("id", "text", "data", "relations", "user", "username", *_LABELS, *_REMARKS)


def fits(cells: Cells) -> bool:
    text = cells.get("text", cells.get("data"))
    return isinstance(text, str) and bool(set(_LABELS) & set(cells))


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    key = "text" if "text" in cells else "data"
    text = text_at(cells, key)
    if not text.strip():
        raise Unfit(key, "The text is empty.")
    number = cells.get("id")
    name = f"doccano-{number if number not in (None, '') else short_digest(text)}"
    prompt = PromptRow(
        line=piece.line,
        id=name,
        messages=[Message("user", text)],
        ignored=unknown_fields(piece, *KNOWN),
    )
    yield prompt
    who = text_at(cells, "username") or text_at(cells, "user")
    said = Said(prompt, name=f"{name}-{who or 'said'}", rubric=RUBRIC, responses=())
    said.annotator = who or None
    for field in (*_LABELS, *_REMARKS):
        if cells.get(field) not in (None, "", []):
            _take(said, field, cells[field], text)
    rows = list(said.rows())
    yield from rows or [rejected(piece, "label", "Nobody labelled this text; it is a prompt only.")]


def _take(said: Said, field: str, value: Any, text: str) -> None:
    if field in _REMARKS:
        said.critique += [str(each) for each in (value if isinstance(value, list) else [value])]
        return
    if isinstance(value, bool | int | float):
        said.rate("label", str(value))
        return
    labels = value.split("#") if isinstance(value, str) else value  # CSV joins several with #
    if not isinstance(labels, list):
        raise Unfit(field, "This must be a word, or a list of words or of [start, end, label].")
    if all(isinstance(each, str) for each in labels):
        _words(said, labels)
        return
    for place, each in enumerate(labels):
        _span(said, each, f"{field}[{place}]", text)


def _words(said: Said, labels: list[str]) -> None:
    """Short ones are labels; a text in its place is the answer of a sequence to sequence project."""
    if any(len(each) > 60 or "\n" in each for each in labels):
        said.demonstration = labels[0]
    elif len(labels) == 1:
        said.rate("label", labels[0])
    else:
        for each in labels:  # several at once: each is a yes to a question of its own
            said.rate(f"label {each}", value=True)


def _span(said: Said, value: Any, field: str, text: str) -> None:
    if isinstance(value, dict):
        value = [value.get("start_offset"), value.get("end_offset"), value.get("label")]
    if not isinstance(value, list) or len(value) != 3:
        raise Unfit(field, "This must be [start, end, label].")
    start, end, label = value
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label:
        raise Unfit(field, "This must be [start, end, label].")
    said.mark(start, end, label, text[start:end] or None, response=None)
