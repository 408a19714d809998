"""The page that a request is for: its address without secrets, its title from the HTML of the answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Callable, NamedTuple
from urllib.parse import quote, unquote_plus, urlsplit

from ._fork import importing

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
SCANNED = 64 << 10
"""The bytes of a page in which its title is looked for."""
MAX_ADDRESS = 2048
MAX_TITLE = 500
_TITLE = re.compile(rb"<title(?:\s[^>]*)?>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)


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
    """*address* without fragment, the values of *masked* in its query replaced by ``***``."""
    address, _, query = address.partition("#")[0].partition("?")
    if not query:
        return address
    return f"{address}?{'&'.join(_masked_pair(pair, masked) for pair in query.split('&'))}"


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


def _page_of_script(request: Request) -> str:
    by_script = request.header("X-Requested-With") == "XMLHttpRequest" or request.header("Sec-Fetch-Dest") == "empty"
    names = ["X-Footfall-URL", "HX-Current-URL"] + (["Referer"] if by_script else [])
    return next((value for value in map(request.header, names) if _is_address(value)), "")


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(value) <= MAX_ADDRESS


def quoted(path: str) -> str:
    """A decoded path as it stands in an address."""
    return quote(path, safe="/:@!$&'()*+,;=~-._", errors="replace")


class TitleScan:
    """Looks for a title in the beginning of a page, as it passes by."""

    def __init__(self, charset: str) -> None:
        self._charset, self._seen = charset, bytearray()
        self.title: str | None = None

    def feed(self, chunk: bytes) -> bool:
        """Look at the next *chunk*; whether no more is of use."""
        start = len(self._seen)
        self._seen += chunk[: SCANNED - start]
        # A pattern over all of it, each time, would make many small chunks slow.
        if b"</title" in self._seen[max(0, start - 16) :].lower() and (found := _TITLE.search(self._seen)):
            self.title = self._text(found[1])
        return self.title is not None or len(self._seen) >= SCANNED

    def _text(self, raw: bytes) -> str:
        with importing:
            from html import unescape  # noqa: PLC0415 (its table of entities is of use here alone)

        try:
            text = bytes(raw).decode(self._charset or "utf-8", errors="replace")
        except LookupError:
            text = bytes(raw).decode(errors="replace")
        return " ".join(unescape(text).split())[:MAX_TITLE]
