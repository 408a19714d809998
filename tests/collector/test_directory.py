"""Looking up keys, sessions and lists: how often MongoDB is asked, whom its answers serve, and for how long.

MongoDB is away here as long as its data are those of a newer Footfall: it answers, and must not be used.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from collector.access.directory import Directory
from collector.access.known import MOMENT, REFRESH, Known
from collector.access.known_file import FILE, hand_over, read
from collector.access.tokens import digest, new_token
from collector.app import Collector, build
from collector.config import Settings
from collector.model import PERMISSIONS, Caller, Key
from collector.storage.connection import Store
from collector.storage.health import Health
from tests.support.clock import Clock
from tests.support.collectors import crowd
from tests.support.site import Answer, Site

NEWER = "MongoDB cannot be used, and counts as away: The data were written by a newer Footfall"
OTHER = "MongoDB is back with another database"


@contextlib.asynccontextmanager
async def away(site: Site) -> AsyncIterator[None]:
    """Has MongoDB be away for a site's collector."""
    versions = site.db["meta"]
    versions.update_one({"_id": "schema"}, {"$inc": {"version": 1}})
    site.store.health.lost("a test says so")
    try:
        yield
    finally:
        versions.update_one({"_id": "schema"}, {"$inc": {"version": -1}})
        await until(lambda: not site.store.health.away)


async def until(holds: Callable[[], Any]) -> None:
    """Returns once a condition is true; the test's own time limit ends it."""
    while not holds():  # noqa: ASYNC110 # what it waits for has no event
        await asyncio.sleep(0.02)


async def login(site: Site) -> str:
    """A session of the site's owner."""
    answer = await site.call("/api/v1/user.login", {"Username": site.user, "Password": site.password})
    return str(answer.body["SessionID"])


async def by_session(site: Site, session: str) -> Answer:
    """An event with a session."""
    return await site.call("/api/v1/event", {"SessionID": session, "Event": "page_view", "ListID": site.list_id})


@pytest.mark.gen_test(timeout=60)
async def test_a_mongodb_that_must_not_be_used_is_away_which_is_told_and_events_wait(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await site.track("before")).status == 200
    async with away(site):
        assert (await site.track("meanwhile", Email="jane@example.com")).status == 200
        assert (await site.send("GET", "/readyz")).body["status"] == "degraded"
        await until(lambda: NEWER in caplog.text)
        tries = len(caplog.records)
        for _ in range(3):  # each waits for one more try
            with contextlib.suppress(Exception):
                await site.store.probe()
        assert caplog.text.count(NEWER) == 1, tries
        assert [row["event"] for row in site.events()] == ["before"]
    await until(lambda: len(site.events(automatic=None)) == 2)


HOUR = 3_600
LASTING = [
    (0, 200, 200),
    (12 * HOUR - 1, 200, 200),
    (12 * HOUR, 200, 401),
    (24 * HOUR - 1, 200, 401),
    (24 * HOUR, 503, 503),
]
"""Seconds since MongoDB has spoken of them, and what is answered to a key and to a session."""


