"""Group commit: what is in flight is stored together, in MongoDB or, while that is away, in the spool.

While a group is being written the next gathers, so that groups grow with the load by themselves and an idle server
waits for no timer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import cast

from collector.errors import Fault, Refusal, unavailable
from collector.ingest.pending import Delivery, Pending, Result, hand_out
from collector.ingest.spooling import Spooling
from collector.ingest.storing import Storing
from collector.metrics import Metrics
from collector.storage.guard import within

log = logging.getLogger("collector.writer")

PATIENCE = 2.0
"""Seconds that an event waits for MongoDB, from its arrival on."""
_LEAST_PATIENCE = 0.2
GATHER = 0.02
"""Seconds that a small group waits at most for more, as long as more come."""
LARGE = 100
"""Events from which a group is worth writing although another is being written."""
_LANES = 2
"""Groups that are written at once: while MongoDB works on one, this process makes the next."""
MOST_IN_GROUP = 2_000
MOST_GROUP_BYTES = 8 << 20
MOST_BYTES = 64 << 20
"""What may wait, in bytes of BSON; beyond it, as beyond the number of events, the answer is 503."""


class Writer:
    """Stores events and says what became of each.

    Args:
        storing: stores a group in MongoDB.
        spooling: keeps a group while that is away.
        metrics: what is counted.
        most_events: how many events may wait.
    """

    def __init__(self, storing: Storing, spooling: Spooling, metrics: Metrics, most_events: int) -> None:
        self._storing = storing
        self._spooling = spooling
        self._metrics = metrics
        self._most_events = most_events
        self._waiting: deque[Delivery] = deque()
        self._events = self._bytes = 0
        self._lanes: set[asyncio.Task[None]] = set()
        self._closing = False
        metrics.waiting.set_function(lambda: self._events)

    @property
    def full(self) -> bool:
        """Whether the next event would be turned away."""
        return self._events >= self._most_events or self._bytes >= MOST_BYTES

    async def write_many(self, pendings: Sequence[Pending]) -> Sequence[Result]:
        """Stores events as a set; what became of each, in order, once that is durable: a refusal with 503 where too
        many wait, the writer closes, or neither MongoDB nor the spool takes it (it may or may not be stored), with 500
        on a fault of ours."""
        if not pendings:
            return []
        if self.full or self._closing:
            return [unavailable() for _ in pendings]
        delivery = Delivery(pendings, time.monotonic())
        self._waiting.append(delivery)
        self._events += len(pendings)
        self._bytes += delivery.bytes
        if not self._lanes or (len(self._lanes) < _LANES and self._events >= LARGE):
            self._lanes.add(asyncio.create_task(self._flush()))
        return await delivery.results

    async def close(self) -> None:
        """Returns once nothing waits; takes nothing more, or clients that go on could keep it from ending."""
        self._closing = True
        while self._lanes:
            await asyncio.wait(self._lanes)

    async def _flush(self) -> None:
        try:
            while self._waiting:
                await self._gathered()
                if group := self._next_group():
                    hand_out(group, await self._settled(group))
        finally:  # at once, so that who comes next knows that nobody takes it any more
            self._lanes.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _gathered(self) -> None:
        """Lets those that are being read join: half as many groups cost half as much, in this process and in MongoDB.
        One that comes alone waits for nobody."""
        latest, before = time.monotonic() + GATHER, 0
        while before < self._events < LARGE and time.monotonic() < latest:
            before = self._events
            await asyncio.sleep(0)

    def _next_group(self) -> list[Delivery]:
        group: list[Delivery] = []
        events = size = 0
        while self._waiting and (not group or _fits(events + len(self._waiting[0].events), size)):
            group.append(self._waiting.popleft())
            events += len(group[-1].events)
            size += group[-1].bytes
        self._events -= events
        self._bytes -= size
        return group

    async def _settled(self, group: Sequence[Delivery]) -> list[Result]:
        """What became of each, whatever happens: nobody is left waiting."""
        try:
            return await self._stored(group)
        except Exception:
            log.exception("a group could neither be stored nor spooled")
            return [Refusal(Fault.INTERNAL) for delivery in group for _ in delivery.events]

    async def _stored(self, group: Sequence[Delivery]) -> list[Result]:
        """What became of each: in MongoDB if it takes them in time, else in the spool."""
        pendings = [pending for delivery in group for pending in delivery.events]
        patience = max(PATIENCE - (time.monotonic() - group[0].since), _LEAST_PATIENCE)
        started = time.perf_counter()
        with within(patience):
            results = await self._storing.store(pendings)
        self._metrics.in_flight.dec(self._storing.count(results))
        self._metrics.flush_seconds.observe(time.perf_counter() - started)
        self._metrics.flush_events.observe(len(pendings))
        left = [pending for pending, result in zip(pendings, results, strict=True) if result is None]
        kept = iter(await self._spooling.keep(left))
        return [next(kept) if result is None else result for result in results]


def _fits(events: int, size: int) -> bool:
    return events <= MOST_IN_GROUP and size < MOST_GROUP_BYTES
