"""Whether an event would be stored now (``/readyz``)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from collector.ingest.spooling import Spooling
from collector.ingest.storing import Storing
from collector.ingest.writer import Writer
from collector.storage.connection import Store
from collector.storage.guard import StoreAway, within

LATELY = 2.0
"""Seconds for which a write that succeeded speaks for the next."""
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``takes``: an event would be acknowledged; ``reason``: what is wrong, in a few words, empty when nothing is."""

    takes: bool
    reason: str = ""


class Readiness:
    """Judges by writes: the last event's, or, where none has passed lately, one made for the purpose.

    Args:
        writer: which may be full.
        storing: whose success counts.
        spooling: takes events while MongoDB does not.
        store: is written to.
    """

    def __init__(self, writer: Writer, storing: Storing, spooling: Spooling, store: Store) -> None:
        self._writer = writer
        self._storing = storing
        self._spooling = spooling
        self._store = store
        self._trial: asyncio.Task[bool] | None = None

    async def verdict(self) -> Verdict:
        """Whether an event would be acknowledged now."""
        if self._writer.full:
            return Verdict(takes=False, reason="too many events wait to be stored")
        if await self._stores():
            return Verdict(takes=True)
        if await self._spooling.takes():
            return Verdict(takes=True, reason="MongoDB does not take writes; events wait in the spool")
        return Verdict(takes=False, reason="neither MongoDB nor the spool takes writes")

    async def _stores(self) -> bool:
        if self._store.health.away:
            return False
        if time.monotonic() - self._storing.last_success < LATELY:
            return True
        if self._trial is None or self._trial.done():  # however many ask, one write tells them all
            self._trial = asyncio.create_task(self._try())
        return await asyncio.shield(self._trial)

    async def _try(self) -> bool:
        try:
            with within(_PATIENCE):
                await self._store.probe()
        except StoreAway:
            return False
        self._storing.last_success = time.monotonic()
        return True
