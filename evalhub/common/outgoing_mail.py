"""Where e-mail goes out and what its links begin with, as the environment names it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

import environ

from evalhub.common.embedded.errors import CannotStart

SECURITY = {"smtp": "none", "smtp+tls": "STARTTLS", "smtp+ssl": "TLS"}
SECONDS = 20  # that a worker waits for a mail server


@dataclass(frozen=True)
class OutgoingMail:
    sender: str  # as in "evalhub <evalhub@example.org>"
    root: str  # of links, without the last slash: https://evalhub.example.org
    server: str  # host and port, for people

    def link(self, path: str) -> str:
        return f"{self.root}{path}"


def outgoing_mail(*, url: str, sender: str, root: str) -> OutgoingMail | None:
    """None when no mail server is named.

    Raises:
        CannotStart: something that it needs is missing or means nothing.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in SECURITY or not parts.hostname:
        raise CannotStart("EVALHUB_EMAIL_URL begins with smtp, smtp+tls or smtp+ssl, as in smtp+tls://user:password@host:587.")  # fmt: skip
    if "@" not in parseaddr(sender)[1] or "\n" in sender:
        raise CannotStart("Set EVALHUB_EMAIL_FROM to the sender’s address: evalhub@example.org.")
    opened = urlsplit(root)
    if opened.scheme not in {"http", "https"} or not opened.hostname:
        raise CannotStart("Set EVALHUB_PUBLIC_URL to where people open evalhub: e-mails have links. https://evalhub.example.org")  # fmt: skip
    return OutgoingMail(sender, root.rstrip("/"), f"{parts.hostname}:{parts.port or 25}")


def server_settings(url: str) -> dict[str, Any]:  # Any: of several types, as Django names them
    """Django's EMAIL_* settings for it; none when no mail server is named."""
    if not url:
        return {}
    found: dict[str, Any] = environ.Env.email_url_config(url)
    return {name: value for name, value in found.items() if name != "EMAIL_FILE_PATH"} | {
        "EMAIL_TIMEOUT": SECONDS,
        "EMAIL_PORT": found["EMAIL_PORT"] or 25,
    }
