"""How a process asks MongoDB for its part of the rate limits, and what it does where there is no answer."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from collector.metrics import Metrics
from collector.storage.guard import StoreAway, within
from collector.storage.health import Health
from collector.storage.limits import SharedLimits

log = logging.getLogger("collector.limits")

PATIENCE = 1.0
"""Seconds that a request waits for MongoDB at most."""
RETRY = 2.0
"""Seconds after which MongoDB, which did not answer, is asked again."""

T = TypeVar("T")


class Contact:
    """MongoDB, as the limits know it, for as long as the process lives.

    Args:
        store: the collection.
        health: whether others have found MongoDB to be away.
        processes: how many collectors share the limits.
        metrics: what is counted.
    """

    def __init__(self, store: SharedLimits, health: Health, processes: Callable[[], int], metrics: Metrics) -> None:
        self.store = store
        self.process = secrets.token_hex(8)
        self._health = health
        self._processes = processes
        self._metrics = metrics
        self._lost = False
        self._retry_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """Whether there is no point in waiting for an answer."""
        return self._lost or self._health.away

    def due(self) -> bool:
        """Whether MongoDB, which was away, is to be tried again: one in many requests is told so."""
        now = time.monotonic()
        if self._health.away or now < self._retry_at:
            return False
        self._retry_at = now + RETRY
        return True

    def share(self, limit: int) -> int:
        """What this process may spend of a limit in a window in which it cannot ask; at least 1."""
        return max(limit // max(self._processes(), 1), 1)

    def unasked(self, limit: int) -> int:
        """What it may spend before it asks: for all processes together the 1 % of section 8 of the contract."""
        return limit // (100 * max(self._processes(), 1))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begins work beside the requests."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ask(self, operation: Awaitable[T]) -> T | None:
        """The answer to an operation of the store; None where there was none in time. Never an exception: a limit that
        cannot be counted is no reason to lose an event."""
        self._metrics.limit_asks.inc()
        try:
            with within(PATIENCE):
                answer = await operation
        except StoreAway as error:
            self._lose(str(error), None)
            return None
        except Exception as error:
            self._lose("a fault of ours", error)
            return None
        self._lost = False
        return answer

    async def close(self) -> None:
        """Returns once nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _lose(self, reason: str, fault: Exception | None) -> None:
        self._retry_at = time.monotonic() + RETRY
        if not self._lost:
            self._lost = True
            self._metrics.limit_outages.inc()
            log.warning("The store of the rate limits is away, each process goes on with its share: %s", reason)
        if fault:
            log.error("a rate limit could not be counted", exc_info=fault)
