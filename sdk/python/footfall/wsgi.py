"""Any WSGI app: ``app = FootfallMiddleware(app)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Callable

from ._client import Client
from ._default import track
from ._page import Request, quoted, server
from ._scope import Scope, Web, WebOptions, within

if TYPE_CHECKING:
    from typing_extensions import Unpack

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class FootfallMiddleware:
    """Gives the events tracked within a request its address and title. Takes the arguments of ``Web``.

    *client* tracks the page views, where those are asked for; by default the process's own.
    """

    def __init__(self, app: App, client: Client | None = None, **web: Unpack[WebOptions]) -> None:
        self._app, self._client, self._web = app, client, Web(**web)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        scope = Scope(request_of(environ, self.native(environ)), self._web)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            begun(scope, _number(status), dict((name.lower(), value) for name, value in headers), self._client)
            return start_response(status, headers, *exc_info)

        try:
            with within(scope):
                body = self._app(environ, start)
        except BaseException:
            scope.settle()
            raise
        return _watched(body, scope, environ.get("wsgi.file_wrapper"))

    def native(self, environ: Environ) -> Callable[[], object]:
        """What makes the request that ``identify`` is given."""
        return lambda: environ


def begun(scope: Scope, status: int, headers: dict[str, str], client: Client | None) -> bool:
    """The answer begins: the view of its page is tracked if that is asked for. Whether its title is looked for."""
    may_hold = scope.started(status, headers.get("content-type", ""), headers.get("content-encoding", ""))
    if scope.is_view(status):
        with within(scope):
            (client.track if client else track)("page_view")
    return may_hold


def _number(status: str) -> int:
    return int(status[:3]) if status[:3].isdigit() else 0


def request_of(environ: Environ, native: Callable[[], object]) -> Request:
    """What is known of the request of *environ*."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    scheme = environ.get("wsgi.url_scheme", "http")

    def header(name: str) -> str:
        return str(environ.get("HTTP_" + name.upper().replace("-", "_"), ""))

    return Request(
        environ.get("REQUEST_METHOD", "GET"),
        scheme,
        environ.get("HTTP_HOST") or server(scheme, environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT")),
        quoted(path.encode("latin-1", "replace").decode("utf-8", "replace")),
        environ.get("QUERY_STRING", ""),
        header,
        native,
    )


def _watched(body: Iterable[bytes], scope: Scope, file_wrapper: Any) -> Iterable[bytes]:
    """*body*, looked at as it passes; a file stays one, for the server may send it by itself."""
    if isinstance(body, (list, tuple)):
        for chunk in body:
            scope.feed(chunk)
        scope.settle()
        return body
    if isinstance(file_wrapper, type) and isinstance(body, file_wrapper):
        scope.settle()
        return body
    return _Body(body, scope)


class _Body:
    """Each chunk is made within the request's scope, and looked at."""

    def __init__(self, body: Iterable[bytes], scope: Scope) -> None:
        self._body, self._scope = body, scope
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            with within(self._scope):
                if self._chunks is None:
                    self._chunks = iter(self._body)
                chunk = next(self._chunks)
        except BaseException:
            self._scope.settle()
            raise
        self._scope.feed(chunk)
        return chunk

    def close(self) -> None:
        self._scope.settle()
        close = getattr(self._body, "close", None)
        if close is not None:
            with within(self._scope):
                close()
