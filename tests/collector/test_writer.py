"""The writer, seen from outside: groups, fullness, faults of one event, and the end of a process."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from collector.app import Collector
from collector.config import Settings
from tests.support.clock import Clock
from tests.support.collectors import collecting, crowd
from tests.support.live import Live, eventually
from tests.support.site import Answer, Site
from tests.support.traffic import PATH, beside, event, posting


async def level(site: Site, name: str) -> float:
    """A value of ``/metrics``."""
    lines = (await site.send("GET", "/metrics")).body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


class Hold:
    """Holds every insertion until it is let go."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.held = asyncio.Event()

    async def __call__(self, name: str) -> None:
        """Waits where events are inserted."""
        if name == "events.insert":
            self.held.set()
            await self.free.wait()


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_at_once_is_stored_in_groups(site: Site) -> None:
    with crowd(site) as many:
        answers = await asyncio.gather(*(many.track() for _ in range(200)))
    assert {answer.status for answer in answers} == {200}
    assert await level(site, "footfall_flush_events_sum") == 200
    assert await level(site, "footfall_flush_events_count") < 100


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_while_a_group_is_stored_is_the_next_group(site: Site, clock: Clock) -> None:
    hold = Hold()
    async with collecting(site, clock, hold) as held:
        with crowd(held) as many:
            first = asyncio.create_task(many.track("first"))
            await hold.held.wait()
            rest = [asyncio.create_task(many.track("rest")) for _ in range(50)]
            while await level(held, "footfall_writer_waiting") < 50:
                assert not first.done()
            hold.free.set()
            assert {answer.status for answer in await asyncio.gather(first, *rest)} == {200}
        assert await level(held, "footfall_flush_events_count") == 2
    assert len(site.events()) == 51


@pytest.mark.gen_test(timeout=60)
async def test_beyond_what_may_wait_the_answer_is_503_and_what_waits_is_stored(site: Site, clock: Clock) -> None:
    hold = Hold()
    async with collecting(site, clock, hold, Settings(queue_events=5)) as held:
        with crowd(held) as many:
            waiting = [asyncio.create_task(many.track("first", EventID="0"))]
            await hold.held.wait()
            waiting += [asyncio.create_task(many.track("waits", EventID=str(n))) for n in range(1, 6)]
            while await level(held, "footfall_writer_waiting") < 5:
                pass
            turned_away = await many.track("away", EventID="6")
            assert turned_away.status == 503
            assert turned_away.body == {"Errors": [{"Code": 503, "Message": "Temporarily unavailable"}]}
            assert int(turned_away.headers["Retry-After"]) >= 1
            assert (await held.send("GET", "/readyz")).status == 503
            # What is refused or needs no place is told apart from that.
            assert (await many.track(Properties={"isTest": True})).status == 200
            assert (await many.track(Email="nobody")).codes == [7]
            hold.free.set()
            assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
            assert (await many.track("away", EventID="6")).status == 200
    assert sorted(row["event_id"] for row in site.events()) == list("0123456")


@pytest.fixture
def forbidden(site: Site) -> Iterator[str]:
    """A trait that MongoDB refuses to store of a subscriber: a fault that shows once the event itself is stored."""
    site.db.command("collMod", "subscribers", validator={"traits.poison": {"$exists": False}})
    yield "poison"
    site.db.command("collMod", "subscribers", validator={})


@pytest.mark.gen_test(timeout=60)
async def test_an_event_with_a_fault_of_its_own_costs_no_neighbour(site: Site, forbidden: str) -> None:
    def sent(many: Site, number: int) -> Any:
        properties = {forbidden if number == 13 else "fine": 1}
        return many.track("identify", EventID=str(number), Email=f"p{number}@example.com", Properties=properties)

    with crowd(site) as many:
        answers: list[Answer] = await asyncio.gather(*(sent(many, number) for number in range(40)))
        views = await asyncio.gather(*(many.track(EventID=f"v{n}", Email=f"v{n}@example.com") for n in range(20)))
    assert [number for number, answer in enumerate(answers) if answer.status != 200] == [13]
    assert answers[13].body == {"Errors": [{"Code": 500, "Message": "Internal error"}]}
    for answer in (*answers[:13], *answers[14:], *views):
        assert "duplicate" not in answer.body  # the writer's own second try is no repetition
        assert answer.body["identify_event_sent"] is True
    stored = site.events(automatic=None)
    assert len(stored) == len({row["event_id"] for row in stored}) == 60
    assert {row["email"]: row["traits"] for row in site.subscribers() if "traits" in row} == {
        f"p{number}@example.com": {"fine": 1} for number in range(40) if number != 13
    }


