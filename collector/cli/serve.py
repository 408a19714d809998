"""``footfall serve``: the life of a collector, from its settings to its last answer."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from itertools import chain
from socket import socket

from collector.cli.database import PATIENCE, embedded_mongo, serving_store
from collector.cli.demo import bootstrap
from collector.cli.greeting import greet
from collector.cli.serving import DRAIN_SECONDS, begin, stop_on_signals, unless
from collector.config import Settings, as_options
from collector.embedded import DataDirectory
from collector.processes import Children, adopt_leftovers
from collector.web.logs import set_up_logging
from collector.web.server import listen

log = logging.getLogger("collector")

CHILD = "collector.cli.child"
_CHILDREN_SECONDS = DRAIN_SECONDS + 10
"""A child that takes longer to stop is killed."""


async def serve(settings: Settings, demo: bool, as_json: bool) -> None:
    """Runs until SIGINT or SIGTERM, then stops accepting, answers what is in flight, stores what waits, and ends.

    Args:
        demo: make the demo user, list and keys where there are none, and print how to use them.
        as_json: print the address, and the demo, as one line of JSON.

    Raises:
        StartupError: it cannot start.
    """
    settings = replace(settings, processes=settings.processes or _cores())
    set_up_logging(settings.log_json)
    stop = stop_on_signals()
    async with contextlib.AsyncExitStack() as stack:
        if await unless(stop, _start(settings, demo, as_json, stack)):
            await stop.wait()
            log.info("stopping")


async def _start(settings: Settings, demo: bool, as_json: bool, stack: contextlib.AsyncExitStack) -> bool:
    sockets = listen(settings.address, settings.port, settings.processes)
    _close_in_the_end(sockets, stack)
    uri = await _database(settings, stack)
    await adopt_leftovers(settings.data_dir, settings.processes, settings.spool_mb << 20)
    store = await serving_store(settings, uri)
    stack.callback(store.close)
    made = await bootstrap(store, settings.data_dir) if demo else None
    if settings.processes == 1:
        await begin(store, settings, 0, sockets[0], stack)
    else:
        store.close()
        await _begin_children(replace(settings, mongodb_uri=uri), sockets, stack)
    greet(settings.address, sockets[0][0].getsockname()[1], made, as_json)
    return True


async def _begin_children(settings: Settings, sockets: list[list[socket]], stack: contextlib.AsyncExitStack) -> None:
    children = Children(CHILD, as_options(settings), sockets)
    stack.push_async_callback(children.end, _CHILDREN_SECONDS)
    _close_in_the_end(sockets, stack)  # before the children stop, or connections would go on waiting in them
    await children.start()


def _close_in_the_end(sockets: list[list[socket]], stack: contextlib.AsyncExitStack) -> None:
    for one in chain(*sockets):
        stack.callback(one.close)


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    directory = DataDirectory(settings.data_dir)
    await directory.acquire("serve", PATIENCE)
    stack.callback(directory.release)
    if settings.mongodb_uri:
        return settings.mongodb_uri
    mongo = embedded_mongo(settings)
    stack.push_async_callback(mongo.stop)
    return await mongo.start()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
