"""What happens to events while MongoDB is away: they wait in the spool, and are stored when it is back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from collector.errors import Refusal, unavailable
from collector.ingest.keeping import acknowledged, append, read
from collector.ingest.pending import Pending, Result
from collector.ingest.storing import Storing
from collector.metrics import Metrics
from collector.spool import Segment, Spool, SpoolFull
from collector.spool.waiting import Waiting
from collector.storage.connection import Store
from collector.storage.guard import StoreAway, within

log = logging.getLogger("collector.spool")

RETRY_AFTER = 10
"""Whole seconds after which a client may find room again."""
_IN_GROUP = 500
_GROUP_SECONDS = 10.0
_LOOK_SECONDS = 5.0
_PROBE_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries of a MongoDB that is away; the very first is made at once."""

T = TypeVar("T")


class Spooling:
    """Keeps events in a spool, and drains it in order whenever MongoDB takes writes, beside what comes in.

    Args:
        spool: where they wait; None: there is none, and what MongoDB does not take is refused.
        told: where other processes of this host read how many wait here.
        storing: stores what waited.
        store: is tried until it takes writes again.
        metrics: what is counted.
    """

    def __init__(self, spool: Spool | None, told: Waiting, storing: Storing, store: Store, metrics: Metrics) -> None:
        self._spool = spool
        self._told = told
        self._storing = storing
        self._store = store
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, "spool")
        self._draining: asyncio.Task[None] | None = None
        self._segment: Segment | None = None
        self._place = self._waiting = 0
        self._group: deque[tuple[bytes, Pending | None]] = deque()
        self._doubtful = False
        self._pause = 0.0

    @property
    def waiting(self) -> int:
        """How many acknowledged events wait here."""
        return self._waiting

    def on_host(self) -> int:
        """How many wait in all processes of this host."""
        return self._told.on_host()

    async def start(self) -> None:
        """Takes in what an earlier process left, and begins to drain.

        Raises:
            OSError: the spool's directory cannot be used.
        """
        if self._spool:
            await self._apart(self._spool.open)
            self._found(self._spool.depth.records)
            self._watch(self._spool)
        self._draining = asyncio.create_task(self._drain())

    def _found(self, events: int) -> None:
        """Takes events into account that were here before."""
        self._metrics.received.labels("spool").inc(events)
        self._waiting += events
        self._told.set(self._waiting)
        if events:
            self._store.health.trouble.set()

    def _watch(self, spool: Spool) -> None:
        watch = self._metrics.watch
        watch("spool_events", "Acknowledged events that wait in the spool", lambda: self.waiting)
        watch("spool_bytes", "What they take", lambda: spool.depth.bytes)
        watch("spool_oldest_seconds", "How long the oldest waits", lambda: _age(spool.depth.oldest))
        watch("spool_set_aside", "Events that can never be stored", lambda: spool.aside)
        watch("spool_damaged_bytes", "What could not be read", lambda: spool.damaged_bytes)

    async def close(self) -> None:
        """Stops draining; what waits is there for the next start."""
        if self._draining is None:
            return
        draining, self._draining = self._draining, None
        draining.cancel()
        await asyncio.wait([draining])
        if self._spool:
            await self._apart(self._spool.close)
        self._told.close()
        self._thread.shutdown()

    async def keep(self, group: Sequence[Pending]) -> list[Result]:
        """Keeps events that MongoDB did not take; they are on disk when this returns, or refused for want of room."""
        if not group:
            return []
        kept = await self._apart(lambda: append(spool, group)) if (spool := self._spool) else set[int]()
        self._waiting += len(kept)
        self._metrics.in_flight.dec(len(kept))
        self._told.set(self._waiting)
        self._doubtful |= any(pending.number for place, pending in enumerate(group) if place not in kept)
        self._store.health.trouble.set()
        full = unavailable(RETRY_AFTER if self._spool else 1)
        return [acknowledged(pending) if place in kept else full for place, pending in enumerate(group)]

    async def takes(self) -> bool:
        """Whether the spool would take an event now."""
        if self._spool is None:
            return False
        try:
            await self._apart(self._spool.check)
        except SpoolFull:
            return False
        return True

    async def _drain(self) -> None:
        trouble = self._store.health.trouble
        while True:
            with suppress(TimeoutError):  # not wait_for, which may swallow that this task is cancelled
                async with asyncio.timeout(_LOOK_SECONDS):
                    await trouble.wait()
            trouble.clear()  # before looking, so that what comes meanwhile is not missed
            try:
                more = await self._look()
            except Exception:  # a disk that refuses to be read, for one: what waits is not given up for it
                log.exception("the spool cannot be drained")
                await asyncio.sleep(_LONGEST_PAUSE)
                more = True
            if more:
                trouble.set()

    async def _look(self) -> bool:
        """Does what there is to do; whether there may be more."""
        await self._recall()
        if self._store.health.away or self._doubtful:
            await self._probe()
            return True
        if await self._drained():
            return True
        self._pause = 0.0
        return False

    async def _probe(self) -> None:
        """Tries MongoDB, less often the longer it takes nothing of what waits."""
        await asyncio.sleep(self._pause)
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        if not await self._works():
            return
        if self._doubtful:
            self._doubtful = False
            self._storing.renew()
        self._store.health.found()

    async def _works(self) -> bool:
        try:
            with within(_PROBE_SECONDS):
                await self._store.probe()
        except StoreAway:
            return False
        except Exception:
            log.exception("MongoDB cannot be used")
            return False
        return True

    async def _drained(self) -> bool:
        """Delivers some of what waits; false where nothing does. The place in a segment is remembered, so that nothing
        is counted twice; after a crash it is delivered again from its start, which is harmless."""
        if self._spool is None:
            return False
        if self._segment is None:
            self._segment, self._place = await self._apart(self._spool.oldest), 0
        if self._segment is None:
            return False
        if not self._group:
            records = self._segment.records[self._place : self._place + _IN_GROUP]
            self._group.extend((record.payload, read(record.payload)) for record in records)
            self._place += len(records)
        if self._group:
            await self._deliver(self._group)
        else:
            await self._end(self._segment)
        return True

    async def _end(self, segment: Segment) -> None:
        """Removes a segment that is delivered; what was damaged in it will not come."""
        self._segment = None
        self._found(segment.surplus)  # refused when it came, but there all the same
        self._waiting -= segment.lost
        self._metrics.events.labels("damaged").inc(segment.lost)
        self._told.set(self._waiting)
        if self._spool:
            spool = self._spool
            await self._apart(lambda: spool.delivered(segment))

    async def _recall(self) -> None:
        """Takes back what was set aside and is to be tried again (``footfall spool retry``)."""
        if self._spool:
            try:
                self._found(await self._apart(self._spool.recall))
            except OSError as error:
                log.warning("what is to be tried again cannot be read: %s", error)

    async def _deliver(self, group: deque[tuple[bytes, Pending | None]]) -> None:
        """Takes from a group what is delivered; what is left may be stored, and comes again under the same numbers."""
        with within(_GROUP_SECONDS):
            results = iter(await self._storing.store([pending for _, pending in group if pending]))
        while group:
            payload, pending = group[0]
            result = next(results) if pending else None
            reason = await self._reason(result) if pending else "unreadable"
            if reason is None:
                return
            if reason:
                await self._set_aside(payload, reason)
            # In one step, so that the books balance at every moment of it.
            group.popleft()
            self._waiting -= 1
            self._storing.count([result])
            self._metrics.events.labels("set_aside").inc(bool(reason))
        self._told.set(self._waiting)
        self._pause = 0.0

    async def _reason(self, result: Result | None) -> str | None:
        """Why one that was tried can never be stored; empty for one that is stored, None for one that is to be tried
        again, since MongoDB takes nothing at all."""
        if not isinstance(result, Refusal):
            return None if result is None else ""
        if not await self._works():
            return None
        return f"{result}: {type(result.__cause__).__name__}" if result.__cause__ else str(result)

    async def _set_aside(self, payload: bytes, reason: str) -> None:
        log.error("a spooled event can never be stored, and is set aside: %s", reason)
        if self._spool:
            spool = self._spool
            await self._apart(lambda: spool.set_aside(payload, reason))

    async def _apart(self, work: Callable[[], T]) -> T:
        """Runs what blocks in the spool's own thread, to its end also where the wait for it is given up."""
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with suppress(Exception):
                await running
            raise


def _age(since: int) -> float:
    return max(time.time() - since / 1000, 0.0) if since else 0.0
