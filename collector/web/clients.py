"""Whose address a request comes from (section 8: forwarded headers are believed from configured proxies only)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDING_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


def client_address(peer: str, forwarded: str | None, proxies: Sequence[Network]) -> str:
    """The client's address: of the hops that ``X-Forwarded-For`` names, the last that is no proxy of ours."""
    address = peer
    for hop in reversed((forwarded or "").split(",")):
        if not _within(address, proxies) or not hop.strip():
            break
        address = hop.strip()
    return address


def is_loopback(peer: str) -> bool:
    """Whether a peer is this machine."""
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
