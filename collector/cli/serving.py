"""A collector at work in this process, be it the only one or one of several."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from collector.app import build, utc_now
from collector.cli.demo import read_demo
from collector.config import Settings
from collector.embedded.datadir import unusable
from collector.errors import StartupError
from collector.metrics import Metrics
from collector.processes import Slot
from collector.storage.connection import Store
from collector.web.ops import Page
from collector.web.server import Server

DRAIN_SECONDS = 20.0

T = TypeVar("T")

_SWITCH_SECONDS = 0.0005


def settle_down() -> None:
    """Prepares this process for a long life of short requests; for the time when all is loaded and before it serves.

    What is loaded lives as long as the process, and need not be looked through for garbage. The driver works in
    threads, each of whose answers would wait for the interpreter as long as its switch interval, which is 5 ms.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)


async def begin(
    store: Store,
    settings: Settings,
    slot: int,
    sockets: Sequence[socket.socket],
    stack: contextlib.AsyncExitStack,
    metrics: Metrics | None = None,
    page: Page | None = None,
) -> None:
    """Takes a slot, puts a collector together and has it serve.

    Args:
        sockets: where it accepts.
        stack: ends it: it stops accepting, answers what is in flight, stores what waits, closes the connections.
        metrics: what it counts.
        page: what ``/metrics`` shows.

    Raises:
        StartupError: it cannot start.
    """
    place = await stack.enter_async_context(Slot(settings.data_dir, slot).held())
    try:
        collector = await build(store, settings, lambda: _demo_key(settings.data_dir), place, utc_now, metrics, page)
    except OSError as error:
        raise unusable(place, error) from error
    settle_down()
    server = Server(collector.application, sockets)
    stack.push_async_callback(server.close)
    stack.push_async_callback(collector.drain, DRAIN_SECONDS)
    stack.callback(server.stop)


def stop_on_signals() -> asyncio.Event:
    """Is set on SIGINT and SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` returns; None where it is told to stop first, and ``work`` has been undone."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.wait((working,))
    return None


def _demo_key(data_dir: Path) -> str | None:
    with contextlib.suppress(StartupError):
        found = read_demo(data_dir)
        return found.public_key if found else None
    return None
