"""Preference JSON: `conversations`, `chosen`, `rejected`, as an array or one object per line.

Rows bring no ids: a prompt is named by its conversation, a completion by its text, a judgment by
the whole row; a row that stands twice counts twice.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

from msgspec import Meta, Struct, field

from evalhub.formats.reading import Piece, Seen, items, lines, rejected, short_digest, typed
from evalhub.formats.rows import (
    CompletionRow,
    JudgmentRow,
    Message,
    PreferenceRow,
    PromptRow,
    Rejected,
    Row,
    plain,
)


class _Turn(Struct, frozen=True):
    who: Literal["human", "gpt", "system"] = field(name="from")
    value: str


class _Pair(Struct, frozen=True):
    conversations: Annotated[list[_Turn], Meta(min_length=1)]
    chosen: _Turn
    rejected: _Turn
    system: str = ""


_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "human": "user",
    "gpt": "assistant",
    "system": "system",
}


def read(stream: BinaryIO) -> Iterator[Row]:
    """Each pair as its prompt with two completions, then the judgment."""
    seen = Seen()
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    start = buffered.read(64)
    buffered.seek(0)
    pieces = (
        items(buffered) if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[" else lines(buffered)
    )
    for piece in pieces:
        if isinstance(piece, Rejected):
            yield piece
            continue
        pair = typed(piece, _Pair)
        if isinstance(pair, Rejected):
            yield pair
        elif fault := _fault(pair):
            yield rejected(piece, *fault)
        else:
            yield from _rows(piece, pair, seen)


def _fault(pair: _Pair) -> tuple[str, str] | None:
    last = len(pair.conversations) - 1
    turn = pair.conversations[last]
    if turn.who != "human":
        reason = "The last turn must be from human: the answers stand in chosen and rejected."
        return f"conversations[{last}].from", reason
    if not turn.value.strip():
        return f"conversations[{last}].value", "The prompt is empty."
    for name, answer in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        if answer.who != "gpt":
            return f"{name}.from", f'{name} must be from "gpt".'
        if not answer.value.strip():
            return f"{name}.value", f"{name} is empty. Fill it in or leave the pair out."
    if pair.chosen.value == pair.rejected.value:
        return "rejected.value", "chosen and rejected are the same text: nothing was preferred."
    return None


def _rows(piece: Piece, pair: _Pair, seen: Seen) -> Iterator[PromptRow | JudgmentRow]:
    messages = [Message(_ROLES[each.who], each.value) for each in pair.conversations]
    if pair.system.strip() and messages[0].role != "system":
        messages.insert(0, Message("system", pair.system))
    chosen, refused = (
        CompletionRow(short_digest(each.value), each.value) for each in (pair.chosen, pair.rejected)
    )
    prompt = PromptRow(
        line=piece.line,
        id=short_digest([plain(each) for each in messages]),
        messages=messages,
        completions=sorted((chosen, refused), key=lambda each: each.id),  # no order that tells
    )
    yield prompt
    name = short_digest([prompt.id, chosen.id, refused.id])
    again = seen.times(name)
    yield JudgmentRow(
        line=piece.line,
        id=f"{name}-{again + 1}" if again else name,
        prompt=prompt.id,
        responses=[each.id for each in prompt.completions],
        preferences=[PreferenceRow(choice=chosen.id)],
    )
