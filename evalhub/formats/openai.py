"""OpenAI's JSONL for fine-tuning: chat (`messages`, `tools`) and preference (`input`,
`preferred_output`, `non_preferred_output`), as the API reference describes them (2025).

The last assistant turn is the answer. TRL's and LLaMA-Factory's files of `messages` are read the
same way; there a `label` of true or false says whether the answer is good (KTO), and
`chosen_messages` with `rejected_messages` (LLaMA-Factory v1) are two whole conversations.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalhub.formats.answers import Asked, check_pair, liked, preferred, shown
from evalhub.formats.chat import exchange_of, messages_of, tools_of, with_system
from evalhub.formats.outside import Cells, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit
from evalhub.formats.rows import Message, Row

CHAT = ("messages", "tools", "functions", "system", "label", "model", "parallel_tool_calls")
PAIR = ("input", "preferred_output", "non_preferred_output")


def fits_chat(cells: Cells) -> bool:
    return isinstance(cells.get("messages"), list)


def is_answered(cells: Cells) -> bool:
    """Whether the messages end with an answer: evalhub's own prompts never do."""
    last = cells["messages"][-1] if fits_chat(cells) and cells["messages"] else None
    return isinstance(last, dict) and last.get("role", last.get("from")) in ("assistant", "gpt")


def fits_pair(cells: Cells) -> bool:
    return all(name in cells for name in PAIR)


def chat_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    messages = with_system(messages_of(cells.get("messages"), "messages"), text_at(cells, "system"))
    messages, answer = exchange_of(messages, "messages")
    asked = Asked(
        piece,
        messages,
        documents=tools_of(cells, "tools", "functions"),
        ignored=unknown_fields(piece, *CHAT),
    )
    label = cells.get("label")
    if label is None:
        yield from shown(asked, seen, answer, model=text_at(cells, "model"))
    elif not isinstance(label, bool):
        raise Unfit("label", "This must be true or false: whether the answer is good.")
    elif answer is None:
        raise Unfit("messages", "The last turn must be the assistant's: `label` is about it.")
    else:
        yield from liked(asked, seen, answer, is_good=label)


def pair_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    given = cells.get("input")
    if not isinstance(given, dict):
        raise Unfit("input", "This must be an object with messages.")
    messages = messages_of(given.get("messages"), "input.messages")
    better, worse = (_only(cells, name) for name in PAIR[1:])
    if (better.content, better.tool_calls) == (worse.content, worse.tool_calls):
        raise Unfit("non_preferred_output", "Both outputs are the same: nothing was preferred.")
    ignored = unknown_fields(piece, *PAIR)
    asked = Asked(piece, messages, documents=tools_of(given, "tools"), ignored=ignored)
    yield from preferred(asked, seen, better, worse)


def _only(cells: Cells, name: str) -> Message:
    turns = messages_of(cells.get(name), name)
    if len(turns) != 1 or turns[0].role != "assistant":
        raise Unfit(name, "This must be one turn of the assistant.")
    if not turns[0].content.strip() and not turns[0].tool_calls:
        raise Unfit(f"{name}[0].content", "The answer is empty.")
    return turns[0]


def fits_whole_pair(cells: Cells) -> bool:
    return "chosen_messages" in cells and "rejected_messages" in cells


def whole_pair_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    """Two whole conversations that part at the last turn."""
    names = ("chosen_messages", "rejected_messages")
    ignored = unknown_fields(piece, *names)
    yield from two_conversations(piece, seen, *names, ignored=ignored)


def two_conversations(
    piece: Piece, seen: Seen, better: str, worse: str, *, ignored: tuple[str, ...]
) -> Iterator[Row]:
    (asked, chosen), (asked_too, refused) = (
        exchange_of(messages_of(piece.value.get(name), name), name) for name in (better, worse)
    )
    if asked != asked_too:
        raise Unfit(worse, f"It must be the same conversation as {better} up to the last turn.")
    if chosen is None or refused is None:
        raise Unfit(better, "Both must end with a turn of the assistant.")
    check_pair(chosen, refused, field=worse, key="")
    yield from preferred(Asked(piece, asked, ignored=ignored), seen, chosen, refused)
