"""TRL's dataset formats (dataset_formats, 1.x): `prompt` alone or with `completion`; with `label` for
KTO; `prompt`, `chosen`, `rejected`, or the last two with the prompt inside; each as text or messages.

Anthropic's HH-RLHF is the same with transcripts: `chosen` and `rejected` as "\\n\\nHuman: …" and
"\\n\\nAssistant: …", which part at the last answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evalhub.formats.answers import Asked, check_pair, liked, preferred, shown
from evalhub.formats.chat import Exchange, exchange_of, messages_of, tools_of
from evalhub.formats.openai import two_conversations
from evalhub.formats.outside import Cells, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit
from evalhub.formats.rows import Message, Row

KNOWN = ("prompt", "completion", "chosen", "rejected", "label", "tools", "model")

_TURN = re.compile(r"\n\n(Human|Assistant):[ \n]?")


def fits(cells: Cells) -> bool:
    is_pair = isinstance(cells.get("chosen"), str | list) and "rejected" in cells
    answers = "completion" in cells or is_pair or set(cells) <= {"prompt", "tools"}
    return ("prompt" in cells and answers) or (is_pair and isinstance(cells["chosen"], list))


def fits_transcript(cells: Cells) -> bool:
    said = cells.get("chosen")
    return (
        isinstance(said, str)
        and "\n\nHuman:" in f"\n\n{said}"
        and "rejected" in cells
        and "prompt" not in cells
    )


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    ignored = unknown_fields(piece, *KNOWN)
    if "chosen" in cells or "rejected" in cells:
        yield from _pair(piece, seen, ignored)
        return
    messages = _turns(cells, "prompt", "user")
    asked = Asked(piece, messages, documents=tools_of(cells, "tools"), ignored=ignored)
    if cells.get("completion") is None:
        yield asked.row
        return
    answer = _answer(cells, "completion")
    label = cells.get("label")
    if label is None:
        yield from shown(asked, seen, answer, model=text_at(cells, "model"))
    elif isinstance(label, bool):
        yield from liked(asked, seen, answer, is_good=label)
    else:
        raise Unfit("label", "This must be true or false: whether the completion is good.")


def transcript_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    (asked, chosen), (asked_too, refused) = (
        _transcript(text_at(cells, name), name) for name in ("chosen", "rejected")
    )
    if asked != asked_too:
        reason = "It must be the same conversation as chosen up to the last answer."
        raise Unfit("rejected", reason)
    if chosen is None or refused is None:
        raise Unfit("chosen", "Both must end with a turn of the assistant.")
    check_pair(chosen, refused, field="rejected", key="")
    ignored = unknown_fields(piece, "chosen", "rejected")
    yield from preferred(Asked(piece, asked, ignored=ignored), seen, chosen, refused)


def _pair(piece: Piece, seen: Seen, ignored: tuple[str, ...]) -> Iterator[Row]:
    cells: Cells = piece.value
    if _is_whole(cells.get("chosen")):
        yield from two_conversations(piece, seen, "chosen", "rejected", ignored=ignored)
        return
    if cells.get("prompt") is None:
        reason = "Where chosen and rejected are answers alone, the row needs a prompt."
        raise Unfit("prompt", reason)
    chosen, refused = (_answer(cells, name) for name in ("chosen", "rejected"))
    check_pair(chosen, refused, field="rejected", key="")
    messages = _turns(cells, "prompt", "user")
    asked = Asked(piece, messages, documents=tools_of(cells, "tools"), ignored=ignored)
    yield from preferred(asked, seen, chosen, refused)


def _is_whole(turns: Any) -> bool:
    """Whether it is a conversation with its prompt inside."""
    return isinstance(turns, list) and any(
        isinstance(turn, dict) and turn.get("role") == "user" for turn in turns
    )


def _turns(cells: Cells, name: str, role: str) -> list[Message]:
    value = cells.get(name)
    if isinstance(value, str):
        return [Message("user" if role == "user" else "assistant", value)]
    return messages_of(value, name)


def _answer(cells: Cells, name: str) -> Message:
    turns = _turns(cells, name, "assistant")
    if len(turns) != 1 or turns[0].role != "assistant":
        raise Unfit(name, "This must be text, or one turn of the assistant.")
    return turns[0]


def _transcript(text: str, field: str) -> Exchange:
    parts = _TURN.split(text if text.startswith("\n\n") else f"\n\n{text}")
    if parts[0].strip() or len(parts) < 3:
        raise Unfit(field, "A transcript starts with “Human:” and has a line of its own per turn.")
    messages = [
        Message("user" if who == "Human" else "assistant", said.strip())
        for who, said in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return exchange_of(messages, field)
