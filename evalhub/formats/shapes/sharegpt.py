"""ShareGPT: `conversations` of `from` and `value`; what our own reader calls preference JSON."""

from __future__ import annotations

from collections.abc import Callable

from evalhub.formats.shapes.parts import (
    ANSWERED,
    Answered,
    CannotHold,
    Make,
    Message,
    Record,
    Row,
    Shape,
    answer_of,
    as_json,
    messages_of,
    text_of,
)

NAMES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


def conversation(reading: Callable[[Row], Answered]) -> Make:
    return lambda row: {
        "id": row["id"],
        "conversations": said_by(reading(row).turns),
        "tools": row.get("tools", ""),
    }


def preference(row: Row) -> Record:
    return {
        "id": row["id"],
        "conversations": said_by(messages_of(row["prompt"])),
        "chosen": said_by(answer_of(text_of(row["chosen"])))[0],
        "rejected": said_by(answer_of(text_of(row["rejected"])))[0],
        "tools": row.get("tools", ""),
    }


def said_by(turns: list[Message]) -> list[Message]:
    """Raise CannotHold where a turn both speaks and calls tools: here it is one or the other."""
    return [_turn(each) for each in turns]


def _turn(turn: Message) -> Message:
    calls = turn.get("tool_calls")
    if not calls:
        return {"from": NAMES[turn["role"]], "value": turn["content"]}
    if turn["content"]:
        raise CannotHold("tool_calls")
    return {"from": "function_call", "value": as_json(calls[0] if len(calls) == 1 else calls)}


SHAPE = Shape(
    title="ShareGPT: conversations of human and gpt",
    refuses=("tool_calls", "answer", "no_reference", "not_wanted"),
    makes={
        **{kind: conversation(reading) for kind, reading in ANSWERED.items()},
        "preference": preference,
        "reward": preference,
    },
)
