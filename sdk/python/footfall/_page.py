"""The page that a request is for: its address without secrets, the title that it sent along."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Callable, NamedTuple
from urllib.parse import quote, unquote_plus, urlsplit

from ._title import MAX_TITLE

MASKED = frozenset(
    {
        "apikey",
        "auth",
        "authorization",
        "code",
        "csrf",
        "email",
        "hash",
        "jwt",
        "key",
        "mail",
        "nonce",
        "otp",
        "pass",
        "passwd",
        "password",
        "phone",
        "pin",
        "pwd",
        "secret",
        "session",
        "session_id",
        "sessionid",
        "sid",
        "sig",
        "signature",
        "state",
        "ticket",
        "token",
    }
)
"""The names in a query whose values are no one's business, alone or as the last word of longer ones."""
MAX_ADDRESS = 2048
_USER = re.compile(r"^(https?://)[^/?#]*@", re.IGNORECASE)


class Request(NamedTuple):
    """What is known of a web request in any framework.

    Attributes:
        method, scheme, host, path, query: Its parts as they came; *path* is quoted, with the prefix of a mounted app.
        header: Gives a header's value by its name; empty where there is none.
        native: Makes the framework's own request, for ``identify``.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str
    header: Callable[[str], str]
    native: Callable[[], object]


def address_of(request: Request, trust_proxy: bool, masked: Collection[str]) -> str:
    """The address of the page: the request's own, or that of the page which sent it by script."""
    return mask(_page_of_script(request) or _own(request, trust_proxy), masked)[:MAX_ADDRESS]


def title_header(request: Request) -> str:
    """The title that the page sent along, percent-encoded, as headers hold no other text."""
    return " ".join(unquote_plus(request.header("X-Footfall-Title").replace("+", "%2B")).split())[:MAX_TITLE]


def mask(address: str, masked: Collection[str]) -> str:
    """*address* without user and fragment, the values of *masked* in its query replaced by ``***``."""
    address, _, query = _USER.sub(r"\1", address).partition("#")[0].partition("?")
    if not query:
        return address
    names = [name.lower() for name in ([masked] if isinstance(masked, str) else masked)]
    return f"{address}?{'&'.join(_masked_pair(pair, names) for pair in query.split('&'))}"


def _masked_pair(pair: str, masked: Collection[str]) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=***" if equals and _is_masked(unquote_plus(name).lower(), masked) else pair


def _is_masked(name: str, masked: Collection[str]) -> bool:
    return any(name.endswith(end) and not name[: -len(end)][-1:].isalnum() for end in masked if end)


def _own(request: Request, trust_proxy: bool) -> str:
    scheme, host = request.scheme, request.host
    if trust_proxy:
        scheme = _first(request.header("X-Forwarded-Proto")) or scheme
        host = _first(request.header("X-Forwarded-Host")) or host
    return f"{scheme}://{host}{request.path}{'?' if request.query else ''}{request.query}"


def _first(values: str) -> str:
    return values.split(",", maxsplit=1)[0].strip()


def is_by_script(request: Request) -> bool:
    """Whether a page's script sent *request*, for a part of that page or for its data."""
    if _is_navigation(request):
        return False
    return (
        request.header("HX-Request") == "true"
        or request.header("X-Requested-With") == "XMLHttpRequest"
        or request.header("Sec-Fetch-Dest") == "empty"
    )


def _is_navigation(request: Request) -> bool:
    """Whether HTMX asks for a whole page, in a browser's place: it names the page that is being left."""
    return request.header("HX-Boosted") == "true" or request.header("HX-History-Restore-Request") == "true"


def _page_of_script(request: Request) -> str:
    names = [] if _is_navigation(request) else ["HX-Current-URL"]
    names = ["X-Footfall-URL", *names, *(["Referer"] if is_by_script(request) else [])]
    return next((value for value in map(request.header, names) if _is_address(value)), "")


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(value) <= MAX_ADDRESS


def server(scheme: str, name: str, port: object) -> str:
    """The host of a request that names none, as older clients and the tests of apps send it."""
    is_usual = not port or str(port) == {"http": "80", "https": "443"}.get(scheme)
    return name if is_usual else f"{name}:{port}"


def quoted(path: str) -> str:
    """A decoded path as it stands in an address."""
    return quote(path, safe="/:@!$&'()*+,;=~-._", errors="replace")
