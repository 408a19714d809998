"""More collectors over one MongoDB, in the test's own process, whose storage a test can watch, stop or end."""

from __future__ import annotations

import contextlib
import copy
import inspect
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from collector.app import build
from collector.catalog.caps import Caps
from collector.config import Settings
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from collector.storage.health import Health
from tests.support.site import ORIGIN, Site

Before = Callable[[str], Awaitable[None]]
"""Called with the name of a storage operation (``events.insert``) before it is done."""

_OF_THE_WRITER = ("identities", "events", "subscribers", "visitors", "catalog")


class _Watched:
    def __init__(self, name: str, target: object, before: Before) -> None:
        self._name, self._target, self._before = name, target, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._before(f"{self._name}.{name}")
            return await found(*args, **kwargs)

        return call


def watched(store: Store, before: Before, *more: str) -> Store:
    """The same database, with ``before`` called ahead of every operation of the writer, and of ``more`` collections."""
    double = copy.copy(store)
    double.health = Health()
    for name in (*_OF_THE_WRITER, *more):
        setattr(double, name, cast(Any, _Watched(name, getattr(store, name), before)))
    return double


class Death:
    """Ends a collector's storage at its ``n``-th operation, and for good: nothing after it is done, until ``arm``."""

    def __init__(self) -> None:
        self.arm(0)

    def arm(self, n: int) -> None:
        """Revives the collector, to die at the ``n``-th operation from here."""
        self._left = n
        self.reached = False

    async def __call__(self, name: str) -> None:
        """Counts one operation."""
        self._left -= 1
        self.reached |= self._left == 0
        if self.reached:
            raise StoreAway(name)


class Meanwhile:
    """Has something else happen before a collector's ``n``-th operation."""

    def __init__(self) -> None:
        self._left = 0
        self.result: Any = None

    def arm(self, n: int, happening: Callable[[], Awaitable[Any]]) -> None:
        """Has it happen, once, before the ``n``-th operation from here; ``result`` is None until then."""
        self._left, self._happening, self.result = n, happening, None

    async def __call__(self, _name: str) -> None:
        """Counts one operation."""
        self._left -= 1
        if self._left == 0:
            self.result = await self._happening()


@contextlib.asynccontextmanager
async def collecting(
    site: Site,
    clock: Callable[[], datetime],
    before: Before | None = None,
    settings: Settings | None = None,
    more: Sequence[str] = (),
    caps: Caps | None = None,
) -> AsyncIterator[Site]:
    """The site as another collector serves it: another writer on the same database. Without other settings it has no
    spool, so that what its storage does not take is refused. ``before`` is called ahead of every operation of the
    writer, and of ``more`` collections."""
    store = watched(site.store, before, *more) if before else site.store
    with tempfile.TemporaryDirectory() as place:
        collector = await build(store, settings or Settings(spool_mb=0), lambda: None, Path(place), clock, caps=caps)
        server = HTTPServer(collector.application)
        socket, port = bind_unused_port()
        server.add_sockets([socket])
        try:
            yield replace(site, url=f"http://127.0.0.1:{port}")
        finally:
            server.stop()
            await collector.drain(10)
            await server.close_all_connections()


@contextlib.contextmanager
def crowd(site: Site, most: int = 256) -> Any:
    """The site with a client that sends as many requests at once as it is asked to."""
    client = AsyncHTTPClient(force_instance=True, max_clients=most)
    try:
        yield replace(site, client=client)
    finally:
        client.close()


async def another_list(site: Site) -> Site:
    """The same owner with a new, empty list and a public key for it."""
    made = await site.administration.create_list("Another", site.user)
    public, _ = await site.administration.create_public_key(site.user, made.id, [ORIGIN])
    return replace(site, list_id=made.id, public=public)
