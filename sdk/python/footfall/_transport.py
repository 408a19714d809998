"""The way to the collector: one kept connection, shared by threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from ._answer import Answer, Deadline
from ._fork import importing, renew_after_fork
from ._version import __version__
from .errors import NetworkError

if TYPE_CHECKING:
    from types import ModuleType
    from urllib.parse import SplitResult

    from ._http import Connection


def exchange() -> ModuleType:
    """The module ``_http``, imported when it is needed: 15 ms that an app's start need not pay."""
    with importing:
        from . import _http  # noqa: PLC0415 (as said)

    return _http


def prepare() -> None:
    """Import what sends, where it may be too late for that when there is something to send: where uWSGI runs no
    threads, that is when the process ends, and a library that was loaded then has been seen to crash it."""
    if "uwsgi" in sys.modules:
        exchange()


class Transport(Protocol):
    """What can be handed to ``Client`` in place of its own connections. It is called from several threads."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send *body* to *url*, once, within *timeout* seconds. Whatever it raises counts as no answer."""

    def close(self) -> None:
        """Close the connections; a later ``post`` opens them again."""


class _Given:
    """A transport of the app's, in the place of a connection."""

    def __init__(self, transport: Transport, url: SplitResult) -> None:
        self._transport, self._origin = transport, f"{url.scheme}://{url.netloc}"

    def post(self, path: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        try:
            return self._transport.post(self._origin + path, body, headers, deadline.left())
        except Exception as fault:
            raise NetworkError(f"No answer from {self._origin}: {fault or type(fault).__name__}") from fault

    def close(self) -> None:
        self._transport.close()

    def leave(self) -> None:
        """A transport knows by itself whether it is in another process."""


class Endpoint:
    """The collector at ``url``: posts JSON there with ``key``, by *transport* or a kept connection of its own.

    One request at a time. Raises ValueError for a url or key that cannot be one.
    """

    def __init__(self, url: str, key: str, transport: Transport | None = None) -> None:
        self._url = _checked_url(url)
        self._headers = {
            "Authorization": f"Bearer {_checked_key(key)}",
            "Content-Type": "application/json",
            "User-Agent": f"footfall-python/{__version__}",
        }
        self._transport = transport
        self._connection: Connection | _Given | None = None
        self._lock = threading.Lock()
        renew_after_fork(self)

    def post(self, path: str, body: bytes, deadline: Deadline, gzip: bool = False) -> Answer:
        """Send *body*, which is compressed where *gzip*, to *path* below the url.

        Raises NetworkError where no answer comes before *deadline*.
        """
        _http = exchange()
        headers = {**self._headers, "Content-Encoding": "gzip"} if gzip else self._headers
        try:
            with self._alone(deadline):
                if self._connection is None:
                    given = self._transport
                    self._connection = _http.Connection(self._url) if given is None else _Given(given, self._url)
                return self._connection.post(self._url.path + path, body, headers, deadline)
        except _http.FAULTS as fault:
            raise NetworkError(f"No answer from {self._url.netloc}: {fault or type(fault).__name__}") from fault

    def close(self) -> None:
        """Close the kept connection; the next post opens another. One that is in use is left to its user."""
        lock = self._lock
        if lock.acquire(blocking=False):
            try:
                if self._connection is not None:
                    self._connection.close()
            finally:
                lock.release()

    def renew(self) -> None:
        """In a forked child: leave the parent's connection and lock to the parent."""
        inherited, self._connection, self._lock = self._connection, None, threading.Lock()
        if inherited is not None:
            inherited.leave()

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[None]:
        lock = self._lock
        if not lock.acquire(timeout=deadline.left()):
            raise TimeoutError("timed out behind the requests of other threads")
        try:
            yield
        finally:
            lock.release()


def _checked_url(url: str) -> SplitResult:
    from urllib.parse import urlsplit  # noqa: PLC0415 (of use here alone)

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_plain(parts.path):
        raise ValueError("url: the address of a collector, like https://footfall.example.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("url: no user, no query and no fragment")
    if parts.port == 0:  # to read it refuses what is no number
        raise ValueError("url: port 0")
    return parts._replace(path=parts.path.rstrip("/"))


def _checked_key(key: str) -> str:
    # Its value is kept out of the message: that may be logged.
    if not key or not _is_plain(key):
        raise ValueError("key: empty, or with spaces or characters that no key has")
    return key


def _is_plain(text: str) -> bool:
    """Whether *text* can stand in the head of a request."""
    return text.isascii() and text.isprintable() and " " not in text
