"""What of a text no way of augmentation may touch: code, addresses, numbers, control words, masks."""

from __future__ import annotations

import re
from collections.abc import Callable

# Each part is tried in linear time, whatever the text: it is whatever people paste.
_KEPT = re.compile(
    r"""
    ^[ ]{0,3}(?P<fence>```+|~~~+).*?(?:^[ ]{0,3}(?P=fence)|\Z)   # code between fences
    | (?<!`)(?P<ticks>`++)[^`]+(?P=ticks)                        # and within a line
    | (?:https?://|www\.)\S+ | (?<!\S)[^\s@]+@\S+                # addresses
    | <[^<>\n]*> | ⟨[^⟨⟩\n]*⟩ | ⟦[^⟦⟧\n]*⟧                       # tags and marks of chat templates
    | (?-i:\[/?[A-Z][A-Z\ _]*\])                                 # [INST], and masks like [EMAIL]
    | ^[ \t]*+\#*+[ ]*+(?:user|assistant|system|human|tool|instruction|input|response)[ ]*:
    | (?<!\w)\w*\d\w*(?:[.,:/-]\w*\d\w*)*                        # numbers, versions, dates
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def changed_outside(text: str, change: Callable[[str], str]) -> str:
    """The text with each stretch between what is protected changed.

    >>> changed_outside("see `big` and big", str.upper)
    'SEE `big` AND BIG'
    """
    parts, at = [], 0
    for kept in _KEPT.finditer(text):
        parts += [change(text[at : kept.start()]), kept.group()]
        at = kept.end()
    return "".join([*parts, change(text[at:])])


def protected_in(text: str) -> str:
    """All that is protected, one below the other."""
    return "\n".join(kept.group() for kept in _KEPT.finditer(text))
