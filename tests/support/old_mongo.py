"""A server that says it is a MongoDB of some version, and can do nothing else."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from collections.abc import Iterator
from typing import Any

import bson

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013
_HEADER = struct.Struct("<iiii")


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, struct.error):
            while True:
                length, number, _, kind = _HEADER.unpack(self.rfile.read(_HEADER.size))
                body = self.rfile.read(length - _HEADER.size)
                self.wfile.write(_answer(kind, number, self.server.reply(_command(kind, body))))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, version: str, wire: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._version = version
        self._wire = wire

    def reply(self, command: str) -> dict[str, Any]:
        if command.lower() in ("hello", "ismaster"):
            primary = {"isWritablePrimary": True, "ismaster": True, "helloOk": True}
            return {**primary, "minWireVersion": 0, "maxWireVersion": self._wire, "ok": 1}
        if command.lower() == "buildinfo":
            return {"version": self._version, "ok": 1}
        return {"ok": 0, "code": 59, "errmsg": f"no such command: {command}"}


def _command(kind: int, body: bytes) -> str:
    """The name of a command: the first key of the document behind what its kind of message begins with."""
    start = 5 if kind == _MESSAGE else body.index(b"\0", 4) + 9
    length = int.from_bytes(body[start : start + 4], "little")
    return next(iter(bson.decode(body[start : start + length])))


def _answer(kind: int, number: int, reply: dict[str, Any]) -> bytes:
    document = bson.encode(reply)
    if kind == _QUERY:
        body, kind = struct.pack("<iqii", 0, 0, 0, 1) + document, _REPLY
    else:
        body, kind = struct.pack("<iB", 0, 0) + document, _MESSAGE
    return _HEADER.pack(_HEADER.size + len(body), 0, number, kind) + body


@contextlib.contextmanager
def mongodb_of(version: str, wire: int) -> Iterator[str]:
    """The address of a server of this version, and of this version of the protocol."""
    with _Server(version, wire) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"mongodb://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
