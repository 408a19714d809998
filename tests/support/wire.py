"""One request on a connection of its own, with a client that blocks and sends a path as it is written."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.live import eventually

_SECONDS = 30.0
_ABREAST = ThreadPoolExecutor(32)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    body: bytes
    headers: Message

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: bytes | str | None = None, **headers: str) -> Reply:
    """Sends a request. Header names take ``_`` for ``-``."""
    host, path = urlsplit(url).netloc, url.partition("://")[2].partition("/")[2]
    connection = HTTPConnection(host, timeout=_SECONDS)
    try:
        data = body.encode() if isinstance(body, str) else body
        connection.request(method, f"/{path}", data, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Reply(response.status, response.read(), response.headers)
    finally:
        connection.close()


def post(url: str, parameters: dict[str, Any], **headers: str) -> Reply:
    """Sends parameters as JSON."""
    return ask(url, "POST", json.dumps(parameters), Content_Type="application/json", **headers)


def post_meanwhile(url: str, parameters: dict[str, Any]) -> Future[Reply]:
    """Sends parameters, without waiting for the answer."""
    return _ABREAST.submit(post, url, parameters)


def ask_meanwhile(url: str) -> Future[Reply]:
    """Sends a GET, without waiting for the answer."""
    return _ABREAST.submit(ask, url)


def logged(log: Path, url: str) -> str:
    """The log of a collector, once all that was answered before is in it: a line is written after its answer."""
    mark, before = "PATCH /healthz 405", log.read_text().count("PATCH /healthz")
    assert ask(f"{url}/healthz", "PATCH").status == 405
    eventually(lambda: log.read_text().count(mark) > before)
    return "".join(line for line in log.read_text().splitlines(keepends=True) if mark not in line)
