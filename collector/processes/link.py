"""What a parent and a child say to each other: a JSON object a line, both ways, over one socket.

to a child                           from a child
{"settings", "slot", "sockets"}      {"ready": true}, or {"failed": why it cannot start}
{"tell": true}                       {"told": what it has counted}, once for each time it was asked
                                     {"counts": the same}, every second
                                     {"ask": number, "counts"}: what have all counted?
{"answer": the number, "text"}
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import orjson

Message = dict[str, Any]

MOST_BYTES = 16 << 20


class Link:
    """One end of it. ``over`` makes one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Link:
        """Takes over one of a pair of connected sockets."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=MOST_BYTES))

    def send(self, message: Message) -> None:
        """Sends without waiting; to one that is gone it is lost."""
        if not self._writer.is_closing():
            self._writer.write(orjson.dumps(message) + b"\n")

    async def sent(self) -> None:
        """Returns once the other one has taken in nearly all that was sent, or is gone."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    async def receive(self) -> Message | None:
        """The next message; None once the other one is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return orjson.loads(line) if line.endswith(b"\n") else None

    async def close(self) -> None:
        """Sends what is left, and ends the link."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
