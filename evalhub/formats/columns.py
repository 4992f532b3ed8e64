"""Which columns records have, and of which type: found by looking at all of them, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Type = Literal["text", "yes_no", "whole", "number", "turn", "turns", "json"]


@dataclass
class Column:
    """`keys` are the fields of a turn or of turns."""

    type: Type | None = None  # None: nothing but nothing so far
    keys: dict[str, None] = field(default_factory=dict)  # in the order in which they came

    def meet(self, value: Any) -> None:
        if value is None:
            return
        found = _type_of(value)
        if self.type is None or self.type == found:
            self.type = found
        elif {self.type, found} == {"whole", "number"}:
            self.type = "number"
        else:
            self.type = "json"
        for turn in {"turns": value, "turn": [value]}.get(found, []):
            self.keys |= dict.fromkeys(turn)


def columns_of(records: Iterable[dict[str, Any]]) -> dict[str, Column]:
    """The columns of all records, in the order in which they first stand."""
    found: dict[str, Column] = {}
    for record in records:
        for name, value in record.items():
            found.setdefault(name, Column()).meet(value)
    return found


def flat(value: Any) -> Any:
    """What a table can hold: text, number or truth as it is, everything else as JSON."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return json.dumps(value, ensure_ascii=False)


def _type_of(value: Any) -> Type:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, int | float):
        return "whole" if isinstance(value, int) else "number"
    if isinstance(value, list) and value and all(_is_turn(each) for each in value):
        return "turns"
    return "turn" if _is_turn(value) else "json"


def _is_turn(value: Any) -> bool:
    """Whether it speaks: an object with a text, as every chat format has it."""
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("content", value.get("value")), str)
