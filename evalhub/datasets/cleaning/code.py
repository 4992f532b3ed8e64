"""Keeping code as it is: fenced blocks and what stands between backticks."""

from __future__ import annotations

import re
from collections.abc import Callable

_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n(?:.*?\n)?? {0,3}(?P=fence)[`~]*[ \t]*$|.*\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with everything but its code given through `change`."""
    if "`" not in text and "~~~" not in text:
        return change(text)
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, change(text[end:])])


def without_code(text: str) -> str:
    """The prose alone, for looking at."""
    if "`" not in text and "~~~" not in text:
        return text
    return _CODE.sub(" ", text)


def blanked_code(text: str) -> str:
    """The prose where it stands, with a space for each character of code."""
    if "`" not in text and "~~~" not in text:
        return text
    return _CODE.sub(lambda code: " " * len(code[0]), text)


def has_open_fence(text: str) -> bool:
    """Whether a block of code begins and nothing ends it."""
    if "```" not in text and "~~~" not in text:
        return False
    for code in _CODE.finditer(text):
        if code["fence"] and code.end() == len(text):
            last = code[0].rstrip().rpartition("\n")[2].strip()
            return "\n" not in code[0].rstrip() or not last.startswith(code["fence"])
    return False
