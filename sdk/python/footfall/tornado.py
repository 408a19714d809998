"""Tornado: ``install(app)``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ._client import Client
from ._page import Request
from ._scope import Scope, Web, WebOptions, enter
from .wsgi import begun

if TYPE_CHECKING:
    from typing_extensions import Unpack


def install(app: Any, client: Client | None = None, **web: Unpack[WebOptions]) -> None:
    """Give the events tracked within a request of *app*, a ``tornado.web.Application``, its address and title.

    Takes the arguments of ``Web``; ``identify`` receives Tornado's request. *client* tracks the page views, where those
    are asked for; by default the process's own.
    """
    # The first, so that it sees the page before it is compressed.
    app.transforms.insert(0, partial(_Transform, Web(**web), client))


class _Transform:
    """Made by Tornado for each request, before its handler's task, which takes the context along."""

    def __init__(self, web: Web, client: Client | None, request: Any) -> None:
        self._scope, self._client = Scope(_request(request), web), client
        # A socket lives on, and has no page: what is tracked there is outside of a request.
        enter(None if request.headers.get("Upgrade", "").lower() == "websocket" else self._scope)

    def transform_first_chunk(self, status_code: int, headers: Any, chunk: bytes, finishing: bool) -> Any:
        begun(self._scope, status_code, {name.lower(): value for name, value in headers.items()}, self._client)
        return status_code, headers, self.transform_chunk(chunk, finishing)

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        self._scope.feed(chunk)
        if finishing:
            self._scope.settle()
        return chunk


def _request(request: Any) -> Request:
    return Request(
        request.method,
        request.protocol,
        request.host,
        request.path,
        request.query,
        lambda name: request.headers.get(name, ""),
        lambda: request,
    )
