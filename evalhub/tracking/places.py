"""Where figures may go: addresses that the operator has named, keys by the name of a variable alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from evalhub.tracking.choices import NEEDS, Service
from evalhub.tracking.errors import AddressNotAllowed, BadTracker

_PROJECT = re.compile(r"[A-Za-z0-9][\w.-]{0,59}", re.ASCII)
# no other variable: nobody shall send the worker's other secrets to a server that they can read
PREFIXES = ("WANDB_", "COMET_", "MLFLOW_", "EVALHUB_TRACKER_")
_VARIABLE = re.compile(rf"({'|'.join(PREFIXES)})[A-Z0-9_]{{1,60}}", re.ASCII)


def project_named(text: str) -> str:
    """Raise BadTracker where it is no name for a project."""
    if not _PROJECT.fullmatch(text):
        raise BadTracker(
            "A project is letters, digits, dots, hyphens and underscores, 60 at most: evalhub-runs."
        )
    return text


def variable_named(text: str) -> str:
    """Raise BadTracker where it is none that may hold a key, or the key itself; it is not repeated."""
    if text and not _VARIABLE.fullmatch(text):
        raise BadTracker(
            "Name the variable of the worker that holds the key, never the key: capital letters, "
            f"beginning with {', '.join(PREFIXES)}, such as WANDB_API_KEY."
        )
    return text


def allowed_address(text: str) -> str:
    """The address without its last slash.

    Raises:
        BadTracker: it is none, or holds a password, a query or a fragment.
        AddressNotAllowed: no prefix of EVALHUB_TRACKER_ADDRESSES covers it.
    """
    address = text.strip().rstrip("/")
    if not _is_plain(address):
        raise BadTracker(
            "An address is https://HOST or http://HOST:PORT, with a path where it has one; "
            "a key in it is refused."
        )
    if not any(_covers(each, address) for each in allowed_addresses()):
        raise AddressNotAllowed(
            "Nothing may be sent there. Whoever runs evalhub names the addresses in "
            "EVALHUB_TRACKER_ADDRESSES."
        )
    return address


def allowed_addresses() -> Sequence[str]:
    addresses: Sequence[str] = settings.EVALHUB_TRACKER_ADDRESSES
    return addresses


def folder_of(service: str, workspace: str) -> Path:
    """Where the worker keeps files of the service."""
    root: Path = settings.EVALHUB_DATA_DIR
    return root / "tracking" / service / workspace


def goes_out(service: str, *, is_offline: bool) -> bool:
    return NEEDS[service].has_address and not is_offline


def titles() -> dict[str, str]:
    return {service.value: str(service.label) for service in Service}


def _is_plain(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc or ".." in parts.path)
    is_web = parts.scheme in {"https", "http"} and bool(parts.hostname) and has_port
    return is_bare and is_web and len(address) <= 200 and re.search(r"[\s\\%]", address) is None


def _covers(prefix: str, address: str) -> bool:
    """`https://host/ours` covers itself and what lies below it, not `https://host/ours-too`."""
    bare = prefix.rstrip("/")
    return bool(bare) and (address == bare or address.startswith(f"{bare}/"))