@pytest.mark.gen_test(timeout=60)
async def test_a_neighbours_fault_does_not_hide_that_an_address_was_announced(site: Site, forbidden: str) -> None:
    with crowd(site) as many:
        answers = await asyncio.gather(
            *(many.track(EventID=str(n), Email=f"n{n}@example.com") for n in range(20)),
            many.track("identify", EventID="x", Email="poison@example.com", Properties={forbidden: 1}),
            *(many.track(EventID=str(n), Email=f"n{n}@example.com") for n in range(20, 40)),
        )
    told = [answer.body for answer in answers if answer.status == 200]
    assert len(told) == 40
    assert all(body["identify_event_sent"] and "duplicate" not in body for body in told)


@pytest.mark.gen_test(timeout=60)
async def test_an_event_that_mongodb_refuses_is_refused_alone(site: Site) -> None:
    site.db.command("collMod", "events", validator={"event": {"$ne": "poison"}})
    try:
        with crowd(site) as many:
            names = ["poison" if number % 7 == 3 else "view" for number in range(30)]
            answers = await asyncio.gather(*(many.track(name, EventID=str(n)) for n, name in enumerate(names)))
    finally:
        site.db.command("collMod", "events", validator={})
    assert [answer.status for answer in answers] == [422 if name == "poison" else 200 for name in names]
    assert [row["event"] for row in site.events()] == ["view"] * names.count("view")
    assert "duplicate" not in (await site.track("poison", EventID="3")).body


@pytest.fixture
def own(live: Live, tmp_path: Path) -> Iterator[Live]:
    """A collector process of the test's own, on the run's MongoDB."""
    with beside(live, tmp_path / "var", f"own_{tmp_path.name[-40:]}") as found:
        yield found


def begun(own: Live, number: int) -> tuple[socket.socket, bytes]:
    """A connection whose request the server has begun to read, and what is still to be sent of it."""
    body = event(own, f"slow {number}", Email=f"slow{number}@example.com").encode()
    place = urlsplit(own.url)
    link = socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    link.sendall(head.encode())
    assert link.recv(100).startswith(b"HTTP/1.1 100")
    return link, body


def test_at_sigterm_what_is_in_flight_is_answered_and_stored(own: Live) -> None:
    links = [begun(own, number) for number in range(20)]
    own.process.send_signal(signal.SIGTERM)
    eventually(lambda: not _accepts(own.url))
    for link, body in links:
        link.sendall(body)
    answers = [link.recv(4096) for link, _ in links]
    for link, _ in links:
        link.close()
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers), answers
    assert own.process.wait(60) == 0
    assert own.db["events"].count_documents({"event": "view"}) == 20


def _accepts(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(place.hostname), int(place.port or 0))) == 0


def test_at_sigterm_a_collector_ends_in_time_though_its_clients_go_on(own: Live) -> None:
    def body(client: int, n: int) -> tuple[str, str]:
        return f"{client}-{n}", event(own, f"{client}-{n}")

    with posting([own.url], 16, body) as traffic:
        eventually(lambda: len(traffic.acknowledged) > 300)
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(60) == 0
    stored = [row["event_id"] for row in own.db["events"].find({"event": "view"})]
    assert len(stored) == len(set(stored))
    assert set(traffic.acknowledged) <= set(stored)


@pytest.mark.gen_test(timeout=60)
async def test_a_collector_that_ends_has_its_clients_close_their_connections(site: Site, collector: Collector) -> None:
    async def told() -> tuple[int, str | None]:
        given = {"APIKey": site.secret, "Event": "page_view"}
        answer = await site.call("/api/v1/event", given, Connection="keep-alive")
        return answer.status, answer.headers.get("Connection")

    assert await told() == (200, None)
    await collector.drain(10)
    assert await told() == (503, "close")
