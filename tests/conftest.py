"""Fixtures: one MongoDB for the run, started once by a real collector; an application and a site for each test."""

from __future__ import annotations

import asyncio
import functools
import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pymongo import MongoClient
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop
from tornado.web import Application

from collector.access.administration import Administration
from collector.app import Collector, build
from collector.config import Settings
from collector.model import PERMISSIONS, User
from collector.storage.connection import Store, open_store
from tests.support.clock import Clock
from tests.support.live import NO_LIMITS, Live, running
from tests.support.site import ORIGIN, Site

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery-staple"


cheap_hasher = functools.partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """A hash takes 0.15 s on purpose; in this process it takes none, but where that is the rule."""
    with mock.patch("collector.access.passwords.PasswordHasher", cheap_hasher):
        yield


@functools.cache
def _password_hash() -> str:
    """One serves all users of a run."""
    return cheap_hasher().hash(PASSWORD)


# The same examples in every run, however slow the machine is: a run is no lottery. Others are drawn by
# ``--hypothesis-profile=search``.
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
examples.register_profile("search", deadline=None, suppress_health_check=UNHURRIED, print_blob=True)
examples.register_profile("same", examples.get_profile("search"), derandomize=True, database=None)
examples.load_profile("same")

# Where a run was begun in the background, SIGINT is ignored, also by the processes that tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# There is no event loop yet, and it is said: else the first of pytest-tornado's has asyncio make another beside it,
# which nobody closes.
asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A collector as a process, with its demo, over its embedded MongoDB. Tests must leave it running."""
    with running(tmp_path_factory.mktemp("live") / "var", *NO_LIMITS) as found:
        yield found


@pytest.fixture(scope="module")
def database(live: Live, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty database of the module's own."""
    name = f"test_{Path(request.node.nodeid).stem[-40:]}"
    with MongoClient[dict[str, Any]](live.uri, tz_aware=True) as client:
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def clock() -> Clock:
    """The collector's time."""
    return Clock()


@pytest.fixture
def settings() -> Settings:
    """The collector's settings; a test that needs others parametrizes or overrides this."""
    return Settings()


@pytest.fixture
def store(io_loop: IOLoop, live: Live, database: Any) -> Iterator[Store]:
    """The module's database, as the collector sees it. What other tests have used up of the limits is forgotten."""
    database["limits"].delete_many({})
    opened: Store = io_loop.run_sync(lambda: open_store(live.uri, database.name))
    yield opened
    opened.close()


@pytest.fixture
def collector(io_loop: IOLoop, store: Store, settings: Settings, clock: Clock, tmp_path: Path) -> Iterator[Collector]:
    """A collector, put together as ``serve`` does it."""
    made: Collector = io_loop.run_sync(lambda: build(store, settings, lambda: None, tmp_path / "slot", clock))
    yield made
    io_loop.run_sync(lambda: made.drain(10))


@pytest.fixture
def quiet(io_loop: IOLoop, collector: Collector) -> None:
    """The collector counts nothing by itself: in MongoDB there is only what requests ask for."""
    io_loop.run_sync(collector.engine.ledger.close)


@pytest.fixture
def app(collector: Collector) -> Application:
    """What pytest-tornado serves on a free port."""
    return collector.application


@pytest.fixture
def make_site(
    io_loop: IOLoop, store: Store, database: Any, http_client: AsyncHTTPClient, base_url: str
) -> Callable[..., Site]:
    """Makes another user with a list and keys."""

    async def make(retention_days: int | None = None, rate_limit: int | None = None) -> Site:
        administration, name = Administration(store), f"owner {next(_numbers)}"
        await store.users.add(User(await store.meta.next_id("users"), name, PERMISSIONS), _password_hash())
        mailing_list = await administration.create_list("Customers", name, retention_days)
        secret, _ = await administration.create_secret_key(name, rate_limit=rate_limit)
        public, _ = await administration.create_public_key(name, mailing_list.id, [ORIGIN], rate_limit)
        return Site(http_client, base_url, store, database, name, PASSWORD, mailing_list.id, secret, public)

    return lambda **options: io_loop.run_sync(lambda: make(**options))


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A user with a list, a secret key and a public key for ``ORIGIN``."""
    return make_site()
