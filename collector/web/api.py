"""The routes of the API, ``/api/v1/…`` and ``/api.php``, on Tornado's HTTP server.

They are answered where Tornado hands over messages, before a ``RequestHandler`` is made: a body is counted and taken
up to a limit as it comes, so that who sends too much is told so (Tornado would close the connection), and what a
handler is made for, pages, cookies, templates, is not paid for with every event. All other paths are the application's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.web import Application

from collector.commands.call import Answer, Command, Request
from collector.commands.console import API
from collector.commands.gate import Gate
from collector.errors import Fault, Refusal
from collector.metrics import Metrics
from collector.model import Document
from collector.storage.guard import StoreAway
from collector.web import pixel
from collector.web.answers import body_of, headers_of, preflight_headers, start_line
from collector.web.clients import Network, client_address
from collector.web.console import Dress, Visit
from collector.web.inflight import InFlight
from collector.web.logs import log_answer
from collector.web.reading import inflated, read_parameters
from collector.web.streaming import write_stream

log = logging.getLogger("collector.web")

_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Door:
    """What every exchange is given: the gates, that of the API and that of the console, and what it must know to ask
    them. ``most_bytes``: how large a body may be where the path implies no command."""

    gate: Gate
    console: Gate
    metrics: Metrics
    in_flight: InFlight
    proxies: Sequence[Network]
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Route:
    """A path of the API, or of the console. ``command`` is what it implies, None on ``/api.php``; ``browsers`` whether
    pages of other sites may read its answers; ``known`` is false of paths that do not exist; ``image`` is true of the
    command's image (``web.pixel``); ``console`` is what becomes of an answer to the console's page, None where the path
    is not the console's."""

    command: Command | None = None
    browsers: bool = False
    known: bool = True
    image: bool = False
    console: Dress | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Which methods it takes at all."""
        return ("GET",) if self.image else ("GET", "POST")

    @property
    def allowed(self) -> str:
        """What a refused method is told: the methods that lead to something here."""
        methods = self.command.methods if self.command and not self.image else self.methods
        return ", ".join((*methods, "OPTIONS"))


_UNKNOWN = Route(known=False)


class Front(Application):
    """Tornado's application with the API in front of it.

    Args:
        door: how commands are reached.
        routes: the paths of the API.
        handlers: all other paths, as Tornado takes them.
        settings: of Tornado.
    """

    def __init__(self, door: Door, routes: Mapping[str, Route], handlers: list[Any], **settings: Any) -> None:
        super().__init__(handlers, **settings)
        self.door = door
        self._routes = routes

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Takes a request, of which nothing is read yet."""
        return Exchange(self, server_conn, request_conn)

    def route(self, path: str) -> Route | None:
        """The API's route of a path; None where it is the application's."""
        found = self._routes.get(path)
        if found is None and (path == "/api" or path.startswith(("/api/", API))):
            return _UNKNOWN
        return found

    def start_page(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Takes a request for a page, as Tornado does."""
        return super().start_request(server_conn, request_conn)


class Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, front: Front, server_conn: object, connection: HTTPConnection) -> None:
        self._front = front
        self._door = front.door
        self._server_conn = server_conn
        self._connection: Any = connection
        self._page: HTTPMessageDelegate | None = None
        self._body = bytearray()
        self._received = 0
        self._began = 0.0

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Any:
        """Decides whose request it is."""
        self._door.in_flight.enter(self)
        assert isinstance(start_line, RequestStartLine)
        self._began = time.monotonic()
        if not start_line.path.startswith("/"):
            start_line = start_line._replace(path=_origin_form(start_line.path))
        self._line, self._headers = start_line, headers
        self._path, _, self._query = start_line.path.partition("?")
        route = self._front.route(self._path)
        if route is None:
            self._page = self._front.start_page(self._server_conn, self._connection)
            return self._page.headers_received(start_line, headers)
        self._route = route
        self._most = route.command.most_bytes if route.command else self._door.most_bytes
        return None

    def data_received(self, chunk: bytes) -> Any:
        """Takes what fits; the rest is only counted."""
        if self._page:
            return None  # pages take no bodies
        self._received += len(chunk)
        if self._received <= self._most:
            self._body += chunk
        return None

    def finish(self) -> None:
        """All of it is here: what its sender sent whole is handled, though they may go."""
        self._door.in_flight.read(self)
        if self._page:
            self._page.finish()
            self._door.in_flight.leave()
        else:
            self._answering = asyncio.get_running_loop().create_task(self._answer())

    def on_connection_close(self) -> None:
        """The client has gone, and the rest of its request will not come."""
        self._door.in_flight.read(self)
        self._door.in_flight.leave()
        if self._page:
            self._page.on_connection_close()

    def abandon(self) -> None:
        """Ends a connection whose request does not come to its end."""
        self._connection.close()

    async def _answer(self) -> None:
        try:
            if self._line.method == "OPTIONS" and self._route.known:
                self._write(204, preflight_headers(self._route.browsers), b"")
                return
            answer = await self._answered()
            headers = headers_of(answer, self._route.browsers)
            if answer.status == Fault.METHOD_NOT_ALLOWED.status:
                headers["Allow"] = self._route.allowed
            if answer.stream is not None:
                self._door.metrics.count_request(answer.command, answer.status)
                await self._stream(answer.status, headers, answer.stream)
                return
            if self._route.image:
                body = pixel.as_image(headers)
            else:
                body = body_of(answer, self._headers.get("Accept-Encoding", ""), headers)
            self._door.metrics.count_request(answer.command, answer.status)
            self._write(answer.status, headers, b"" if self._line.method == "HEAD" else body)
        except StreamClosedError:
            pass  # they have gone
        except Exception:
            log.exception("a request could not be answered")
            self._connection.close()
        finally:
            self._door.in_flight.leave()

    async def _answered(self) -> Answer:
        gate = self._door.console if self._route.console else self._door.gate
        if not self._route.known:
            return gate.refused(Refusal(Fault.UNKNOWN_COMMAND))
        if self._line.method not in self._route.methods:
            return gate.refused(Refusal(Fault.METHOD_NOT_ALLOWED))
        if self._route.image and (header := pixel.unwanted(self._headers)):
            return Answer(200, {}, {"X-Footfall-Ignored": header}, pixel.COMMAND)
        try:
            request = self._read_image() if self._route.image else self._read(gate)
            visit = self._visit(request) if self._route.console else None
            request = visit.own() if visit else request
        except Refusal as refusal:
            return gate.refused(refusal)
        except Exception:
            log.exception("a request could not be read")
            return gate.refused(Refusal(Fault.INTERNAL))
        answer = await gate.answer(request)
        if self._route.console and visit:
            self._route.console(answer, visit)
        return answer

    def _visit(self, request: Request) -> Visit:
        return Visit.of(request, self._headers, self._connection.context, self._door.proxies)

    def _read(self, gate: Gate) -> Request:
        headers = self._headers
        if self._received > self._most:
            raise Refusal(Fault.BODY_TOO_LARGE)
        body = inflated(bytes(self._body), headers.get("Content-Encoding", ""), self._most)
        parameters = read_parameters(
            body, headers.get("Content-Type", ""), self._query.encode("latin-1"), gate.names.fold
        )
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        request = self._request(parameters, self._line.method)
        request.size = max(self._received, len(body))
        request.bearer = token.strip() if scheme.lower() == "bearer" else None
        return request

    def _read_image(self) -> Request:
        """A page view. An image tells no ``Origin``; that it is some page's keeps secret keys out (section 3)."""
        parameters = pixel.page_view(
            self._query.encode("latin-1"), self._headers.get("Referer"), self._door.gate.names.fold
        )
        request = self._request(parameters, "POST")
        request.origin = request.origin or "null"
        return request

    def _request(self, parameters: Document, method: str) -> Request:
        headers, peer = self._headers, self._connection.context.remote_ip or ""
        return Request(
            implied=self._route.command.name if self._route.command else None,
            method=method,
            parameters=parameters,
            origin=headers.get("Origin"),
            referer=headers.get("Referer"),
            host=headers.get("Host", ""),
            address=client_address(peer, headers.get("X-Forwarded-For"), self._door.proxies),
            user_agent=headers.get("User-Agent"),
        )

    async def _stream(self, status: int, headers: HTTPHeaders, pieces: AsyncGenerator[bytes, None]) -> None:
        try:
            await write_stream(self._connection, status, headers, pieces, self._line.version == "HTTP/1.0")
        except StoreAway as error:
            log.warning("a stream was cut: MongoDB is away: %s", error)
        self._log(status)

    def _write(self, status: int, headers: HTTPHeaders, body: bytes) -> None:
        if self._door.in_flight.ending:
            headers["Connection"] = "close"  # so that steady clients do not hold up the end
        # Whether the bytes have left is the connection's to know: nobody waits for it here.
        with suppress(StreamClosedError):
            self._connection.write_headers(start_line(status), headers, body)
            self._connection.finish()
        self._log(status)

    def _log(self, status: int) -> None:
        method = self._line.method if self._line.method in _METHODS else None
        log_answer(method, self._path if self._route.known else None, status, time.monotonic() - self._began)


def _origin_form(target: str) -> str:
    """A target without scheme and host, which clients write that take us for a proxy (RFC 9112, 3.2.2)."""
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        return target
    return "/" + rest.partition("/")[2]
