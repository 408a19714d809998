"""Writing an answer of any length, as fast as its reader takes it."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from collector.web.answers import start_line

PATIENCE = 60.0
"""Seconds that a reader may take for ``_AT_A_TIME`` bytes."""
_AT_A_TIME = 64 << 10
_AT_ONCE = struct.pack("ii", 1, 0)


async def write_stream(
    connection: Any, status: int, headers: HTTPHeaders, pieces: AsyncGenerator[bytes, None], ends_by_closing: bool
) -> None:
    """Writes pieces: the next is made when the last has left, so that a slow reader costs no memory.

    What cannot be completed is ended so that nobody takes it for complete: the connection is reset.

    Args:
        connection: Tornado's.
        ends_by_closing: whether the reader knows the end of a body by that of the connection (HTTP/1.0).

    Raises:
        StreamClosedError: the reader has gone, or takes nothing.
        Exception: what the making of a piece raises.
    """
    outflow = _Outflow(connection)
    try:
        async with contextlib.aclosing(pieces):
            await outflow.left(connection.write_headers(start_line(status), headers))
            async for piece in pieces:
                for place in range(0, len(piece), _AT_A_TIME):
                    await outflow.left(connection.write(piece[place : place + _AT_A_TIME]))
    except BaseException:
        _reset(connection)
        raise
    if ends_by_closing:
        connection.close()
    else:
        connection.finish()


class _Outflow:
    """Waits for bytes to leave. Tornado's own future never ends where the reader goes meanwhile."""

    def __init__(self, connection: Any) -> None:
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection.set_close_callback(self._leave)

    async def left(self, written: asyncio.Future[None]) -> None:
        """Returns when they have.

        Raises:
            StreamClosedError: they have not, and will not.
        """
        done, _ = await asyncio.wait((written, self._gone), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not done or self._gone.done():
            raise StreamClosedError
        written.result()

    def _leave(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)


def _reset(connection: Any) -> None:
    """Closes a connection without its end: with that who reads until the end would be content."""
    stream = connection.stream
    if stream is not None and stream.socket is not None:
        stream.socket.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
    connection.close()
