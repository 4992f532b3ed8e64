"""Patterns that people write, held to a bounded cost: in what they compile to and in how long they look."""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import Any

import regex

from evalhub.labelling.errors import UnfitFunction

LONGEST = 300  # characters of a pattern
MOST_COPIES = 10_000  # of a part: counted repeats are written out, each inside the other
TIME = 0.05  # seconds for one text
_BRACE = re.compile(r"(?<!\\)((?:\\\\)*)(\\[pPNx])?\{([^{}]*)\}")
_COUNT = re.compile(r"\d{0,6}(,\d{0,6})?")


@lru_cache(maxsize=256)
def compiled(pattern: str, *, ignores_case: bool) -> Any:  # Any: regex carries no types
    """The pattern, ready to search with.

    Raises:
        UnfitFunction: it is too long, would compile to too much, or is no pattern.
    """
    if not pattern or len(pattern) > LONGEST:
        raise UnfitFunction(f"A pattern has 1 to {LONGEST} characters.", field="pattern")
    _check_braces(pattern)
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignores_case else 0)
    except (regex.error, OverflowError, RecursionError) as error:
        raise UnfitFunction(f"This is no pattern: {error}.", field="pattern") from error


def is_found(pattern: Any, text: str) -> bool:
    """Whether `pattern`, of `compiled`, is found in the text.

    Raises:
        TimeoutError: it was looked for longer than a text may take.
    """
    return pattern.search(text, timeout=TIME) is not None


def _check_braces(pattern: str) -> None:
    copies = []
    for found in _BRACE.finditer(pattern):
        if found[2]:  # \p{L}, \N{DASH}, \x{…}: a character, no repeat
            continue
        if not _COUNT.fullmatch(found[3]):
            told = "Braces are for counts, like a{2,5}; write a brace itself as \\{."
            raise UnfitFunction(told, field="pattern")
        copies.append(max(int(number or 1) for number in found[3].split(",")))
    if prod(max(1, count) for count in copies) > MOST_COPIES:
        told = f"The counts in braces multiply to more than {MOST_COPIES:,}; use smaller ones."
        raise UnfitFunction(told, field="pattern")
