"""Whose address a request comes from (section 8: forwarded headers are believed from configured proxies only)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FORWARDING_HEADERS = frozenset({"forwarded", "x-real-ip", "via"})
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([0-9.]+):\d+")


def client_address(peer: str, forwarded: str | None, proxies: Sequence[Network]) -> str:
    """The client's address: of the hops that ``X-Forwarded-For`` names, the last that is no proxy of ours. A hop that
    is no address ends the way: what stands before it is nobody's word."""
    if not forwarded or not proxies:
        return peer
    address = peer
    for hop in reversed((forwarded or "").split(",")):
        named = _without_port(hop.strip())
        if not _within(address, proxies) or _read(named) is None:
            break
        address = named
    return address


def is_encrypted(scheme: str, peer: str, forwarded: str | None, proxies: Sequence[Network]) -> bool:
    """Whether a request came by https: to us, or, as a configured proxy says by ``X-Forwarded-Proto``, to it."""
    if forwarded and _within(peer, proxies):
        return forwarded.rpartition(",")[2].strip().lower() == "https"
    return scheme == "https"


def is_forwarded(headers: Iterable[str]) -> bool:
    """Whether the names of a request's headers tell of a proxy on its way."""
    return any(name.lower().startswith("x-forwarded-") or name.lower() in _FORWARDING_HEADERS for name in headers)


def is_loopback(peer: str) -> bool:
    """Whether a peer is this machine."""
    found = _read(peer)
    return found is not None and found.is_loopback


def _within(address: str, networks: Sequence[Network]) -> bool:
    found = _read(address)
    return found is not None and any(found in network for network in networks)


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; that of IPv4 where it is written as one of IPv6, as sockets for both do."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(hop: str) -> str:
    """Some proxies name the port too, which is another for every connection."""
    found = _WITH_PORT.fullmatch(hop)
    return (found[1] or found[2] or "") if found else hop
