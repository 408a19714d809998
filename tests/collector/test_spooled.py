"""Events while MongoDB takes none: acknowledged from the spool, and stored once when it is back, in order."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from collector.app import Collector, build
from collector.config import Settings
from collector.storage.guard import StoreAway
from tests.support.books import balance, totals
from tests.support.clock import Clock
from tests.support.collectors import another_list, crowd, watched
from tests.support.picture import picture
from tests.support.site import ORIGIN, Answer, Site

BATCH = "/api/v1/events"


class Outage:
    """Has every operation of the writer fail while ``on``; ``refused`` counts them. ``only`` limits it to one."""

    def __init__(self) -> None:
        self.on = False
        self.only = ""
        self.refused = 0
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        """Ends the outage, but has insertions wait."""
        self.on = False
        self._free.clear()

    def let_go(self) -> None:
        """Has insertions go on."""
        self._free.set()

    async def __call__(self, name: str) -> None:
        """Fails where it is to."""
        if self.on and self.only in ("", name):
            self.refused += 1
            raise StoreAway(name)
        if name == "events.insert":
            await self._free.wait()


@contextlib.asynccontextmanager
async def spooling(
    site: Site, clock: Clock, outage: Outage, place: Path, settings: Settings | None = None
) -> AsyncIterator[tuple[Site, Collector]]:
    """The site as a collector with ``place`` as its data directory serves it."""
    store = watched(site.store, outage, "meta")
    collector = await build(store, settings or Settings(), lambda: None, place / "slots" / "0", clock)
    server = HTTPServer(collector.application)
    socket, port = bind_unused_port()
    server.add_sockets([socket])
    try:
        yield replace(site, url=f"http://127.0.0.1:{port}"), collector
    finally:
        server.stop()
        await collector.drain(10)
        await server.close_all_connections()


async def books(site: Site) -> dict[str, float]:
    """The totals of the collector's metrics, which balance."""
    text = (await site.send("GET", "/metrics")).body.decode()
    received, became = balance(text)
    assert received == became, text
    return totals(text)


async def drained(site: Site) -> dict[str, float]:
    """The books once nothing waits in the spool."""
    while (found := await books(site))["footfall_spool_events"]:
        pass
    return found


async def visit(site: Site, given: dict[str, Any]) -> Answer:
    """One event with the secret key."""
    return await site.track(given["Event"], **{name: value for name, value in given.items() if name != "Event"})


