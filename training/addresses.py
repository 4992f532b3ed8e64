"""Which machines a server may be: public ones, and private ones that the operator has named.

Standard library only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def fault_of_url(url: str) -> str:
    """Why that is no address of a server, for people; empty where it is one."""
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return "it cannot be read"
    if parts.scheme not in {"https", "http"} or not parts.hostname or not has_port:
        return "it is not https://HOST/… or http://HOST:PORT/…"
    if parts.query or parts.fragment or "@" in parts.netloc or ".." in parts.path:
        return "a key, a query, a fragment or .. in it is refused"
    if any(each.isspace() or each in "\\%" for each in url):
        return "it holds a space, a backslash or a percent sign"
    return ""


def fault_of_host(host: str, address: str, *, private: Sequence[str]) -> str:
    """Why nothing may be sent to `address`, which `host` stands for; empty where it may.

    Args:
        private: names of hosts, addresses and networks (10.0.0.0/8) that may be reached all the same.
    """
    found = _plain(address)
    if _is_public(found) or any(_covers(each, host, found) for each in private):
        return ""
    return (
        f"{host} is at {found}, inside the operator's own network. Whoever runs evalhub names such servers in "
        "EVALHUB_ENDPOINT_PRIVATE"
    )


def is_public(address: str) -> bool:
    return _is_public(_plain(address))


def _plain(address: str) -> IpAddress:
    """Without a zone, and as IPv4 where that is what an IPv6 address stands for."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found.sixtofour or found
    return found


def _is_public(address: IpAddress) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _covers(named: str, host: str, address: IpAddress) -> bool:
    try:
        return address in ipaddress.ip_network(named)
    except ValueError:
        return named.lower() == host.lower()
