"""Requests as bytes on a socket, for what no well-behaved client sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

_SECONDS = 30.0

Until = Literal["answer", "closed", "dead"]


@dataclass(frozen=True)
class RawAnswer:
    """The first answer on a connection, and all bytes that came before the server closed it."""

    status: int
    headers: dict[str, str]
    body: bytes
    received: bytes

    @property
    def codes(self) -> list[int]:
        """The codes of the errors."""
        return [error["Code"] for error in json.loads(self.body)["Errors"]]


def request(method: str, target: str | bytes, headers: Mapping[str, Any], body: bytes = b"") -> bytes:
    """A request; only the headers that are given, and the target unescaped."""
    raw = target.encode() if isinstance(target, str) else target
    head = b"%s %s HTTP/1.1\r\n" % (method.encode(), raw)
    lines = [f"{name}: {value}\r\n".encode() for name, value in {"Host": "localhost", **headers}.items()]
    return head + b"".join(lines) + b"\r\n" + body


async def exchange(url: str, *pieces: bytes, until: Until = "answer") -> RawAnswer | None:
    """Sends pieces on one connection; None where the server closed it without a word.

    Args:
        until: what to wait for: one answer; the server's closing; or that too, but having told the server that no
            more will come, as a client that dies does.
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if until == "dead":
            writer.write_eof()
        received = await asyncio.wait_for(_one(reader) if until == "answer" else reader.read(), _SECONDS)
    finally:
        writer.close()
        await writer.wait_closed()
    return parsed(received) if received else None


def parsed(received: bytes) -> RawAnswer:
    """The first answer in what was received."""
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return RawAnswer(int(first.split()[1]), headers, rest[: int(headers.get("content-length", 0))], received)


async def _one(reader: asyncio.StreamReader) -> bytes:
    """One answer, on a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(parsed(head).headers.get("content-length", 0))
    return head + await reader.readexactly(length)
