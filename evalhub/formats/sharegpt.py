"""ShareGPT: `conversations` of turns `from` and `value`, as LLaMA-Factory documents it (data/README).

Also `system`, `tools` (JSON as text), and `chosen` with `rejected`: the answers of a pair. Without
those the last turn, if it is the model's, is the answer. Speakers: human, gpt, system, observation,
and function_call, whose text is the call.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalhub.formats.answers import Asked, check_pair, preferred, shown
from evalhub.formats.chat import (
    Tags,
    exchange_of,
    message_of,
    messages_of,
    tools_of,
    with_system,
)
from evalhub.formats.outside import Cells, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit
from evalhub.formats.rows import Message, Row

KNOWN = ("conversations", "system", "tools", "chosen", "rejected", "model")


def fits(cells: Cells) -> bool:
    return isinstance(cells.get("conversations"), list)


def is_pair(cells: Cells) -> bool:
    return fits(cells) and "chosen" in cells and "rejected" in cells


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    ignored = unknown_fields(piece, *KNOWN)
    messages = messages_of(cells.get("conversations"), "conversations")
    messages = with_system(messages, text_at(cells, "system"))
    documents = tools_of(cells, "tools")
    if "chosen" not in cells and "rejected" not in cells:
        asked, answer = exchange_of(messages, "conversations")
        model = text_at(cells, "model")
        yield from shown(
            Asked(piece, asked, documents=documents, ignored=ignored), seen, answer, model=model
        )
        return
    yield from pair_of(piece, seen, messages, documents=documents, ignored=ignored)


def pair_of(
    piece: Piece,
    seen: Seen,
    messages: list[Message],
    *,
    documents: list[object],
    ignored: tuple[str, ...],
    tags: Tags | None = None,
) -> Iterator[Row]:
    """The row's `chosen` and `rejected`, each one turn, as answers to `messages`."""
    last = len(piece.value["conversations"]) - 1
    if messages[-1].role not in ("user", "tool"):
        reason = "The last turn must be from human: the answers stand in chosen and rejected."
        raise Unfit(f"conversations[{last}].from", reason)
    if not messages[-1].content.strip():
        raise Unfit(f"conversations[{last}].value", "The prompt is empty.")
    chosen, refused = (
        message_of(piece.value.get(name), name, tags) for name in ("chosen", "rejected")
    )
    for name, each in (("chosen", chosen), ("rejected", refused)):
        if each.role != "assistant":
            raise Unfit(f"{name}.from", f'{name} must be from "gpt".')
    check_pair(chosen, refused, field="rejected")
    asked = Asked(piece, messages, documents=documents, ignored=ignored)
    yield from preferred(asked, seen, chosen, refused)
