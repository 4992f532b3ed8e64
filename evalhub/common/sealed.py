"""Secrets that must be read again, encrypted at rest: whoever has only the database has none of them.

The keys are drawn from the secret key of the instance, and from the old ones it still knows.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class CannotUnseal(Exception):
    """It was sealed with a secret key that this instance knows no more."""


def seal(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raise CannotUnseal when no known key fits."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal(
            "It was sealed with another secret key: put that into EVALHUB_OLD_SECRET_KEYS, or set "
            "it anew."
        ) from error


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"evalhub sealed")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
