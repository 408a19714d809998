"""An upgrade of the counts: what a version from before the rollups has counted is counted anew, in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from collector.catalog.ledger import PACE, Ledger
from collector.catalog.rebuild import Rebuild
from collector.storage.guard import StoreAway

log = logging.getLogger("collector.catalog")

_AFTER_FAULTS = 60.0
"""Seconds between two attempts."""


class Renewal:
    """Makes the counts anew where rollups are missing, which it does not need to be told: also where an older version
    has counted in between, as it may while one host after another is upgraded.

    Args:
        ledger: knows whether they are missing, and whether this process is the one to see to it.
        make: a new rebuild.
        pace: seconds between two looks, which cost nothing.
    """

    def __init__(self, ledger: Ledger, make: Callable[[], Rebuild], pace: float = PACE) -> None:
        self._ledger = ledger
        self._make = make
        self._pace = pace
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stops; what it was about has changed nothing then, and is begun again by the next."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._pace)
            if not self._ledger.lacks_rollups:
                continue
            log.info("events that an older version has counted are counted anew, for the counts by time")
            try:
                await self._make().run()
                log.info("they are counted")
            except StoreAway as error:
                log.warning("they could not be counted, and are tried again: %s", error)
                await asyncio.sleep(_AFTER_FAULTS)
            except Exception:
                log.exception("they could not be counted")
                await asyncio.sleep(_AFTER_FAULTS)
