"""A child's side of the link to its parent: it says what it counts, and asks what all have counted."""

from __future__ import annotations

import asyncio
import itertools

from prometheus_client import CollectorRegistry

from collector.processes.link import Link, Message
from collector.processes.totals import counts_of

PUSH_SECONDS = 1.0
"""So much of what a process has counted is lost at most when it is killed."""
_PATIENCE = 2.0


class Office:
    """Answers the parent, and is answered by it.

    Args:
        link: to the parent.
        registry: what this process counts.
    """

    def __init__(self, link: Link, registry: CollectorRegistry) -> None:
        self._link = link
        self._registry = registry
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[str]] = {}

    async def listen(self) -> None:
        """Hears what the parent says; returns when that is gone."""
        while (message := await self._link.receive()) is not None:
            self._hear(message)

    async def push(self) -> None:
        """Tells the parent what has been counted, every second, without end."""
        while True:
            self.tell()
            await self._link.sent()  # a parent that is stopped must not make a queue here
            await asyncio.sleep(PUSH_SECONDS)

    def tell(self) -> None:
        """Tells it once."""
        self._link.send({"counts": counts_of(self._registry)})

    async def total(self) -> bytes | None:
        """What all processes have counted, in Prometheus' text format; None where the parent does not answer."""
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._link.send({"ask": number, "counts": counts_of(self._registry)})
        try:
            async with asyncio.timeout(_PATIENCE):
                return (await self._asked[number]).encode()
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def _hear(self, message: Message) -> None:
        if "tell" in message:
            self._link.send({"told": counts_of(self._registry)})
            return
        waiting = self._asked.get(message["answer"])
        if waiting is not None and not waiting.done():
            waiting.set_result(message["text"])
