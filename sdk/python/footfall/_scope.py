"""What a web request gives its events: address, title, visitor, subscriber. They are held until the title is known."""

from __future__ import annotations

import contextvars
import re
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Callable, NamedTuple, Optional, TypedDict, TypeVar

from ._drops import logger
from ._fork import renew_after_fork
from ._page import MASKED, Request, address_of, is_by_script, title_header
from ._title import TitleScan

HELD_SECONDS = 1.0
_VISITOR = re.compile(r"(?:^|;\s*)footfall_visitor=([0-9a-f-]{36})(?:;|$)")
_REFUSAL = re.compile(r"(?:^|;\s*)footfall_(?:ignore=[^;]|consent=(?:0|false|denied)(?:;|$))")
_current: contextvars.ContextVar[Optional[Scope]] = contextvars.ContextVar("footfall_scope", default=None)  # noqa: UP045
_GRANTED = re.compile(r"(?:^|;\s*)footfall_consent=(?:1|true|granted)(?:;|$)")
MAX_HELD = 1000
"""The events of one request beyond which the next do not wait for its title."""
Release = Callable[[Optional[str]], None]
"""Sends a held event, with a title or without."""
Result = TypeVar("Result")


class Web(NamedTuple):
    """How requests are read.

    Attributes:
        trust_proxy: Whether ``X-Forwarded-Proto`` and ``-Host`` are believed: there must be a proxy that sets them.
        masked: The names in a query whose values are replaced, in any case; also as the last word of longer ones.
        identify: Tells the subscriber of the framework's request: an address, or ``{"email": …, "id": …}``, or None.
        page_views: Whether each HTML page is tracked as a ``page_view``, but for parts of pages that scripts ask for.
        privacy: Whether ``Sec-GPC``, ``DNT`` and a refused consent keep a request's events from being sent. The site
            may note consent in the cookie ``footfall_consent``, 1 or 0.
        consent_required: Whether, with *privacy*, a request without any consent has its events kept back too. Where
            consent is required in the page as well, the browser SDK's visitor is one: its cookie is not there before
            consent, and gone when it is refused.
    """

    trust_proxy: bool = False
    masked: Collection[str] = MASKED
    identify: Callable[[Any], Any] | None = None
    page_views: bool = False
    privacy: bool = True
    consent_required: bool = False


class WebOptions(TypedDict, total=False):
    """The arguments of ``Web``, as the middlewares take them."""

    trust_proxy: bool
    masked: Collection[str]
    identify: Callable[[Any], Any] | None
    page_views: bool
    privacy: bool
    consent_required: bool


