"""Whether MongoDB is taken to be there: what one part has learned of it spares the others the wait."""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger("collector.storage")


class Health:
    """Known to all that use the store; told by those that have tried it. ``trouble`` is set when there is
    something to be made good."""

    def __init__(self) -> None:
        self.away = False
        self.trouble = asyncio.Event()

    def lost(self, reason: object) -> None:
        """An operation was not taken, or not in time."""
        if not self.away:
            self.away = True
            self.trouble.set()
            log.warning("MongoDB is away: %s", reason)

    def found(self) -> None:
        """A write was taken."""
        if self.away:
            self.away = False
            log.warning("MongoDB is back")
