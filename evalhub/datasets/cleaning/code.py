"""Keeping code as it is: fenced blocks and what stands between backticks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n(?:.*?\n)?? {0,3}(?P=fence)[`~]*[ \t]*$|.*\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)


_INDENT = 3  # spaces that may stand ahead of a fence


def _first_sign(text: str) -> int:
    """Where the first sign of code stands; -1: there is none."""
    ticks, waves = text.find("`"), text.find("~~~")
    return max(ticks, waves) if min(ticks, waves) < 0 else min(ticks, waves)


def _code_in(text: str) -> Iterator[re.Match[str]]:
    """Looked for from the first sign of it on: most of a text is prose, and telling so takes long."""
    first = _first_sign(text)
    return iter(()) if first < 0 else _CODE.finditer(text, max(first - _INDENT, 0))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with everything but its code given through `change`."""
    parts, end = [], 0
    for code in _code_in(text):
        parts += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, change(text[end:])])


def without_code(text: str) -> str:
    """The prose alone, for looking at."""
    parts, end = [], 0
    for code in _code_in(text):
        parts.append(text[end : code.start()])
        end = code.end()
    return " ".join([*parts, text[end:]])


def beginning_without_code(text: str, most: int) -> str:
    """The first `most` characters of the prose alone."""
    first = _first_sign(text)
    if first < 0 or first >= most + _INDENT:
        return text[:most]
    return without_code(text)[:most]


def blanked_code(text: str) -> str:
    """The prose where it stands, with a space for each character of code."""
    if "`" not in text and "~~~" not in text:
        return text
    return _CODE.sub(lambda code: " " * len(code[0]), text)


def has_open_fence(text: str) -> bool:
    """Whether a block of code begins and nothing ends it."""
    if "```" not in text and "~~~" not in text:
        return False
    for code in _code_in(text):
        if code["fence"] and code.end() == len(text):
            last = code[0].rstrip().rpartition("\n")[2].strip()
            return "\n" not in code[0].rstrip() or not last.startswith(code["fence"])
    return False
