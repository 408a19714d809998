"""The pages that a public key may be used on (section 3 of the contract).

This keeps copied tags out; it is no security, since anything but a browser sends whatever origin it likes.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABELS = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
_PATTERN = re.compile(r"(https?)://(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5}|:\*)?", re.ASCII)


def read_pattern(text: str) -> str:
    """An origin of a key in its compared form: ``https://shop.example.com``, ``https://*.example.com``, and with
    ``:*`` any port (``http://127.0.0.1:*``).

    Raises:
        ValueError: it is none.
    """
    cleaned = text.strip().lower().removesuffix("/")
    found = _PATTERN.fullmatch(cleaned)
    if not found:
        raise ValueError(f"{text!r} is not an origin such as https://www.example.com or https://*.example.com")
    scheme, _, _, port = found.groups()
    return cleaned.removesuffix(port) if port == f":{_DEFAULT_PORTS[scheme]}" else cleaned


def page_origin(origin: str | None, referer: str | None) -> str | None:
    """The origin of the page a request comes from; None where neither header tells (``null`` tells nothing). An
    ``Origin`` that is none is the text itself, which matches no key's."""
    if origin and origin != "null":
        return _origin_of(origin) or origin
    return _origin_of(referer or "")


def allowed(origin: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of a key's origins is this one."""
    return any(_matches(origin, pattern) for pattern in patterns)


def same_site(origin: str, host: str) -> bool:
    """Whether a page's origin is the host that was asked. The scheme is a proxy's business and is not compared."""
    return origin.partition("://")[2] == re.sub(r":(80|443)$", "", host.strip().lower())


def _origin_of(address: str) -> str | None:
    """Scheme, host and port of an address; None where it has none."""
    try:
        parts = urlsplit(address.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _matches(origin: str, pattern: str) -> bool:
    if pattern.endswith(":*"):
        pattern, origin = pattern[:-2], re.sub(r":\d+$", "", origin)
    scheme, _, host = pattern.partition("://")
    if not host.startswith("*."):
        return origin == pattern
    return re.fullmatch(f"{scheme}://{_LABELS}{re.escape(host[1:])}", origin) is not None
