"""One byte sequence per value, so that equal things have equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spare white space and text as it is (not \\u-escaped)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_bytes(value: Any) -> bytes:
    """The same, in UTF-8 and a fifth of the time; only for floats that are written without an exponent."""
    return _ENCODER.encode(value)


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON, 64 hex digits."""
    return sha256_of(canonical_json(value))


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain_text(text: str) -> str:
    """Fold what does not change the meaning: NFKC, case, white space. For comparing, not showing."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
