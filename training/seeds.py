"""Chance of one thing among many, from the run's seed. Standard library only."""

from __future__ import annotations

import hashlib


def seed_of(seed: int, key: str) -> int:
    """The seed of one answer, in 31 bits, which every server takes.

    It hangs on nothing but the answer's own key, so that neither the batch, nor the order, nor a
    second attempt changes what is written.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:4], "big") >> 1
