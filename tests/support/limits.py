"""Rate limits as a process has them, over a MongoDB that a test can watch, and that can fail."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

from collector.access.limits import Budget, Limits
from collector.metrics import Metrics
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from collector.storage.health import Health
from collector.storage.limits import SharedLimits
from tests.support.clock import Clock


class Watched:
    """The collection ``limits`` of a database, whose operations are counted by name; ``failing`` has them not be done,
    ``losing`` has them be done and the answer be lost."""

    def __init__(self, store: Store) -> None:
        self._target = store.limits
        self.counts: Counter[str] = Counter()
        self.failing = False
        self.losing = False

    @property
    def operations(self) -> int:
        """How many there were."""
        return self.counts.total()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.counts[name] += 1
            if self.failing:
                raise StoreAway(name)
            answer = await found(*args, **kwargs)
            if self.losing:
                raise StoreAway(name)
            return answer

        return call


@contextlib.asynccontextmanager
async def process(
    limits: SharedLimits | Watched,
    clock: Clock,
    processes: int = 1,
    health: Health | None = None,
    metrics: Metrics | None = None,
    secret: bytes = b"s" * 32,
) -> AsyncIterator[Limits]:
    """The limits of one process of a host of the database."""
    made = Limits(
        lambda: clock().timestamp(),
        lambda: secret,
        cast(SharedLimits, limits),
        health or Health(),
        metrics or Metrics(),
        lambda: processes,
    )
    try:
        yield made
    finally:
        await made.close()


async def admitted(limits: Limits, *budgets: Budget) -> int:
    """How many requests pass until one is refused."""
    count = 0
    while await limits.spend(budgets):
        count += 1
    return count
