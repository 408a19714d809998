"""The routes of the API: ``/api/v1/…`` and ``/api.php``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from tornado.web import RequestHandler, stream_request_body

from collector.commands.call import Answer, Command, Request
from collector.commands.gate import Gate
from collector.errors import Fault, Refusal
from collector.metrics import Metrics
from collector.web.clients import Network, client_address
from collector.web.reading import inflated, read_parameters

log = logging.getLogger("collector.web")

MOST_READ = 1 << 30
"""Bytes of a body that are read (and thrown away) so that its sender can be told that it is too large. At more than
that Tornado closes the connection without a word."""
_ALLOWED_METHODS = "GET, POST, OPTIONS"
_EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
_FAULTS = {400: Fault.UNREADABLE, 405: Fault.METHOD_NOT_ALLOWED}
"""What Tornado refuses by itself; anything else is a fault of ours."""


@dataclass(slots=True)
class InFlight:
    """How many requests are being answered, so that a server that ends can wait for them."""

    count: int = 0
    ending: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self) -> None:
        """A request has come."""
        self.count += 1
        self.idle.clear()

    def leave(self) -> None:
        """A request has been answered, or its client has gone."""
        self.count -= 1
        if self.count == 0:
            self.idle.set()


@dataclass(frozen=True, slots=True)
class Door:
    """What every API handler is given: the gate, and what it must know to ask it."""

    gate: Gate
    metrics: Metrics
    in_flight: InFlight
    proxies: Sequence[Network]
    most_bytes: int


@stream_request_body
class ApiHandler(RequestHandler):
    """One route of the API.

    Every answer is JSON, errors included. A body is taken as a stream, since Tornado would otherwise reset the
    connection of one that is too large, and answer a bare 400 to one that inflates without end.
    """

    known_path = True
    _browsers = False

    def initialize(self, door: Door, command: Command | None, browsers: bool) -> None:
        """
        Args:
            command: that of the route; None where ``Command`` says it.
            browsers: whether pages of other sites may read the answers.
        """
        self._door = door
        self._command = command
        self._browsers = browsers
        self._body = bytearray()
        self._received = 0
        self._entered = False
        self._whole = False
        self.set_default_headers()  # again, now that the route is known

    def set_default_headers(self) -> None:
        """Headers of all answers, of those that Tornado makes too."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")
        if self._browsers:
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Access-Control-Expose-Headers", _EXPOSED)

    def compute_etag(self) -> None:
        """None: an answer is never shortened to a 304."""

    def prepare(self) -> None:
        """Begins a request."""
        self._entered = True
        self._door.in_flight.enter()
        if self._door.in_flight.ending:
            self.set_header("Connection", "close")  # so that steady clients do not hold up the end

    def data_received(self, chunk: bytes) -> None:
        """Takes what fits; the rest is only counted."""
        self._received += len(chunk)
        if self._received <= self._door.most_bytes:
            self._body += chunk

    async def get(self) -> None:
        """Answers."""
        await self._answer()

    async def post(self) -> None:
        """Answers."""
        await self._answer()

    def options(self) -> None:
        """Answers a preflight, for a day."""
        self.set_status(204)
        self.clear_header("Content-Type")
        self.clear_header("Cache-Control")
        if self._browsers:
            self.set_header("Access-Control-Allow-Methods", _ALLOWED_METHODS)
            self.set_header("Access-Control-Allow-Headers", "Content-Type, Content-Encoding, Authorization")
            self.set_header("Access-Control-Max-Age", "86400")

    async def _other(self) -> None:
        self._write(self._door.gate.refused(Refusal(Fault.METHOD_NOT_ALLOWED)))

    head = put = patch = delete = _other

    async def _answer(self) -> None:
        self._whole = True
        try:
            request = self._read()
        except Refusal as refusal:
            self._write(self._door.gate.refused(refusal))
            return
        self._write(await self._door.gate.answer(request))

    def _read(self) -> Request:
        most = self._door.most_bytes
        if self._received > most:
            raise Refusal(Fault.BODY_TOO_LARGE)
        headers = self.request.headers
        body = inflated(bytes(self._body), headers.get("Content-Encoding", ""), most)
        parameters = read_parameters(
            body, headers.get("Content-Type", ""), self.request.query.encode("latin-1"), self._door.gate.names.fold
        )
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        return Request(
            implied=self._command.name if self._command else None,
            method=self.request.method or "",
            parameters=parameters,
            size=max(self._received, len(body)),
            bearer=token.strip() if scheme.lower() == "bearer" else None,
            origin=headers.get("Origin"),
            referer=headers.get("Referer"),
            host=self.request.host,
            address=client_address(self.request.remote_ip or "", headers.get("X-Forwarded-For"), self._door.proxies),
        )

    def _write(self, answer: Answer) -> None:
        self.set_status(answer.status)
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self._door.metrics.requests.labels(answer.command, str(answer.status)).inc()
        self.write(orjson.dumps(answer.body))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What goes wrong outside of the gate, in the envelope of the contract."""
        self._refuse(_FAULTS.get(status_code, Fault.INTERNAL))

    def _refuse(self, fault: Fault) -> None:
        self._write(self._door.gate.refused(Refusal(fault)))
        self.finish()

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Logs faults of ours."""
        log_fault(typ, value, tb)

    def on_finish(self) -> None:
        """Ends a request."""
        self._leave()

    def on_connection_close(self) -> None:
        """The client has gone. What it sent whole is handled all the same; of the rest nothing will come."""
        super().on_connection_close()
        if not self._whole:
            self._leave()

    def _leave(self) -> None:
        if self._entered:
            self._entered = False
            self._door.in_flight.leave()


class UnknownRoute(ApiHandler):
    """A route under ``/api`` that does not exist."""

    known_path = False

    async def _answer(self) -> None:
        self._write(self._door.gate.refused(Refusal(Fault.UNKNOWN_COMMAND)))

    head = put = patch = delete = options = _answer  # type: ignore[assignment]

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A method that no route has is no reason to say more."""
        self._refuse(Fault.UNKNOWN_COMMAND if status_code == 405 else Fault.INTERNAL)


def log_fault(typ: Any, value: Any, tb: Any) -> None:
    """Logs an exception, unless it only is Tornado's way to answer what is the caller's mistake."""
    if getattr(value, "status_code", 500) >= 500:
        log.error("a request could not be answered", exc_info=(typ, value, tb))
