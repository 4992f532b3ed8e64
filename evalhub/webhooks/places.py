"""Where a webhook may go. Whoever sets one up must not reach what only this machine can reach.

A name is looked up once for each try, every address it has must be allowed, and the connection goes to one of
those addresses, never to the name: a second answer of the name server changes nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from evalhub.webhooks.errors import BadWebhook, TargetNotAllowed
from training.addresses import covers, is_public, plain

LONGEST = 2000
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Place:
    scheme: str
    host: str  # without brackets, in ASCII
    port: int
    path: str  # with its query

    @property
    def told(self) -> str:
        """For people and logs: the path may be a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == PORTS[self.scheme]
        return f"{self.scheme}://{host}" + ("" if default else f":{self.port}")


def read_place(text: str) -> Place:
    """Raise BadWebhook where it is no address of a web server; it is not repeated, it may hold a secret."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError) as error:
        raise BadWebhook("This is no address of a web server.") from error
    is_plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    if len(text) > LONGEST or not is_plain:
        raise BadWebhook("An address has at most 2,000 letters of ASCII and no spaces.")
    if parts.scheme not in PORTS or not host or parts.username is not None or parts.fragment:
        raise BadWebhook("Write https://HOST/PATH, without a name, a password or a part after #.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host.rstrip("."), port or PORTS[parts.scheme], path)


def addresses_of(place: Place) -> list[str]:
    """What the host's name stands for now, each allowed.

    Raises:
        BadWebhook: the name is unknown.
        TargetNotAllowed: one of its addresses is none of the public internet, or it is no https, and the
            operator has not named the host or the network.
    """
    found = look_up(place)
    if _is_named(place.host):
        return found
    inside = [text for text in found if _in_named_network(text)]
    if place.scheme != "https" and len(inside) < len(found):
        raise TargetNotAllowed(
            f"{place.told} is not encrypted: use https, or let the operator name the host in "
            "EVALHUB_WEBHOOK_TARGETS."
        )
    for text in found:
        if text not in inside and not is_public(ip_address(text)):
            raise TargetNotAllowed(
                f"{place.told} lies in a private network. Where that is meant, the operator names the host "
                "in EVALHUB_WEBHOOK_TARGETS."
            )
    return found


def look_up(place: Place) -> list[str]:
    """Every address of the name, in the order of the resolver."""
    try:
        answers = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BadWebhook(f"No server is known by the name {place.host}.") from error
    return list(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers))


def _is_named(host: str) -> bool:
    return host.lower() in {each.lower() for each in settings.EVALHUB_WEBHOOK_TARGETS}


def _in_named_network(address: str) -> bool:
    return any(covers(each, plain(address)) for each in settings.EVALHUB_WEBHOOK_TARGETS)
