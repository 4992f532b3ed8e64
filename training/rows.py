"""Rows of a build, as they lie in a JSON lines file: checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from training.errors import InputError

Messages = list[dict[str, Any]]  # role, content, and calls of tools as chat templates read them
ONE, PAIR = ("completion",), ("chosen", "rejected")  # answers of a row
DOCUMENT = ("text",)  # what takes their place where nobody asks
Text = str | Messages  # plain text, or turns of a conversation


@dataclass(frozen=True)
class Row:
    """One line: `number` counts from 1; `id` is the row's own, else its number."""

    number: int
    id: str
    group: str
    texts: dict[str, Text]
    reference: str | None = None
    tools: list[Any] | None = None  # that a conversation may call
    judged: dict[str, Any] = field(default_factory=dict)  # what stands in other columns, as it is


def read_rows(
    path: Path, *, name: str, fields: Sequence[str], judged: Sequence[str] = ()
) -> list[Row]:
    """Read the rows of an input; columns that are not in `fields` are for others.

    Args:
        judged: columns that may stand there besides texts; see training.judged.

    Raises:
        InputError: no row, broken JSON, a field missing or neither text nor turns.
    """
    rows = []
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                rows.append(_row(line, number, name=name, fields=fields, judged=judged))
    if not rows:
        raise InputError(
            f"The input {name!r} ({path.name}) holds no row; there is nothing to work on."
        )
    return rows


def share_of(rows: list[Row], share: float, *, seed: int) -> list[Row]:
    """As many whole groups as hold that share of the rows, in the order of the rows.

    Groups are drawn in an order of the seed, so a smaller share lies within a larger one.
    """
    if share == 1:
        return rows
    sizes = Counter(row.group for row in rows)
    order = sorted(sizes, key=lambda group: hashlib.sha256(f"{seed}\0{group}".encode()).digest())
    wanted, held = max(1, round(share * len(rows))), 0
    kept = set()
    for group in order:
        if held >= wanted:
            break
        kept.add(group)
        held += sizes[group]
    return [row for row in rows if row.group in kept]


def fields_of(answers: Sequence[str]) -> tuple[str, ...]:
    """What a row must hold besides its id: a prompt with its answers, or a document."""
    return DOCUMENT if tuple(answers) == DOCUMENT else ("prompt", *answers)


def answers_in(path: Path) -> tuple[str, ...]:
    """Which answers the rows of a probe hold: those of pairs, or one each."""
    with path.open(encoding="utf-8") as stream:
        first = next((line for line in stream if line.strip()), "{}")
    try:
        row = json.loads(first)
    except ValueError:
        return ONE  # reading it says what is wrong
    return PAIR if isinstance(row, dict) and "chosen" in row else ONE


def plain(text: Text) -> str:
    """The words alone."""
    return text if isinstance(text, str) else "\n".join(turn["content"] for turn in text)


def is_blank(text: Text) -> bool:
    """Whether it neither says anything nor calls a tool."""
    return not plain(text).strip() and not calls_tools(text)


def calls_tools(text: Text) -> bool:
    return not isinstance(text, str) and any(turn.get("tool_calls") for turn in text)


def _row(line: str, number: int, *, name: str, fields: Sequence[str], judged: Sequence[str]) -> Row:
    place = f"{name!r}, row {number}"
    try:
        body = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"Input {place} is not JSON ({error}); write one object a line."
        ) from error
    if not isinstance(body, dict):
        raise InputError(f"Input {place} is not an object; write one object a line.")
    texts = {field: _text(body.get(field), field, place) for field in fields}
    if len({isinstance(text, str) for text in texts.values()}) > 1:
        raise InputError(
            f"Input {place} mixes plain text and turns in {', '.join(fields)}; write all of them one way."
        )
    reference = body.get("reference")
    if reference is not None:
        reference = plain(_text(reference, "reference", place))
    own = str(body.get("id", number))
    others = {column: body[column] for column in judged if body.get(column) is not None}
    group = str(body.get("group") or own)
    return Row(number, own, group, texts, reference, _tools(body.get("tools"), place), others)


def _text(value: Any, field: str, place: str) -> Text:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        _refuse(field, place)
    turns = []
    for turn in value:
        if not isinstance(turn, dict) or not all(
            isinstance(turn.get(k), str) for k in ("role", "content")
        ):
            _refuse(field, place)
        said = {"role": turn["role"], "content": turn["content"]}
        if turn.get("tool_calls"):
            said["tool_calls"] = _calls(turn["tool_calls"], field, place)
        turns.append(said)
    return turns


def _calls(value: Any, field: str, place: str) -> list[dict[str, Any]]:
    """Each as a list of {"type": "function", "function": {"name", "arguments"}}, with or without the frame."""
    calls = []
    for each in value if isinstance(value, list) else [value]:
        call = each.get("function", each) if isinstance(each, dict) else None
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            raise InputError(
                f"Input {place}: each of the tool_calls in {field!r} must have a name and arguments."
            )
        calls.append({"type": "function", "function": call})
    return calls


def _tools(value: Any, place: str) -> list[Any] | None:
    """What stands in `tools`: a list, or such a list as JSON text."""
    try:
        tools = json.loads(value) if isinstance(value, str) and value.strip() else value or None
    except ValueError as error:
        raise InputError(f"Input {place}: 'tools' is not JSON ({error}).") from error
    if tools is not None and not isinstance(tools, list):
        raise InputError(f"Input {place}: 'tools' must be a list of tools, as JSON.")
    return tools


def _refuse(field: str, place: str) -> NoReturn:
    raise InputError(
        f"Input {place}: {field!r} must be text or a list of turns with 'role' and 'content' as text."
    )