VISITS: list[dict[str, Any]] = [
    {"Event": "view", "EventID": "1", "UUID": "v1", "Properties": {"a": 1}},
    {"Event": "view", "EventID": "2", "UUID": "v1", "Email": "jane@example.com", "ID": "u1"},
    {"Event": "identify", "EventID": "3", "Email": "joe@example.com", "Properties": {"plan": "pro"}},
    {"Event": "view", "EventID": "1", "UUID": "v1", "Properties": {"a": 1}},
    {"Event": "view", "UUID": "v2", "Timestamp": 1_700_000_000, "SentAt": 1_700_000_060},
]


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_in_an_outage_is_acknowledged_and_stored_once_when_it_ends(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        assert (await away.track("before", Email="jane@example.com")).body["identify_event_sent"] is True
        outage.on = True
        answers = [await visit(away, given) for given in VISITS]
        assert [answer.status for answer in answers] == [200] * 5
        # Whether an address is new cannot be known, and no answer says duplicate (section 5).
        assert [answer.body["identify_event_sent"] for answer in answers] == [False, True, True, False, False]
        assert not any("duplicate" in answer.body for answer in answers)
        assert (await books(away))["footfall_spool_events"] == 5
        assert [row["event"] for row in site.events(automatic=None)] == ["before"]
        outage.on = False
        found = await drained(away)
        assert (found["stored"], found["duplicate"]) == (5, 1)
    stored = [row["event_id"] for row in site.events(event="view", event_id={"$exists": True})]
    assert sorted(stored) == ["1", "2"]
    assert await site.properties() == {"before": [], "identify": ["plan"], "view": ["a"]}


@pytest.mark.gen_test(timeout=60)
async def test_what_was_spooled_ends_as_if_there_had_been_no_outage(site: Site, clock: Clock, tmp_path: Path) -> None:
    undisturbed, disturbed, outage = await another_list(site), await another_list(site), Outage()
    visits = [given for given in VISITS if "EventID" in given]
    for given in visits:
        await visit(undisturbed, given)
    async with spooling(disturbed, clock, outage, tmp_path) as (away, _):
        for number, given in enumerate(visits):
            outage.on = number % 2 == 0
            await visit(away, given)
        outage.on = False
        await drained(away)
    found, wanted = picture(disturbed), picture(undisturbed)
    for part in wanted:
        assert found[part] == wanted[part]


@pytest.mark.parametrize(
    "only", ["identities.find", "events.insert", "subscribers.change", "visitors.change", "catalog.learn"]
)
@pytest.mark.gen_test(timeout=60)
async def test_an_outage_at_any_step_neither_loses_nor_doubles(
    site: Site, clock: Clock, tmp_path: Path, only: str
) -> None:
    outage = Outage()
    outage.only = only
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        outage.on = True
        first = await away.track("view", Email="jane@example.com", UUID="v", Properties={only: 1})
        assert (first.status, first.body["identify_event_sent"]) == (200, True)
        assert outage.refused
        outage.on = False
        found = await drained(away)
        assert (found["stored"], found.get("duplicate", 0)) == (1, 0)  # its own second try is no repetition
        assert (await away.track("view", Email="jane@example.com")).body["identify_event_sent"] is False
    assert len(site.events(event="view")) == 2
    assert len(site.events(automatic=True)) == 1
    assert [row["email"] for row in site.subscribers()] == ["jane@example.com"]


@pytest.mark.gen_test(timeout=60)
async def test_a_restart_in_an_outage_keeps_what_waits(site: Site, clock: Clock, tmp_path: Path) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        outage.on = True
        for number in range(20):
            assert (await away.track("view", EventID=str(number))).status == 200
    outage.on = False
    async with spooling(site, clock, outage, tmp_path) as (back, _):
        found = await drained(back)
        assert found["footfall_events_received_total"] == 20
        assert found["stored"] == 20
    numbers = [int(row["event_id"]) for row in site.events(event="view")]
    assert numbers == list(range(20))  # in the order in which they came


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_while_the_spool_drains_does_not_wait_for_it(site: Site, clock: Clock, tmp_path: Path) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        outage.on = True
        events = [{"Event": "old", "UUID": f"v{n}", "Properties": {"n": n}} for n in range(2_000)]
        for _ in range(5):
            body = {"APIKey": away.secret, "ListID": away.list_id, "Events": events}
            assert (await away.call(BATCH, body)).body["accepted"] == 2_000
        outage.on = False
        while (await away.track("new")).status == 200 and not site.events(event="new"):
            pass
        assert (await books(away))["footfall_spool_events"] > 0
        await drained(away)
    assert site.db["events"].count_documents({"scope": site.scope, "event": "old"}) == 10_000


async def filled(site: Site, key: str, size: int) -> list[int]:
    """The statuses of events of so many bytes, up to the first that finds no room."""
    statuses: list[int] = []
    given = {"APIKey": getattr(site, key), "ListID": site.list_id, "Event": "view", "Properties": {"text": "x" * size}}
    while 503 not in statuses:
        answer = await site.call("/api/v1/event", given, **({"Origin": ORIGIN} if key == "public" else {}))
        statuses.append(answer.status)
    assert int(answer.headers["Retry-After"]) >= 1
    return statuses


@pytest.mark.gen_test(timeout=60)
async def test_without_room_the_answer_is_503_and_the_last_fifth_is_kept_for_secret_keys(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    outage, statuses = Outage(), []
    async with spooling(site, clock, outage, tmp_path, Settings(spool_mb=1)) as (away, _):
        await away.track("before")
        await away.claim("before")
        outage.on = True
        for key, sizes in (("public", [60_000]), ("secret", [60_000, 4_000, 200, 1])):
            for size in sizes:
                statuses += [(key, status) for status in await filled(away, key, size)]
            assert (await away.send("GET", "/readyz")).status == (200 if key == "public" else 503)
        assert 10 <= statuses.count(("public", 200)) <= 14
        assert statuses.count(("secret", 200)) >= 3
        outage.on = False
        found = await drained(away)
    assert found["refused"] == 5
    assert len(site.events(event="view")) == len([one for one in statuses if one[1] == 200])


@pytest.mark.gen_test(timeout=60)
async def test_readiness_says_degraded_while_events_wait(site: Site, clock: Clock, tmp_path: Path) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        outage.on = True
        await away.track("view")
        answer = await away.send("GET", "/readyz")
        assert (answer.status, answer.body["status"]) == (200, "degraded")
        outage.on = False
        await drained(away)
        answer = await away.send("GET", "/readyz")
        assert (answer.status, answer.body) == (200, {"status": "ready"})


@pytest.mark.gen_test(timeout=60)
async def test_how_many_wait_is_told_with_the_properties_and_the_catalog(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    outage = Outage()
    query, catalog = (
        f"/api/v1/website_events.{name}?ListID={site.list_id}&APIKey={site.secret}"
        for name in ("properties", "catalog")
    )
    asked_often = Settings(query_limit=1_000_000)
    async with spooling(site, clock, outage, tmp_path, asked_often) as (away, _):
        await away.track("before")
        assert "X-Footfall-Pending" not in (await away.send("GET", query)).headers
        outage.on = True
        answers = await asyncio.gather(*(away.track("view") for _ in range(3)))
        assert {answer.status for answer in answers} == {200}
        assert [(await away.send("GET", path)).status for path in (query, catalog)] == [503, 503]
        outage.hold()  # MongoDB is back, and the drain at its beginning
        while (answer := await away.send("GET", query)).status == 503:
            pass
        assert (answer.status, answer.headers["X-Footfall-Pending"]) == (200, "3")
        assert (await away.send("GET", catalog)).body["Pending"] == 3
        outage.let_go()
        await drained(away)
        assert "X-Footfall-Pending" not in (await away.send("GET", query)).headers


@pytest.mark.gen_test(timeout=60)
async def test_the_books_balance_at_every_moment_of_an_outage(site: Site, clock: Clock, tmp_path: Path) -> None:
    outage, events = Outage(), [{"Event": "view"}, {}, {"Event": "view", "Properties": {"isTest": 1}}]

    async def visit_often(many: Site) -> None:
        for _ in range(15):
            body = {"APIKey": many.secret, "ListID": many.list_id, "Events": events}
            assert (await many.call(BATCH, body)).body["accepted"] == 2
            assert (await many.track("view")).status == 200
            assert (await many.track(None)).status == 422

    async with spooling(site, clock, outage, tmp_path) as (away, _):
        with crowd(away) as many:
            for outage.on in (False, True, False):
                clients = [asyncio.create_task(visit_often(many)) for _ in range(4)]
                while not all(client.done() for client in clients):
                    await asyncio.gather(*(books(many) for _ in range(4)))
                await asyncio.gather(*clients)
        found = await drained(away)
    assert (found["stored"], found["test"], found["refused"]) == (360, 180, 360)


@pytest.mark.gen_test(timeout=60)
async def test_nobody_is_left_waiting_where_the_spool_is_taken_away(site: Site, clock: Clock, tmp_path: Path) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        shutil.rmtree(tmp_path / "slots" / "0" / "spool")
        outage.on = True
        answer = await away.track("view")
        assert answer.status in (500, 503)
        outage.on = False
        while (await away.track("after")).status != 200:
            pass
    assert sorted(row["event"] for row in site.events()) == ["after", "before"]


@pytest.mark.gen_test(timeout=60)
async def test_a_spooled_event_that_can_never_be_stored_is_set_aside_and_blocks_nothing(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        outage.on = True
        with crowd(away) as many:
            await asyncio.gather(*(many.track("view", Properties={"n": n}) for n in range(50)))
        site.db.command("collMod", "events", validator={"properties.n": {"$ne": 25}})
        try:
            outage.on = False
            found = await drained(away)
        finally:
            site.db.command("collMod", "events", validator={})
        assert (found["set_aside"], found["footfall_spool_set_aside"]) == (1, 1)
        assert found["stored"] == 50  # and the one before
    assert sorted(row["properties"]["n"] for row in site.events(event="view")) == [*range(25), *range(26, 50)]
    (aside,) = (tmp_path / "slots" / "0" / "spool" / "aside").iterdir()
    assert "INVALID_PROPERTIES" in aside.read_text()


@pytest.mark.gen_test(timeout=60)
async def test_what_a_damaged_spool_still_holds_is_delivered_and_the_rest_is_told(
    site: Site, clock: Clock, tmp_path: Path
) -> None:
    outage = Outage()
    async with spooling(site, clock, outage, tmp_path) as (away, _):
        await away.track("before")
        outage.on = True
        for number in range(20):
            await away.track("view", EventID=str(number))
    (segment,) = (tmp_path / "slots" / "0" / "spool").glob("*.seg*")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    outage.on = False
    async with spooling(site, clock, outage, tmp_path) as (back, _):
        found = await drained(back)
    assert (found["stored"], found["damaged"]) == (19, 1)
    assert len(site.events(event="view")) == 19
