"""The exchange itself, by the standard library; imported when there is something to send."""

from __future__ import annotations

import encodings.idna  # noqa: F401 (the first look-up of a name imports it: here, no fork can fall into that)
import os
import socket
import ssl
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from io import BufferedReader, RawIOBase
from typing import Any
from urllib.parse import SplitResult

from ._answer import Answer, Deadline
from ._proxy import authorization, proxy_for

FAULTS = (OSError, HTTPException, UnicodeError)
"""What an exchange raises when no answer comes; the last for a host that can have no address, like ``a..b``."""
MAX_ANSWER = 8 << 20
"""Bytes beyond which an answer is no collector's."""
AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that name a file of certificate authorities; the first that is set counts."""


class Connection:
    """One kept connection to *url*, through the proxy that the environment names. Its owner's lock guards it.

    An exchange that fails is tried once more on a new connection: the server may have closed a kept one while it was
    idle, which shows only when it is used. That does no harm, because every event carries its ``EventID``.
    """

    def __init__(self, url: SplitResult) -> None:
        proxy = proxy_for(url)
        self._kept = _made(url, proxy)
        # A proxy of plain HTTP is asked for the whole address.
        plain = proxy is not None and url.scheme == "http"
        self._prefix = f"http://{url.netloc}" if plain else ""
        self._headers = authorization(proxy) if plain and proxy is not None else {}

    def post(self, path: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        """Send *body*. Raises one of ``FAULTS``."""
        path, headers = self._prefix + path, {**headers, **self._headers}
        try:
            return self._exchange(path, body, headers, deadline)
        except (TimeoutError, socket.timeout, ssl.SSLCertVerificationError):  # the first two are one since 3.10
            raise
        except FAULTS:
            return self._exchange(path, body, headers, deadline)

    def close(self) -> None:
        """Close it; the next post opens another."""
        self._kept.close()

    def leave(self) -> None:
        """In a forked child: leave it to the parent."""
        # Not by close(): that waits for a parent's thread which is reading, and is not here.
        if self._kept.sock is not None:
            with suppress(OSError):
                os.close(self._kept.sock.detach())

    def _exchange(self, path: str, body: bytes, headers: dict[str, str], deadline: Deadline) -> Answer:
        try:
            self._limit(deadline)
            self._kept.response_class = partial(_Response, deadline)  # type: ignore[assignment]
            whole = self._sent(path, body, headers)
            self._limit(deadline)
            response = self._kept.getresponse()
            answer = Answer(response.status, _read(response), response.getheader("Retry-After", ""))
            if not whole:
                self._kept.close()
            return answer
        except BaseException:
            # Ctrl-C included: the answer to half an exchange must never be taken for the next one's.
            self._kept.close()
            raise

    def _sent(self, path: str, body: bytes, headers: dict[str, str]) -> bool:
        """Whether all could be sent. A proxy says 413 before it has read all, and hangs up: that is an answer too."""
        try:
            self._kept.request("POST", path, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            if self._kept.sock is None:
                raise
            return False
        return True

    def _limit(self, deadline: Deadline) -> None:
        self._kept.timeout = deadline.left()  # for connecting
        if self._kept.sock is not None:
            self._kept.sock.settimeout(self._kept.timeout)


class _Response(HTTPResponse):
    """An answer that ends before *deadline*, even if it comes in drops: a socket's own limit begins anew with each."""

    def __init__(self, deadline: Deadline, sock: socket.socket, **options: Any) -> None:
        super().__init__(sock, **options)
        self.fp.close()
        self.fp = BufferedReader(_Drops(sock, deadline))


class _Drops(RawIOBase):
    """The bytes of a socket, while there is time."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _read(response: HTTPResponse) -> bytes:
    parts, size = [], 0
    while not response.isclosed() and (part := response.read1(65536)):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER:
            raise HTTPException("an answer too long for a collector's")
    if response.length:
        raise IncompleteRead(b"", response.length)
    response.close()  # read1 does not everywhere, at the end: without it the connection is not free for the next
    return b"".join(parts)


def _made(url: SplitResult, proxy: SplitResult | None) -> HTTPConnection:
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    at, number = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
    if url.scheme == "http":
        return HTTPConnection(at, number)
    connection = HTTPSConnection(at, number, context=ssl.create_default_context(cafile=_authorities()))
    if proxy is not None:
        connection.set_tunnel(host, port, authorization(proxy))
    return connection


def _authorities() -> str | None:
    return next((os.environ[name] for name in AUTHORITIES if os.environ.get(name)), None)
