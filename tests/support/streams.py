"""A reader of server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.console import Console

PATIENCE = 50.0


@dataclass
class Reader:
    """What has come so far."""

    head: bytes = b""
    rest: bytes = b""
    ended: bool = False
    items: list[tuple[str, Any, float]] = field(default_factory=list)

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Reads until there is no more."""
        with contextlib.suppress(OSError):
            while chunk := await stream.read(65_536):
                self.take(chunk)
        self.ended = True

    def take(self, chunk: bytes) -> None:
        """Reads what has come."""
        self.rest += chunk
        while b"\n\n" in self.rest:
            block, _, self.rest = self.rest.partition(b"\n\n")
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "event" in fields:
                self.items.append((fields["event"], json.loads(fields["data"]), time.monotonic()))

    def all(self, kind: str = "event") -> list[Any]:
        """What has come of one kind."""
        return [data for name, data, _ in self.items if name == kind]

    def names(self) -> list[str]:
        """The events that have come."""
        return [data["Event"] for data in self.all()]

    async def until(self, holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """The first true value of a condition; fails when there is none in time."""
        deadline = time.monotonic() + seconds
        while not (value := holds()):
            assert time.monotonic() < deadline, f"waited {seconds} s in vain; there came {str(self.items)[:2_000]}"
            await asyncio.sleep(0.02)
        return value

    async def event(self, name: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The first event of this name, as soon as it comes."""
        found = await self.until(lambda: [row for row in self.all() if row["Event"] == name], seconds)
        first: dict[str, Any] = found[0]
        return first


@contextlib.asynccontextmanager
async def watching(console: Console, list_id: int | None, url: str | None = None) -> AsyncIterator[Reader]:
    """Reads what happens in a list until the block ends, on a connection of its own."""
    host = (url or console.site.url).partition("://")[2]
    query = "" if list_id is None else f"?ListID={list_id}"
    stream, writer = await asyncio.open_connection(*host.split(":"))
    # HTTP/1.0, in which a body is not cut into chunks.
    writer.write(
        f"GET /console/live{query} HTTP/1.0\r\nHost: {host}\r\nCookie: {console.cookie['Cookie']}\r\n\r\n".encode()
    )
    reader = Reader()
    reader.head = await stream.readuntil(b"\r\n\r\n")
    reading = asyncio.ensure_future(reader.read(stream))
    try:
        yield reader
    finally:
        reading.cancel()
        writer.close()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        with contextlib.suppress(OSError):
            await writer.wait_closed()
