"""Sockets and the HTTP server on them."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Sequence

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets

from collector.errors import StartupError
from collector.web.api import Front
from collector.web.inflight import MOST_READ

_SWEEP_MS = 5_000.0
_IDLE_SECONDS = 75.0
_BACKLOG = 1024
_MOST_HEAD = 256 << 10
"""Bytes of a request's first line and headers, beyond which Tornado closes the connection without a word. A query may
name all that a body may: 64 KiB of properties are up to three times as many there."""
_SPREADS = sys.platform == "linux"
"""Whether connections are spread over all sockets that listen at one port. Others that know SO_REUSEPORT do not."""


def listen(address: str, port: int, processes: int = 1) -> list[list[socket.socket]]:
    """Listening sockets for each process; connections wait in them until a server accepts.

    Where the system spreads connections over several sockets at one port, each process has its own; elsewhere all
    share.

    Args:
        port: 0 for one that is free.

    Raises:
        StartupError: the port is taken, or the address is not this machine's.
    """
    try:
        # First without SO_REUSEPORT, with which a second collector of the same user would silently share the port.
        alone = bind_sockets(port, address, backlog=_BACKLOG)
        if processes == 1 or not _SPREADS:
            return [alone] * processes
        port = alone[0].getsockname()[1]
        for one in alone:
            one.close()
        return [bind_sockets(port, address, backlog=_BACKLOG, reuse_port=True) for _ in range(processes)]
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

    def __init__(self, application: Front, sockets: Sequence[socket.socket]) -> None:
        self._server = HTTPServer(
            application,
            max_body_size=MOST_READ,
            max_header_size=_MOST_HEAD,
            idle_connection_timeout=_IDLE_SECONDS,
        )
        self._server.add_sockets(sockets)
        # Tornado's own limit for a body costs every request a timer.
        self._sweeping = PeriodicCallback(application.door.in_flight.sweep, _SWEEP_MS)
        self._sweeping.start()

    def stop(self) -> None:
        """Accepts no more connections; those that are there go on."""
        self._server.stop()

    async def close(self) -> None:
        """Closes the connections that are left."""
        self._sweeping.stop()
        await self._server.close_all_connections()
