"""Group commit: what is in flight is stored together.

One group at a time. While it is being written the next gathers, so that groups grow with the load by themselves and an
idle server waits for no timer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from collector.errors import Fault, Refusal, unavailable
from collector.ingest.commit import Committer, Pending
from collector.metrics import Metrics
from collector.model import Event, Outcome
from collector.storage.guard import StoreAway

log = logging.getLogger("collector.writer")

MOST_IN_GROUP = 1_000
MOST_GROUP_BYTES = 8 << 20
MOST_BYTES = 64 << 20
"""What may wait, in bytes of BSON; beyond it, as beyond the number of events, the answer is 503."""

Waiting = tuple[Pending, "asyncio.Future[Outcome]"]


class Writer:
    """Stores events and says what became of each.

    Args:
        committer: stores one group.
        metrics: what is counted.
        most_events: how many events may wait.
    """

    def __init__(self, committer: Committer, metrics: Metrics, most_events: int) -> None:
        self._committer = committer
        self._metrics = metrics
        self._most_events = most_events
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._flushing: asyncio.Task[None] | None = None
        self._closing = False
        self.last_success = 0.0
        metrics.waiting.set_function(lambda: len(self._waiting))

    @property
    def full(self) -> bool:
        """Whether the next event would be turned away."""
        return len(self._waiting) >= self._most_events or self._bytes >= MOST_BYTES

    async def write(self, event: Event) -> Outcome:
        """Stores an event; returns once it is durable.

        Raises:
            Refusal: 503 where too many wait, the writer closes, or MongoDB is away (the event may or may not be
                stored), 500 on a fault of ours.
            Unstorable: BSON refuses the event.
        """
        pending = Pending.of(event)
        if self.full or self._closing:
            raise unavailable()
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((pending, answer))
        self._bytes += len(pending.encoded)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await answer

    async def close(self) -> None:
        """Returns once nothing waits; takes nothing more, or clients that go on could keep it from ending."""
        self._closing = True
        while self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def _flush(self) -> None:
        try:
            while self._waiting:
                await self._store(self._next_group())
        finally:
            self._flushing = None

    def _next_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._waiting and len(group) < MOST_IN_GROUP and size < MOST_GROUP_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1][0].encoded)
        self._bytes -= size
        return group

    async def _store(self, group: list[Waiting]) -> None:
        started = time.perf_counter()
        results = await self._results([pending for pending, _ in group])
        self._metrics.flush_seconds.observe(time.perf_counter() - started)
        self._metrics.flush_events.observe(len(group))
        for (_, answer), result in zip(group, results, strict=True):
            if answer.cancelled():
                continue
            if isinstance(result, Refusal):
                answer.set_exception(result)
            else:
                answer.set_result(result)

    async def _results(self, group: Sequence[Pending]) -> Sequence[Outcome | Refusal]:
        """What became of each. A fault that is not the store's being away is halved down to the event that brings it,
        so that no neighbour is lost with it; storing an event again is harmless."""
        try:
            results = await self._committer.commit(group)
        except StoreAway as error:
            log.warning("MongoDB did not take a write: %s", error)
            return [unavailable() for _ in group]
        except Exception:
            log.exception("a group of %d events could not be stored", len(group))
            if len(group) == 1:
                return [Refusal(Fault.INTERNAL)]
            half = len(group) // 2
            return [*await self._results(group[:half]), *await self._results(group[half:])]
        self.last_success = time.monotonic()
        return results
