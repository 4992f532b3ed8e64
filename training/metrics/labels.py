"""Which label an answer names."""

from __future__ import annotations

import re
from collections.abc import Sequence


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
