"""Sockets and the HTTP server on them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from collector.errors import StartupError
from collector.web.api import MOST_READ

_BODY_SECONDS = 30.0
_IDLE_SECONDS = 75.0
_BACKLOG = 1024


def listen(address: str, port: int) -> list[socket.socket]:
    """Listening sockets; connections wait in them until a server accepts.

    Raises:
        StartupError: the port is taken, or the address is not this machine's.
    """
    try:
        return bind_sockets(port, address, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(f"Port {port} is taken on {address}: choose another with --port") from error
        raise StartupError(f"Cannot listen on {address}, port {port}: {error.strerror}") from error


class Server:
    """Serves an application until it is stopped.

    Args:
        application: what is served.
        sockets: where.
    """

    def __init__(self, application: Application, sockets: Sequence[socket.socket]) -> None:
        self._server = HTTPServer(
            application,
            max_body_size=MOST_READ,
            body_timeout=_BODY_SECONDS,
            idle_connection_timeout=_IDLE_SECONDS,
        )
        self._server.add_sockets(sockets)

    def stop(self) -> None:
        """Accepts no more connections; those that are there go on."""
        self._server.stop()

    async def close(self) -> None:
        """Closes the connections that are left."""
        await self._server.close_all_connections()