class Scope:
    """One web request, from its beginning to its events' release."""

    def __init__(self, request: Request, web: Web) -> None:
        self._request, self._web = request, web
        cookie = request.header("Cookie")
        self.refused = web.privacy and _is_refused(request, cookie, web.consent_required)
        visitor = _VISITOR.search(cookie)
        self._visitor = visitor[1] if visitor else None
        self._url = address_of(request, web.trust_proxy, web.masked)
        self._title = title_header(request) or None
        self._who: dict[str, Any] | None = None
        self._scan: TitleScan | None = None
        self._is_html = False
        self._lock, self.is_open = threading.RLock(), True
        self._held: list[Release] = []

    def page(self, url: str | None = None, title: str | None = None) -> None:
        """Say what the page is, in place of what is found out."""
        self._url, self._title = url or self._url, title or self._title

    def filled(self, properties: Mapping[str, Any], who: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """*properties* and *who*, completed by what the request tells and they do not say."""
        known = {"$current_url": self._url, **({"$page_title": self._title} if self._title else {})}
        named = dict(who)
        if who.get("email") is None and who.get("id") is None:
            named.update(self._identified())
        if who.get("uuid") is None:
            named["uuid"] = self._visitor
        return {**known, **properties}, named

    def hold(self, release: Release) -> bool:
        """Whether *release* is kept until the title is known."""
        with self._lock:
            if not self.is_open or self._title is not None or len(self._held) >= MAX_HELD:
                return False
            self._held.append(release)
            first = len(self._held) == 1
        if first:
            _held.add(self)
        return True

    def started(self, status: int, content_type: str, encoding: str) -> bool:
        """The answer begins; whether its body may hold the title, as plain HTML does."""
        self._is_html = content_type.lower().startswith(("text/html", "application/xhtml"))
        is_page = self._is_html and 200 <= status < 600 and status not in {204, 205} and not 300 <= status < 400
        if not is_page or encoding not in {"", "identity"} or self._request.method == "HEAD":
            self.settle()
            return False
        charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
        self._scan = TitleScan(charset[1] if charset else "")
        return True

    def is_view(self, status: int) -> bool:
        """Whether the answer that has begun is a page view to be tracked, compressed or not."""
        if not self._web.page_views or self._request.method != "GET" or is_by_script(self._request):
            return False
        # A page that the browser has kept is viewed again; it asks for a page by saying that it takes one.
        return (status == 200 and self._is_html) or (status == 304 and "text/html" in self._request.header("Accept"))

    def feed(self, chunk: bytes) -> None:
        """Look at a piece of the answer's body."""
        if self._scan is not None and self._scan.feed(chunk):
            self.settle()

    def settle(self) -> None:
        """Release what is held; the title is known, or will not be."""
        with self._lock:
            scan, self._scan = self._scan, None
            self._title = self._title or (scan.title if scan else None) or None
            held, self._held, self.is_open = self._held, [], False
        for release in held:
            release(self._title)

    def _identified(self) -> dict[str, Any]:
        if self._who is None:
            self._who = {}  # what identify itself tracks is not identified
            if self._web.identify:
                self._who = _subscriber(self._web.identify, self._request)
        return self._who


def _subscriber(identify: Callable[[Any], Any], request: Request) -> dict[str, Any]:
    try:
        found = identify(request.native())
    except Exception:
        logger.exception("identify failed")
        return {}
    if isinstance(found, Mapping):
        return {name: found[name] for name in ("email", "id") if found.get(name)}
    return {"email": found} if found else {}


def _is_refused(request: Request, cookie: str, required: bool) -> bool:
    if request.header("Sec-GPC") == "1" or request.header("DNT") == "1" or _REFUSAL.search(cookie):
        return True
    return required and not (_GRANTED.search(cookie) or _VISITOR.search(cookie))


class _Held:
    """The requests that hold events: a thread releases those that take too long."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew, as in a forked child."""
        self._changed = threading.Condition(threading.RLock())
        self._scopes: deque[tuple[float, Scope]] = deque()
        self._thread: threading.Thread | None = None

    def add(self, scope: Scope) -> None:
        """Have *scope* settled in a second, if it is not before."""
        with self._changed:
            self._scopes.append((time.monotonic() + HELD_SECONDS, scope))
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="footfall-titles", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter is ending: nothing more will be known
                    self._thread = None
                    self._scopes.clear()
                    scope.settle()

    def release(self) -> None:
        """Settle all, as before a flush."""
        with self._changed:
            scopes = [scope for _, scope in self._scopes]
            self._scopes.clear()
        for scope in scopes:
            scope.settle()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._scopes:
                    self._changed.wait()
                end, scope = self._scopes[0]
                if scope.is_open and (left := end - time.monotonic()) > 0:
                    self._changed.wait(left)
                    continue
                self._scopes.popleft()
            scope.settle()


_held = _Held()


def current_scope() -> Scope | None:
    """The web request that this code runs in; None outside of one."""
    return _current.get()


def release_held() -> None:
    """Send what waits for a title without it."""
    _held.release()


@contextmanager
def within(scope: Scope | None) -> Iterator[None]:
    """Within it, events belong to the request of *scope*."""
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


def enter(scope: Scope | None) -> None:
    """From now on, in this task and those it starts, events belong to the request of *scope*."""
    _current.set(scope)


def set_page(url: str | None = None, title: str | None = None) -> None:
    """Say the address or title of the page that this request is for. Outside of a request it does nothing."""
    scope = _current.get()
    if scope is not None:
        scope.page(url, title)


def bind_context(function: Callable[..., Result]) -> Callable[..., Result]:
    """*function*, as part of this web request, and of ``test_mode``, also where other threads call it."""
    context = contextvars.copy_context()

    @wraps(function)
    def bound(*arguments: Any, **options: Any) -> Result:
        return context.copy().run(function, *arguments, **options)  # one context runs in one thread at a time

    return bound
