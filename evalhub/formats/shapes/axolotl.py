"""Axolotl: chat templates, and the part of its configuration that names the files.

https://docs.axolotl.ai/docs/dataset-formats/conversation.html, /rlhf.html, /reward_modelling.html.
"""

from __future__ import annotations

from collections.abc import Callable

from evalhub.formats.shapes.openai import with_call_ids
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
    messages_of,
    text_of,
    tools_of,
)


def _chat(reading: Callable[[Row], Answered]) -> Make:
    return lambda row: {"messages": with_call_ids(reading(row).turns)} | tools_of(row)


def preference(row: Row) -> Record:
    """chat_template.default."""
    return {
        "messages": with_call_ids(messages_of(row["prompt"])),
        "chosen": answer_of(text_of(row["chosen"]))[0],
        "rejected": answer_of(text_of(row["rejected"]))[0],
    }


def reward(row: Row) -> Record:
    """bradley_terry.chat_template: a system prompt if there is one, and a single turn."""
    found = _single(row)
    return found | {"chosen": text_of(row["chosen"]), "rejected": text_of(row["rejected"])}


def unpaired(row: Row) -> Record:
    """user_defined.default of KTO."""
    found = _single(row)
    return {
        **({"system": found["system"]} if "system" in found else {}),
        "prompt": found["input"],
        "completion": text_of(row["completion"]),
        "label": bool(row["label"]),
    }


def _single(row: Row) -> Record:
    turns: list[Message] = messages_of(row["prompt"])
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    spoken = [turn["content"] for turn in turns if turn["role"] != "system"]
    if len(system) > 1 or len(spoken) != 1:
        raise CannotHold("single")
    return {**({"system": system[0]} if system else {}), "input": spoken[0]}


def _text(row: Row) -> Record:
    return {"text": row["text"]}


def configuration(kind: str, files: dict[str, str]) -> tuple[str, str]:
    """`datasets:` for training, and `test_datasets:` where there is a validation split."""
    parts = [_HEADS.get(kind, ""), *_entries("datasets", kind, files.get("train"))]
    parts += _entries("test_datasets", kind, files.get("validation"))
    return "axolotl.yaml", "".join(parts)


def _entries(name: str, kind: str, path: str | None) -> list[str]:
    if path is None:
        return []
    return [f"{name}:\n  - path: ./{path}\n    ds_type: json\n    split: train\n", _TYPES[kind]]


_HEADS = {
    "preference": "rl: dpo\n",
    "reward": "reward_model: true\n",
    "unpaired": "rl: kto\nremove_unused_columns: false\n",
}
_CHAT = """\
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
"""
_TYPES = {
    **dict.fromkeys(ANSWERED, _CHAT),
    "preference": _CHAT.replace("type: chat_template", "type: chat_template.default")
    + "    field_chosen: chosen\n    field_rejected: rejected\n",
    "reward": "    type: bradley_terry.chat_template\n",
    "unpaired": """\
    type:
      field_prompt: prompt
      field_system: system
      field_completion: completion
      field_label: label
      prompt_format: "{prompt}"
      completion_format: "{completion}"
""",
    "text": "    type: completion\n    field: text\n",
}

SHAPE = Shape(
    title="Axolotl: messages for its chat templates, with the YAML for its configuration",
    refuses=("tool_calls", "answer", "single", "no_reference"),
    makes={
        **{kind: _chat(reading) for kind, reading in ANSWERED.items()},
        "preference": preference,
        "reward": reward,
        "unpaired": unpaired,
        "text": _text,
    },
    notes=configuration,
)
