"""Which machines a server may be: public ones, and private ones that the operator has named.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")


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
    found = plain(address)
    if is_public(found) or any(covers(each, found, host=host) for each in private):
        return ""
    return (
        f"{host} is at {found}, inside the operator's own network. Whoever runs evalhub names such servers in "
        "EVALHUB_ENDPOINT_PRIVATE"
    )


def plain(address: str) -> Address:
    """Without a zone, and as IPv4 where that is what an IPv6 address is a way to write."""
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def is_public(address: Address) -> bool:
    """Whether it is of the public internet, and so is each IPv4 address that it stands for."""
    if isinstance(address, IPv6Address) and address in NAT64:
        return is_public(_last_32_bits(address))  # what a gateway makes of it, and nothing else
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return all(is_public(inner) for inner in _within(address))


def covers(named: str, address: Address, *, host: str = "") -> bool:
    """Whether an operator who named that host, address or network meant this one."""
    try:
        return address in ip_network(named)
    except ValueError:  # the name of a host
        return named.lower() == host.lower()


def _within(address: Address) -> Iterator[IPv4Address]:
    """IPv4 addresses that a gateway or the system itself would make of an IPv6 one."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in COMPATIBLE:
        yield _last_32_bits(address)


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
