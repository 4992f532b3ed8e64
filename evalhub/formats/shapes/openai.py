"""OpenAI's fine-tuning files: chat examples, preferences, and items of its evaluations.

https://platform.openai.com/docs/guides/supervised-fine-tuning and /direct-preference-optimization.
"""

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
    tools_of,
)


def _chat(reading: Callable[[Row], Answered]) -> Make:
    return lambda row: {"messages": with_call_ids(reading(row).turns)} | tools_of(row)


def preference(row: Row) -> Record:
    """One text each: the guide takes a single assistant message, which calls no tools."""
    return {
        "input": {
            "messages": with_call_ids(messages_of(row["prompt"])),
            "tools": [],
            "parallel_tool_calls": True,
        }
        | tools_of(row),
        "preferred_output": answer_of(text_of(row["chosen"])),
        "non_preferred_output": answer_of(text_of(row["rejected"])),
    }


def evaluation(row: Row) -> Record:
    item = {
        "messages": with_call_ids(messages_of(row["prompt"])),
        "reference": row.get("reference"),
    }
    return {"item": item}


def with_call_ids(turns: list[Message]) -> list[Message]:
    """Calls of tools with the ids that the API asks for, and each result with its call's."""
    found: list[Message] = []
    waiting: list[str] = []
    count = 0
    for turn in turns:
        said = {"role": turn["role"], "content": turn["content"]}
        if turn.get("tool_calls"):
            waiting = [f"call_{count + nth}" for nth in range(len(turn["tool_calls"]))]
            count += len(waiting)
            said["tool_calls"] = [
                _call(name, each) for name, each in zip(waiting, turn["tool_calls"], strict=True)
            ]
        elif turn["role"] == "tool":
            if not waiting:
                raise CannotHold("tool_calls")
            said["tool_call_id"] = waiting.pop(0)
        found.append(said)
    return found


def _call(name: str, call: Record) -> Record:
    function = {"name": call["name"], "arguments": as_json(call["arguments"])}
    return {"id": name, "type": "function", "function": function}


SHAPE = Shape(
    title="OpenAI: messages, or a preferred and a non-preferred output",
    refuses=("tool_calls", "answer", "no_reference", "not_wanted"),
    makes={
        **{kind: _chat(reading) for kind, reading in ANSWERED.items()},
        "preference": preference,
        "reward": preference,
        "evaluation": evaluation,
    },
)
