"""The database of a command line's command: the given one, a running collector's, or the embedded one for a moment."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from collector.access.known_file import remembered
from collector.config import Settings
from collector.embedded import DataDirectory, DirectoryInUse, EmbeddedMongo, running_uri
from collector.storage.connection import Store, open_store
from collector.storage.opening import address_of

PATIENCE = 15.0
"""Seconds for which another command's use of the data directory is waited for."""
_STARTING = 5.0
"""Seconds in which a collector that has the data directory is expected to have started its MongoDB."""
_POLL_SECONDS = 0.1


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store, beside a running collector and without one.

    Raises:
        StartupError: it cannot be had.
    """
    async with contextlib.AsyncExitStack() as stack:
        uri = settings.mongodb_uri or await _found(settings, stack)
        store = await open_store(uri, settings.database)
        stack.callback(store.close)
        yield store


async def serving_store(settings: Settings, uri: str) -> Store:
    """The store of a collector that serves. Where MongoDB cannot be reached now, and this data directory has served
    this database before, it is one that is away: events wait in the spool.

    Raises:
        StartupError: it cannot be had, and could not be done without.
    """
    known = None
    if settings.spool_mb:
        address = address_of(uri, settings.database)
        known = await asyncio.to_thread(remembered, settings.data_dir / "slots", address)
    return await open_store(uri, settings.database, known)


async def _found(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    """The MongoDB of the collector that runs here, which may be starting just now, else the embedded one."""
    deadline = time.monotonic() + _STARTING
    while not (uri := running_uri(settings.data_dir)):
        try:
            return await _embedded(settings, stack)
        except DirectoryInUse:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(_POLL_SECONDS)
    return uri


async def _embedded(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    directory = DataDirectory(settings.data_dir)
    await directory.acquire("admin", PATIENCE)
    stack.callback(directory.release)
    mongo = embedded_mongo(settings)
    stack.push_async_callback(mongo.stop)
    return await mongo.start()


def embedded_mongo(settings: Settings) -> EmbeddedMongo:
    """The embedded MongoDB of these settings, not yet started."""
    binary = Path(settings.mongod) if settings.mongod else None
    return EmbeddedMongo(settings.data_dir, mongod=binary, cache_gb=settings.mongod_cache_gb)
