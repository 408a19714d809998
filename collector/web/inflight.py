"""The requests that are being read and answered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

MOST_READ = 1 << 30
"""Bytes of a body that are read (and thrown away) so that its sender can be told that it is too large. At more than
that Tornado closes the connection without a word."""
BODY_SECONDS = 30.0
"""How long a request may take to come."""


class Incoming(Protocol):
    """A request that is being read."""

    def abandon(self) -> None:
        """Ends its connection."""


@dataclass(slots=True)
class InFlight:
    """How many requests there are, so that a server that ends can wait for them, and which are still being read, so
    that one that never comes to its end does not stay."""

    count: int = 0
    ending: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: dict[Incoming, float] = field(default_factory=dict)

    def enter(self, request: Incoming) -> None:
        """The head of a request has come."""
        self.count += 1
        self.idle.clear()
        self._reading[request] = time.monotonic()

    def read(self, request: Incoming) -> None:
        """All of it has come, or nothing more will."""
        self._reading.pop(request, None)

    def leave(self) -> None:
        """A request has been answered, or its client has gone."""
        self.count -= 1
        if self.count == 0:
            self.idle.set()

    def sweep(self) -> None:
        """Ends those that take too long to come."""
        latest = time.monotonic() - BODY_SECONDS
        for request in [request for request, since in self._reading.items() if since < latest]:
            request.abandon()
