"""Secrets of other services, as they lie in the database: sealed with a key that does not lie there."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from evalhub.common.errors import DomainError


class CannotUnseal(DomainError):
    """It was sealed with a key that EVALHUB_SEALING_KEYS no longer names."""

    code, http_status = "cannot_unseal", 422


def seal(secret: str) -> str:
    """What may be stored; empty for nothing. The first key of EVALHUB_SEALING_KEYS seals."""
    return _box(tuple(_keys())).encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """Raise CannotUnseal where none of the keys fits."""
    if not sealed:
        return ""
    try:
        return _box(tuple(_keys())).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal(
            "A stored secret cannot be opened: EVALHUB_SECRET_KEY or EVALHUB_SEALING_KEYS was changed. "
            "Name the old one in EVALHUB_OLD_SECRET_KEYS, or after the new one in EVALHUB_SEALING_KEYS; "
            "or set what is stored anew."
        ) from error


def _keys() -> list[str]:
    named: list[str] = settings.EVALHUB_SEALING_KEYS
    return named or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """A key of its own, so that nothing else which SECRET_KEY signs says anything about it.

    Source:
        RFC 5869 (HKDF).
    """
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"evalhub.common.sealing")
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))
