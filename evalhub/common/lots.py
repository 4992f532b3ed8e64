"""Lots that nobody can foretell, and that fall the same way each time."""

from __future__ import annotations

from uuid import UUID

from django.utils.crypto import salted_hmac


def falls_on(what: UUID, *, purpose: str, share: int) -> bool:
    """Whether the lot of one `purpose` falls on something, at `share` percent.

    By a keyed digest: the same each time, whoever comes first, and without the key nobody can tell it.
    What is drawn at 10 percent is among what is drawn at 20.
    """
    digest = salted_hmac(purpose, str(what), algorithm="sha256").digest()
    return int.from_bytes(digest[:8], "big") * 100 < share * 2**64
