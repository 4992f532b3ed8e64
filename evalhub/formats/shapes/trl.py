"""TRL: the columns of its trainers, and ours beside them, which they ignore.

Dataset types: https://huggingface.co/docs/trl/dataset_formats. A reward build has `margin`, as
RewardTrainer reads it; `text` is language modelling; classification and evaluation rows keep their
columns, `prompt` among them.
"""

from __future__ import annotations

from evalhub.formats.shapes.parts import BESIDE, Message, Record, Row, Shape

_TURNS = ("prompt", "completion", "chosen", "rejected")


def as_it_is(row: Row) -> Record:
    """Every column; calls of tools as chat templates read them."""
    return {
        name: [_turn(each) for each in value]
        if name in _TURNS and isinstance(value, list)
        else value
        for name, value in row.items()
    }


def _turn(message: Message) -> Message:
    calls = message.get("tool_calls")
    if not calls:
        return {name: value for name, value in message.items() if name != "tool_calls"}
    return message | {"tool_calls": [{"type": "function", "function": each} for each in calls]}


SHAPE = Shape(
    title="TRL: prompt, completion or chosen and rejected, with weights and probabilities",
    makes=dict.fromkeys(BESIDE, as_it_is),
    keeps_all=True,
)