class Seconds:
    """The time by which a look-up is one of just now: ``time``, in the place of the module."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """Stands still until it is moved."""
    found = Seconds()
    monkeypatch.setattr("collector.access.directory.time", found)
    return found


@pytest.mark.gen_test(timeout=60)
async def test_what_is_known_serves_for_a_day_and_a_session_no_longer_than_it_lasts(
    site: Site, clock: Clock, seconds: Seconds
) -> None:
    one = await login(site)
    assert [(await site.track()).status, (await by_session(site, one)).status] == [200, 200]
    said = clock.now
    async with away(site):
        seconds.now += MOMENT
        for since, *expected in LASTING:
            clock.now = said + timedelta(seconds=since)
            assert [(await site.track()).status, (await by_session(site, one)).status] == expected, since


@contextlib.asynccontextmanager
async def beside(site: Site, place: Path, clock: Clock) -> AsyncIterator[Site]:
    """The site as another process of the same host serves it, which shares its fate."""
    store = copy.copy(site.store)
    collector = await build(store, Settings(), lambda: None, place, clock)
    server = HTTPServer(collector.application)
    socket, port = bind_unused_port()
    server.add_sockets([socket])
    try:
        yield Site(**{**vars(site), "url": f"http://127.0.0.1:{port}"})
    finally:
        server.stop()
        await collector.drain(10)
        await server.close_all_connections()


def written(place: Path, text: str) -> bool:
    """Whether the file of a process knows a key or session."""
    return (place / FILE).exists() and digest(text) in (place / FILE).read_text()


@pytest.mark.gen_test(timeout=60)
async def test_what_another_process_of_this_host_knows_is_known(site: Site, clock: Clock, tmp_path: Path) -> None:
    session = await login(site)
    assert [(await site.track()).status, (await by_session(site, session)).status] == [200, 200]
    await until(lambda: written(tmp_path / "slot", session))
    async with beside(site, tmp_path / "other", clock) as other, away(site):
        assert (await other.track()).status == 200
        assert (await by_session(other, session)).status == 200
        assert (await other.track(APIKey=new_token("sk"))).status == 503


@pytest.mark.gen_test(timeout=60)
async def test_what_mongodb_has_ended_is_not_revived_by_what_another_process_knows(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    session = await login(site)
    assert [(await by_session(site, session)).status, (await site.track()).status] == [200, 200]
    await until(lambda: written(tmp_path / "slot", session) and written(tmp_path / "slot", site.secret))
    async with beside(site, tmp_path / "other", clock) as other:
        assert (await other.call("/api/v1/user.logout", {"SessionID": session})).status == 200
        async with away(site):
            assert (await by_session(other, session)).status == 503
            assert (await other.track()).status == 200


@pytest.mark.gen_test(timeout=60)
async def test_what_a_process_knew_that_does_not_run_again_is_known_to_its_heir(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    assert (await site.track()).status == 200
    await until(lambda: written(tmp_path / "slot", site.secret))
    (tmp_path / "heir").mkdir()
    hand_over(tmp_path / "slot", tmp_path / "heir")
    async with beside(site, tmp_path / "heir", clock) as heir, away(site):
        assert (await heir.track()).status == 200


@pytest.mark.gen_test(timeout=60)
async def test_another_database_in_the_place_of_the_one_before_is_told_and_nothing_is_known_of_it(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = (await site.track(Email="jane@example.com")).body["uuid"]
    assert (await site.claim(Properties={"isTest": True})).status == 200
    await until(lambda: written(tmp_path / "slot", site.secret) and written(tmp_path / "slot", site.public))
    secret = bytes(range(32))
    site.db["meta"].update_one({"_id": "secret"}, {"$set": {"value": secret}})
    site.store.health.lost("a test says so")
    meanwhile = await site.track(Email="jane@example.com")
    await until(lambda: not site.store.health.away)
    after = (await site.track(Email="jane@example.com")).body["uuid"]
    assert (OTHER in caplog.text, meanwhile.status, after == before) == (True, 200, False)
    while (found := read(tmp_path / "slot" / FILE)) is None or found.deployment.secret != secret:
        assert (await site.track(Properties={"isTest": True})).status == 200
    assert not written(tmp_path / "slot", site.public)
    await until(lambda: len(site.events(automatic=None)) == 3)


@contextlib.contextmanager
def counted(site: Site) -> Any:
    """Says how often a collection has been searched in the block so far."""
    site.db.command("profile", 2)
    try:
        yield lambda name: site.db["system.profile"].count_documents({"op": "query", "ns": f"{site.db.name}.{name}"})
    finally:
        site.db.command("profile", 0)
        site.db["system.profile"].drop()


@pytest.mark.gen_test(timeout=60)
async def test_however_many_requests_come_at_one_moment_a_key_and_a_list_are_looked_up_once(
    site: Site, seconds: Seconds
) -> None:
    with crowd(site) as many, counted(site) as searches:
        answers = await asyncio.gather(*(many.track(Properties={"isTest": True}) for _ in range(128)))
        assert {answer.status for answer in answers} == {200}
        for _ in range(20):
            await site.track(Properties={"isTest": True})
        assert [searches(name) for name in ("keys", "users", "lists")] == [1, 1, 1]


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_between_an_answer_and_those_that_waited_for_it_asks_nothing(
    site: Site, collector: Collector, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm, between = Known.confirm, []

    def confirmed(self: Known, *said: Any) -> Any:
        between.append(asyncio.ensure_future(collector.directory.by_key(site.secret)))
        return confirm(self, *said)

    monkeypatch.setattr(Known, "confirm", confirmed)
    with counted(site) as searches:
        assert (await site.track(Properties={"isTest": True})).status == 200
        assert None not in await asyncio.gather(*between)
        assert [searches(name) for name in ("keys", "users", "lists")] == [1, 1, 1]


class Late:
    """A collection of keys that gives its answer when it is told to."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys
        self.free = asyncio.Event()
        self.begun = self.asked = 0

    async def find(self, hashed: str) -> Any:
        """Looks at once, and answers late."""
        self.begun += 1
        found = await self._keys.find(hashed)
        self.asked += 1
        await self.free.wait()
        return found

    async def used(self, hashed: str, at: datetime) -> None:
        """Nothing."""


def directory(store: Store, place: Path, clock: Clock) -> tuple[Directory, Late]:
    """A directory whose look-ups of keys are late."""
    double, late = copy.copy(store), Late(store.keys)
    double.keys, double.health = cast(Any, late), Health()
    return Directory(double, Known(place, store.deployment, 24, clock), breaks=True), late


@pytest.mark.gen_test(timeout=60)
async def test_who_shares_a_look_up_that_was_too_early_for_a_new_key_finds_it_all_the_same(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    made, late = directory(site.store, tmp_path / "own", clock)
    text, user = new_token("sk"), await site.administration.user_named(site.user)
    first = asyncio.create_task(made.by_key(text))
    await until(lambda: late.asked)
    await site.store.keys.add(digest(text), Key(text[:11], user.id, "secret", PERMISSIONS), None)
    others = [asyncio.create_task(made.by_key(text)) for _ in range(50)]
    await asyncio.sleep(0)
    late.free.set()
    assert await first is None
    assert {caller.user.id for caller in await asyncio.gather(*others) if caller} == {user.id}
    assert all([await other for other in others])
    assert late.asked == 2
    await made.close()


@pytest.mark.gen_test(timeout=60)
async def test_a_known_key_is_looked_up_again_while_its_answer_still_holds_and_one_that_was_revoked_ends(
    site: Site, clock: Clock, tmp_path: Path, seconds: Seconds
) -> None:
    made, late = directory(site.store, tmp_path / "own", clock)
    text, row = await site.administration.create_secret_key(site.user)
    late.free.set()
    assert isinstance(await made.by_key(text), Caller)
    await until(lambda: written(tmp_path / "own", text))
    late.free.clear()
    await site.administration.revoke_key(row.prefix)
    for later, begun in ((REFRESH - 0.01, 1), (0.02, 2), (MOMENT - REFRESH - 0.02, 2)):
        seconds.now += later
        assert await made.by_key(text)  # nobody waits for the answer
        await asyncio.sleep(0)  # a look-up begins with the next round
        assert late.begun == begun
    late.free.set()
    await until(lambda: not written(tmp_path / "own", text))  # what was written before is corrected
    assert await made.by_key(text) is None
    await made.close()
