"""LLaMA-Factory: ShareGPT's conversations, and the dataset_info.json that describes the files.

https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md. Turns must alternate: what does
not is dropped there without a word, so it is left out here and counted.
"""

from __future__ import annotations

import json
from typing import Any

from evalhub.formats.shapes import sharegpt
from evalhub.formats.shapes.parts import (
    ANSWERED,
    CannotHold,
    Make,
    Message,
    Record,
    Row,
    Shape,
    answered,
)

TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
_PAIRS = {"chosen": "chosen", "rejected": "rejected"}
_ASKING, _ANSWERING = ("human", "observation"), ("gpt", "function_call")


def _alternating(make: Make) -> Make:
    def checked(row: Row) -> Record:
        record = make(row)
        _check(record["conversations"])
        return record

    return checked


def _check(turns: list[Message]) -> None:
    spoken = turns[1:] if turns[0]["from"] == "system" else turns
    for nth, turn in enumerate(spoken):
        if turn["from"] not in (_ANSWERING if nth % 2 else _ASKING):
            raise CannotHold("turns")


def _labelled(row: Row) -> Record:
    return sharegpt.conversation(answered)(row) | {"kto_tag": bool(row["label"])}


def _text(row: Row) -> Record:
    return {"text": row["text"]}


def dataset_info(kind: str, files: dict[str, str]) -> tuple[str, str]:
    """One entry for each split, named evalhub_SPLIT."""
    entries = {f"evalhub_{split}": _entry(kind, name) for split, name in files.items()}
    return "dataset_info.json", json.dumps(entries, indent=2) + "\n"


def _entry(kind: str, name: str) -> dict[str, Any]:
    if kind == "text":
        return {"file_name": name, "columns": {"prompt": "text"}}
    entry: dict[str, Any] = {"file_name": name, "formatting": "sharegpt"}
    columns = {"messages": "conversations", "tools": "tools"}
    if kind in ("preference", "reward"):
        entry["ranking"], columns = True, columns | _PAIRS
    elif kind == "unpaired":
        columns = columns | {"kto_tag": "kto_tag"}
    return entry | {"columns": columns, "tags": TAGS}


SHAPE = Shape(
    title="LLaMA-Factory: conversations, with dataset_info.json",
    refuses=("turns", "tool_calls", "answer", "no_reference"),
    makes={
        **{kind: _alternating(sharegpt.conversation(each)) for kind, each in ANSWERED.items()},
        "preference": _alternating(sharegpt.preference),
        "reward": _alternating(sharegpt.preference),
        "unpaired": _alternating(_labelled),
        "text": _text,
    },
    notes=dataset_info,
)
