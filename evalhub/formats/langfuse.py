"""Langfuse: traces or observations with `scores`, and scores alone (blob storage and UI export, 2025).

A trace's `input` is the prompt (text, messages, or an object with either) and its `output` the
completion. A score has `name`, `value` or `stringValue`, `dataType`, `source` (ANNOTATION is a person,
EVAL and API a model), `authorUserId`, `comment`. A file of scores alone names traces that are in the
collection already: their completion has the trace's id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from evalhub.formats.chat import exchange_of, messages_of
from evalhub.formats.outside import Cells, list_at, text_at
from evalhub.formats.reading import Piece, Seen, Unfit, rejected
from evalhub.formats.rows import UNKNOWN_MODEL, CompletionRow, Message, PromptRow, Row
from evalhub.formats.said import Said, time_of

RUBRIC = "langfuse"


def fits(cells: Cells) -> bool:
    return isinstance(cells.get("scores"), list) and "input" in cells and "output" in cells


def fits_scores(cells: Cells) -> bool:
    named = {"traceId", "trace_id"} & set(cells)
    return (
        bool(named)
        and "name" in cells
        and bool({"value", "stringValue", "string_value"} & set(cells))
    )


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    trace = text_at(cells, "id")
    if not trace:
        raise Unfit("id", "A trace needs its id.")
    output = _said(cells.get("output"), "output")
    model = text_at(cells, "model")[:120] or UNKNOWN_MODEL
    answer = CompletionRow(trace, output.content, model, {}, output.tool_calls)
    prompt = PromptRow(
        line=piece.line, id=trace, messages=_asked(cells.get("input")), completions=[answer]
    )
    yield prompt
    for place, score in enumerate(list_at(cells, "scores")):
        if isinstance(score, dict):
            yield from _score(piece, prompt, score, f"scores[{place}]")
        else:
            yield rejected(piece, f"scores[{place}]", "A score must be an object.")


def score_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    """A score whose trace came in another file."""
    cells: Cells = piece.value
    trace = text_at(cells, "traceId") or text_at(cells, "trace_id")
    if not trace:
        raise Unfit("traceId", "The score names no trace.")
    known = PromptRow(line=piece.line, id=trace, messages=[Message("user", "-")])
    yield from _score(piece, known, cells, "")


def _score(piece: Piece, prompt: PromptRow, score: Cells, field: str) -> Iterator[Row]:
    dot = "." if field else ""
    name, value = text_at(score, "name", field=f"{field}{dot}name"), _value(score)
    if not name or value is None:
        yield rejected(piece, f"{field}{dot}value", "A score needs a name and a value.")
        return
    if isinstance(value, float) and not value.is_integer():
        reason = (
            f"{value} is no whole number, as points of a scale are. Multiply this score in every row, by 100 "
            "for one from 0 to 1."
        )
        yield rejected(piece, f"{field}{dot}value", reason)
        return
    own = text_at(score, "id") or f"{prompt.id}-{name}-{value}"
    said = Said(prompt, name=f"score-{own}", rubric=RUBRIC, responses=[prompt.id])
    said.is_model = text_at(score, "source").upper() in ("EVAL", "API")
    author = text_at(score, "authorUserId") or text_at(score, "author_user_id")
    said.annotator = author or (name if said.is_model else None)
    said.at = time_of(score.get("timestamp") or score.get("createdAt") or score.get("created_at"))
    said.rate(name, value)
    if comment := text_at(score, "comment"):
        said.remark("", comment)
    yield from said.rows()


def _value(score: Cells) -> Any:
    """A category by its word, a boolean as true or false, a number as it is."""
    kind = str(score.get("dataType") or score.get("data_type") or "").upper()
    words = score.get("stringValue") or score.get("string_value")
    value = score.get("value")
    if kind == "CATEGORICAL" or (value in (None, "") and words):
        return words
    if isinstance(value, str) and value.strip():
        try:
            value = float(value)
        except ValueError:
            return value
    if kind == "BOOLEAN" and isinstance(value, int | float):
        return bool(value)
    return value if value != "" else None


def _asked(value: Any) -> list[Message]:
    value = _parsed(value)
    turns = value.get("messages") if isinstance(value, dict) else value
    if isinstance(turns, list) and turns and all(isinstance(each, dict) for each in turns):
        messages = messages_of(turns, "input")
        return (
            exchange_of(messages, "input").messages
            if messages[-1].role == "assistant"
            else messages
        )
    return [Message("user", _as_text(value))]


def _said(value: Any, field: str) -> Message:
    value = _parsed(value)
    if isinstance(value, list) and value:
        value = value[-1]
    if isinstance(value, dict) and ("role" in value or "tool_calls" in value):
        return messages_of([{"role": "assistant"} | value], field)[0]
    text = _as_text(value)
    if not text.strip():
        raise Unfit(field, "The trace has no output to score.")
    return Message("assistant", text)


def _parsed(value: Any) -> Any:
    """CSV holds JSON as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _as_text(value: Any) -> str:
    """The one text of an object, else the object as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        texts = [each for each in value.values() if isinstance(each, str)]
        if len(texts) == 1 == len(value):
            return texts[0]
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)
