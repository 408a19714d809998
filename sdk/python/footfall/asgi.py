"""Any ASGI app, FastAPI and Starlette among them: ``app.add_middleware(FootfallMiddleware)``."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, MutableMapping
from typing import TYPE_CHECKING, Any, Callable

from ._client import Client
from ._exit import close_all
from ._page import Request, quoted, server
from ._scope import Scope, Web, WebOptions, within
from .wsgi import begun

if TYPE_CHECKING:
    from typing_extensions import Unpack

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
# Each framework types these three in a way of its own.
App = Callable[[Any, Any, Any], Awaitable[None]]


class FootfallMiddleware:
    """Gives the events tracked within a request its address and title. Takes the arguments of ``Web``.

    *client* tracks the page views, where those are asked for; by default the process's own. ``identify`` receives
    Starlette's request where Starlette is in use, else the connection's scope.
    """

    def __init__(self, app: App, client: Client | None = None, **web: Unpack[WebOptions]) -> None:
        self._app, self._client, self._web = app, client, Web(**web)

    async def __call__(self, connection: Any, receive: Any, send: Send) -> None:
        """Serve one connection; those that are not HTTP pass. When the app ends, what waits is sent first."""
        if connection["type"] != "http":
            await self._app(connection, receive, _closing(send) if connection["type"] == "lifespan" else send)
            return
        scope = Scope(request_of(connection), self._web)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun(scope, message["status"], _headers(message.get("headers", ())), self._client)
            elif message["type"] == "http.response.body":
                scope.feed(message.get("body", b""))
                if not message.get("more_body", False):
                    scope.settle()
            await send(message)

        try:
            with within(scope):
                await self._app(connection, receive, watched)
        finally:
            scope.settle()


def _closing(send: Send) -> Send:
    """*send*, which at the app's end has all clients closed: uvicorn ends by the signal that it got, without atexit."""

    async def closing(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            await _in_thread(close_all)
        await send(message)

    return closing


async def _in_thread(function: Callable[[], None]) -> None:
    """Run *function* without holding up the loop; where it is not asyncio's, at once: it is the end anyway."""
    import asyncio  # noqa: PLC0415 (of use here alone)

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        function()
    else:
        await loop.run_in_executor(None, function)


def request_of(connection: MutableMapping[str, Any]) -> Request:
    """What is known of the request of an ASGI *connection*."""
    headers = _headers(connection.get("headers", ()))
    root, path = connection.get("root_path", ""), connection.get("path", "")
    scheme, (name, port) = connection.get("scheme", "http"), connection.get("server") or ("", None)
    return Request(
        connection.get("method", "GET"),
        scheme,
        headers.get("host") or server(scheme, name, port),
        quoted(path if path == root or path.startswith(root.rstrip("/") + "/") else root + path),
        connection.get("query_string", b"").decode("latin-1"),
        lambda name: headers.get(name.lower(), ""),
        lambda: _native(connection),
    )


def _headers(pairs: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        known, text = bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")
        # HTTP/2 may send each cookie by itself.
        headers[known] = f"{headers[known]}; {text}" if known == "cookie" and known in headers else text
    return headers


def _native(connection: MutableMapping[str, Any]) -> object:
    requests = sys.modules.get("starlette.requests")
    return requests.Request(connection) if requests else connection
