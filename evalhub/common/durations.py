"""How long something took, for people: exact to the second."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """
    >>> in_words(7.4), in_words(109), in_words(7380)
    ('7 s', '1 min 49 s', '2 h 3 min')
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [
        f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if count
    ]
    return " ".join(parts) or "0 s"
