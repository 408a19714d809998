"""A proxy in front of a collector that does to requests what networks and proxies do."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedIOBase
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import IO

from tests.support.live import Live

PATIENCE = 30.0
AGAINST_US = 0.3
"""Seconds by which an answer may be late and is waited for."""


class Broken(Exception):
    """The connection to the client is of no use any more."""


@dataclass
class Gateway:
    """Where a client sends, and what is done to its next requests; afterwards they pass."""

    upstream: tuple[str, int]
    url: str = ""
    faults: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    end: threading.Event = field(default_factory=threading.Event)

    def forwarded(self, request: bytes) -> bytes:
        """What the collector answers."""
        with socket.create_connection(self.upstream, PATIENCE) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                return message(answer)


def message(stream: IO[bytes] | BufferedIOBase) -> bytes:
    """One request or answer, which says its length; empty where there is none."""
    head, length = b"", 0
    while line := stream.readline():
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        if line == b"\r\n":
            break
    return head + stream.read(length)


def answer(status: int, *headers: str) -> bytes:
    """An answer of a proxy's own."""
    body = json.dumps({"Errors": [{"Code": status, "Message": "A proxy says so"}]})
    lines = [f"HTTP/1.1 {status} Fault", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


Fault = Callable[[Gateway, socket.socket, bytes], None]


def passes(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """As if there were none between."""
    client.sendall(gateway.forwarded(request))


def slow(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The answer takes its time."""
    time.sleep(AGAINST_US)
    client.sendall(gateway.forwarded(request))


def silent(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The collector has it, and its answer never comes."""
    gateway.forwarded(request)
    gateway.end.wait(PATIENCE)
    raise Broken


def drips(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The collector has it, and its answer comes so slowly that it never ends."""
    for byte in gateway.forwarded(request):
        client.sendall(bytes([byte]))
        if gateway.end.wait(0.2):
            break
    raise Broken


def truncates(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The collector has it, and a part of its answer comes."""
    client.sendall(gateway.forwarded(request)[:-7])
    raise Broken


def resets(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The collector has it, and in the midst of its answer the connection is reset."""
    client.sendall(gateway.forwarded(request)[:200])
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise Broken


def breaks_before(gateway: Gateway, client: socket.socket, request: bytes) -> None:
    """The collector has a half of it, and the client is told nothing."""
    with socket.create_connection(gateway.upstream, PATIENCE) as connection:
        connection.sendall(request[: len(request) // 2])
    raise Broken


def _says(status: int, *headers: str) -> Fault:
    def says(gateway: Gateway, client: socket.socket, request: bytes) -> None:
        client.sendall(answer(status, *headers))

    return says


def _lies(status: int) -> Fault:
    def lies(gateway: Gateway, client: socket.socket, request: bytes) -> None:
        gateway.forwarded(request)
        client.sendall(answer(status))

    return lies


FAULTS: dict[str, Fault] = {
    "slow": slow,
    "silent": silent,
    "drips": drips,
    "truncates": truncates,
    "resets": resets,
    "breaks before": breaks_before,
    "429": _says(429, "Retry-After: 1"),
    "500": _says(500),
    "413": _says(413),
    "500 after all": _lies(500),
    "502 after all": _lies(502),
    "413 after all": _lies(413),
}


def _handler(gateway: Gateway) -> type[StreamRequestHandler]:
    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(Broken, OSError):
                while request := message(self.rfile):
                    name = gateway.faults.pop(0) if gateway.faults else "passes"
                    gateway.done[name] += 1
                    FAULTS.get(name, passes)(gateway, self.connection, request)

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

    return Handler


class _Server(ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def gateway_to(live: Live) -> Iterator[Gateway]:
    """A gateway to a collector."""
    host, _, port = live.url.removeprefix("http://").partition(":")
    gateway = Gateway((host, int(port)))
    with _Server(("127.0.0.1", 0), _handler(gateway)) as server:
        gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield gateway
        finally:
            gateway.end.set()
            server.shutdown()
            thread.join()
