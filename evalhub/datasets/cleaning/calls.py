"""The texts within the arguments of tool calls: whatever else a call has stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Calls = Sequence[dict[str, Any]]


def texts_in(calls: Calls) -> Iterator[str]:
    """Each text that stands in an argument, however deep; names of tools and arguments are none."""
    for call in calls:
        yield from _texts(call.get("arguments"))


def with_texts(calls: Calls, mended: Callable[[str], str]) -> list[dict[str, Any]]:
    """The same calls, each text in their arguments as `mended` gives it."""
    return [
        call | {"arguments": _mended(call["arguments"], mended)} if "arguments" in call else call
        for call in calls
    ]


def _texts(value: Any) -> Iterator[str]:  # Any: JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _mended(value: Any, mended: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, dict):
        return {name: _mended(each, mended) for name, each in value.items()}
    if isinstance(value, list):
        return [_mended(each, mended) for each in value]
    return value
