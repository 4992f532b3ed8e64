"""Alpaca: `instruction`, `input`, `output`; with `chosen` and `rejected` as LLaMA-Factory reads pairs.

https://github.com/tatsu-lab/stanford_alpaca. There is no system prompt and no second turn.
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
    asks_for,
    messages_of,
    text_of,
)


def _example(reading: Callable[[Row], Answered]) -> Make:
    def make(row: Row) -> Record:
        found = reading(row)
        return {
            "instruction": only_turn(found.prompt),
            "input": "",
            "output": text_of(found.answer),
        }

    return make


def classification(row: Row) -> Record:
    """The text to label is the input."""
    text = only_turn(messages_of(row["prompt"]))
    return {"instruction": asks_for(row), "input": text, "output": str(row["label"])}


def preference(row: Row) -> Record:
    return {
        "instruction": only_turn(messages_of(row["prompt"])),
        "input": "",
        "chosen": text_of(answer_of(row["chosen"])),
        "rejected": text_of(answer_of(row["rejected"])),
    }


def only_turn(turns: list[Message]) -> str:
    """Raise CannotHold where the conversation is more than what one person wrote once."""
    if any(turn["role"] == "system" for turn in turns):
        raise CannotHold("system")
    if len(turns) != 1:
        raise CannotHold("several_turns")
    return str(turns[0]["content"])


SHAPE = Shape(
    title="Alpaca: instruction, input, output; no system prompt, a single turn",
    refuses=("system", "several_turns", "tool_calls", "answer", "no_reference", "not_wanted"),
    makes={
        **{kind: _example(reading) for kind, reading in ANSWERED.items()},
        "classification": classification,
        "preference": preference,
        "reward": preference,
    },
)
