"""Which label an answer names, and which choice a label means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any


def folded(label: str) -> str:
    """Labels are equal whatever their case and white space."""
    return " ".join(label.casefold().split())


def read_label(said: str, labels: Sequence[str]) -> str | None:
    """The one label that stands in the answer as whole words; None where there is none, or several.

    Of a label within another, as "positive" in "very positive", the longer one counts.

    Args:
        labels: folded.

    >>> read_label("I would say: Very positive.", ["positive", "very positive"])
    'very positive'
    """
    longest_first = sorted(labels, key=len, reverse=True)
    either = "|".join(re.escape(each) for each in longest_first)
    found = set(re.findall(rf"(?<!\w)(?:{either})(?!\w)", folded(said)))
    return found.pop() if len(found) == 1 else None


def right_of(label: Any, choices: Sequence[str]) -> int:
    """Which of the choices a label means: a number is its place from 0.

    Raises:
        ValueError: it means none, or as text several.
    """
    if type(label) is int and 0 <= label < len(choices):
        return label
    given = label if isinstance(label, str) else None
    letters = ascii_uppercase[: len(choices)]
    places = (choices, [str(at) for at in range(len(choices))], [*letters], [*letters.lower()])
    found = {names.index(given) for names in places if given in names}
    if not found:
        raise ValueError("must say which of the choices is right: its number from 0, its text, or its letter")  # fmt: skip
    if len(found) > 1:
        raise ValueError(
            f"is {given!r}, which is one choice by its text and another by its place: give the place as a number (JSON) or as a letter"
        )
    return found.pop()
