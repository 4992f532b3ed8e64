"""The names that rows have outside of the database."""

from __future__ import annotations

from uuid import UUID


def is_uid(text: str) -> bool:
    """Whether it reads as we write uids: lower-case, with hyphens.

    >>> is_uid("00000000-0000-4000-8000-00000000000a")
    True
    >>> is_uid("0000000000004000800000000000000a")
    False
    """
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
