"""Whether an event would be stored now (``/readyz``)."""

from __future__ import annotations

import asyncio
import time

from collector.ingest.writer import Writer
from collector.storage.connection import Store
from collector.storage.guard import StoreAway

LATELY = 2.0
"""Seconds for which a write that succeeded speaks for the next."""
_PATIENCE = 3.0


class Readiness:
    """Judges by writes: the last event's, or, where none has passed lately, one made for the purpose.

    Args:
        writer: whose success counts, and which may be full.
        store: what is written to.
        name: the writer's.
    """

    def __init__(self, writer: Writer, store: Store, name: str) -> None:
        self._writer = writer
        self._store = store
        self._name = name
        self._trial: asyncio.Task[str] | None = None

    async def wrong(self) -> str:
        """What keeps an event from being stored, in a few words; empty when nothing does."""
        if self._writer.full:
            return "too many events wait to be stored"
        if time.monotonic() - self._writer.last_success < LATELY:
            return ""
        if self._trial is None or self._trial.done():  # however many ask, one write tells them all
            self._trial = asyncio.create_task(self._try())
        return await asyncio.shield(self._trial)

    async def _try(self) -> str:
        try:
            await asyncio.wait_for(self._store.meta.touch(self._name), _PATIENCE)
        except (StoreAway, TimeoutError):
            return "MongoDB does not take writes"
        self._writer.last_success = time.monotonic()
        return ""
