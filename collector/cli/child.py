"""One of the processes of ``footfall serve --processes N``: started by its parent alone (``collector.processes``)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

from collector.cli.database import serving_store
from collector.cli.serving import DRAIN_SECONDS, begin, stop_on_signals, unless
from collector.config import Settings, read_settings
from collector.errors import StartupError
from collector.metrics import Metrics
from collector.processes import Link, Message, Office
from collector.web.logs import set_up_logging

log = logging.getLogger("collector")

_ALONE_SECONDS = int(DRAIN_SECONDS) + 20
"""So long this process goes on at most when its parent is gone. What it has acknowledged is durable at any moment."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the parent says first."""

    settings: Settings
    slot: int
    sockets: list[socket.socket]

    @classmethod
    def of(cls, message: Message) -> Order:
        """Reads it; the sockets have been inherited by their numbers."""
        settings = read_settings(message["settings"], {})
        return cls(settings, message["slot"], [socket.socket(fileno=number) for number in message["sockets"]])


async def main() -> int:
    """Runs until SIGTERM, or until the parent is gone; 0 when it did its work."""
    stop = stop_on_signals()
    link = await Link.over(socket.socket(fileno=os.dup(0)))
    try:
        first = await link.receive()
        return await _work(Order.of(first), link, stop) if first else 0
    finally:
        await link.close()


async def _work(order: Order, link: Link, stop: asyncio.Event) -> int:
    set_up_logging(order.settings.log_json, order.slot)
    metrics = Metrics()
    office = Office(link, metrics.registry)
    async with _beside(_listen(office, stop)), _beside(office.push()):
        try:
            async with contextlib.AsyncExitStack() as stack:
                if await unless(stop, _start(order, office, metrics, stack)):
                    link.send({"ready": True})
                    await stop.wait()
        except StartupError as error:
            link.send({"failed": str(error)})
            return 1
        office.tell()
    return 0


async def _start(order: Order, office: Office, metrics: Metrics, stack: contextlib.AsyncExitStack) -> bool:
    store = await serving_store(order.settings, order.settings.mongodb_uri)
    stack.callback(store.close)
    await begin(store, order.settings, order.slot, order.sockets, stack, metrics, office.total)
    return True


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs something as long as the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _listen(office: Office, stop: asyncio.Event) -> None:
    await office.listen()
    log.warning("the parent process is gone")
    signal.alarm(_ALONE_SECONDS)  # the kernel sees to it, also where this process hangs
    stop.set()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
