"""Signatures as Standard Webhooks has them (github.com/standard-webhooks/standard-webhooks, spec 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
BYTES = 32  # of a secret; the specification asks for 24 to 64


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def headers_of(
    body: bytes, *, message: str, timestamp: int, secrets: Sequence[str]
) -> dict[str, str]:
    """The three headers of a message.

    Args:
        timestamp: of this try, in seconds since 1970: the receiver refuses what is minutes old.
        secrets: a signature for each, so that the receiver may still know only the one before.
    """
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            _signature(body, message=message, timestamp=timestamp, secret=secret)
            for secret in secrets
        ),
    }


def _signature(body: bytes, *, message: str, timestamp: int, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()
