"""One kept connection to the collector, shared by threads.

An exchange that fails is tried once more on a new connection: the server may have closed a kept one while it was idle,
which shows only when it is used. That does no harm, because every event carries its ``EventID``.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Callable, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ._fork import renew_after_fork
from ._proxy import authorization, proxy_for
from ._version import __version__
from .errors import NetworkError


class Answer(NamedTuple):
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes
    retry_after: str


class Deadline:
    """The end of a call."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def allows(self, seconds: float) -> bool:
        """Whether a wait of *seconds* leaves time to do something afterwards."""
        return time.monotonic() + seconds < self._end

    def left(self) -> float:
        """The seconds left. Raises ``socket.timeout`` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left


class Transport:
    """Posts JSON under ``url`` with ``key``, one request at a time.

    Raises ValueError for a url or key that cannot be one.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = _checked_url(url)
        self._headers = {
            "Authorization": f"Bearer {_checked_key(key)}",
            "Content-Type": "application/json",
            "User-Agent": f"footfall-python/{__version__}",
        }
        proxy = proxy_for(self._url)
        self._connect = _connector(self._url, proxy)
        # A proxy of plain HTTP is asked for the whole address.
        plain = proxy is not None and self._url.scheme == "http"
        self._prefix = f"http://{self._url.netloc}{self._url.path}" if plain else self._url.path
        if plain and proxy is not None:
            self._headers.update(authorization(proxy))
        self._connection = self._connect()
        self._lock = threading.Lock()
        renew_after_fork(self)

    def post(self, path: str, body: bytes, deadline: Deadline, gzip: bool = False) -> Answer:
        """Send *body*, which is compressed where *gzip*, to *path* below the url.

        Raises NetworkError where no answer comes before *deadline*.
        """
        headers = {**self._headers, "Content-Encoding": "gzip"} if gzip else self._headers
        try:
            with self._alone(deadline):
                return self._post(self._prefix + path, body, headers, deadline)
        except (OSError, HTTPException) as fault:
            raise NetworkError(f"No answer from {self._url.netloc}: {fault or type(fault).__name__}") from fault

    def close(self) -> None:
        """Close the kept connection; the next post opens another."""
        with self._lock:
            self._connection.close()

    def renew(self) -> None:
        """In a forked child: leave the parent's connection and lock to the parent."""
        inherited = self._connection.sock
        self._connection, self._lock = self._connect(), threading.Lock()
        # Not by the old connection's close(): that waits for a parent's thread which is reading, and is not here.
        if inherited is not None:
            with suppress(OSError):
                os.close(inherited.detach())

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[None]:
        lock = self._lock
        if not lock.acquire(timeout=deadline.left()):
            raise socket.timeout("timed out behind the requests of other threads")
        try:
            yield
        finally:
            lock.release()

    def _post(self, path: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        try:
            return self._exchange(path, body, headers, deadline)
        except socket.timeout:
            raise
        except (OSError, HTTPException):
            return self._exchange(path, body, headers, deadline)

    def _exchange(self, path: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        try:
            self._limit(deadline)
            self._connection.request("POST", path, body, headers)
            self._limit(deadline)
            response = self._connection.getresponse()
            return Answer(response.status, response.read(), response.getheader("Retry-After", ""))
        except BaseException:
            # Ctrl-C included: the answer to half an exchange must never be taken for the next one's.
            self._connection.close()
            raise

    def _limit(self, deadline: Deadline) -> None:
        self._connection.timeout = deadline.left()  # for connecting
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)


def _connector(url: SplitResult, proxy: SplitResult | None) -> Callable[[], HTTPConnection]:
    """What makes connections to *url*; the certificate authorities are loaded once."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    context = ssl.create_default_context() if url.scheme == "https" else None

    def connect() -> HTTPConnection:
        at, number = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        if context is None:
            return HTTPConnection(at, number)
        connection = HTTPSConnection(at, number, context=context)
        if proxy is not None:
            connection.set_tunnel(host, port, authorization(proxy))
        return connection

    return connect


def _checked_url(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_plain(parts.path):
        raise ValueError("url: the address of a collector, like https://footfall.example.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("url: no user, no query and no fragment")
    return parts._replace(path=parts.path.rstrip("/"))


def _checked_key(key: str) -> str:
    # Its value is kept out of the message: that may be logged.
    if not key or not _is_plain(key):
        raise ValueError("key: empty, or with spaces or characters that no key has")
    return key


def _is_plain(text: str) -> bool:
    """Whether *text* can stand in the head of a request."""
    return text.isascii() and text.isprintable() and " " not in text
