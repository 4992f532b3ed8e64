"""YAML of plain settings: every text as JSON, which YAML reads the same way."""

from __future__ import annotations

import json
from typing import Any


def settings(values: dict[str, Any]) -> str:
    """A line for each; None leaves a setting out."""
    return "".join(
        f"{name}: {_value(value)}\n" for name, value in values.items() if value is not None
    )


def _value(value: Any) -> str:
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _number(value: float) -> str:
    """1e-06 is a text to YAML 1.1, 1.0e-06 a number."""
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if mark and "." not in mantissa else text
