"""The catalog: its caps, its rebuild from the events, and how it ends with the events of a retention."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from tornado.ioloop import IOLoop

from collector.app import Collector, build
from collector.catalog.caps import CAPS, Caps
from collector.catalog.reader import Reader, Statistics
from collector.catalog.rebuild import Rebuild
from collector.config import Settings
from collector.storage.catalog import Catalog
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.clock import Clock
from tests.support.live import Live
from tests.support.site import Site

PATH = "/api/v1/website_events.properties"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings() -> Settings:
    """No limit on how often a test asks."""
    return Settings(query_limit=100_000, track_limit=100_000)


FEW = Caps(events=3, names=3)


@pytest.fixture
def capped() -> None:
    """A collector that shows 3 events and 3 names of each, and keeps twice as many."""


@pytest.fixture
def caps(request: pytest.FixtureRequest) -> Caps:
    """How much is shown."""
    return FEW if "capped" in request.fixturenames else CAPS


@pytest.fixture
def collector(
    io_loop: IOLoop, store: Store, settings: Settings, clock: Clock, tmp_path: Path, caps: Caps
) -> Iterator[Collector]:
    """A collector with these caps."""
    made: Collector = io_loop.run_sync(
        lambda: build(store, settings, lambda: None, tmp_path / "slot", clock, caps=caps)
    )
    yield made
    io_loop.run_sync(lambda: made.drain(10))


async def _answer(site: Site) -> tuple[dict[str, list[str]], bool]:
    """What is listed, and whether the answer says that it was cut."""
    answer = await site.send("GET", f"{PATH}?ListID={site.list_id}", Authorization=f"Bearer {site.secret}")
    assert answer.status == 200
    flag = answer.headers.get("X-Footfall-Truncated")
    assert flag in (None, "true")
    return answer.body["Properties"], flag is not None


def _rebuilding(site: Site, caps: Caps = CAPS) -> Rebuild:
    return Rebuild(site.store.catalog, site.store.counts, site.store.slots, site.store.writers, caps)


async def _rebuild(site: Site, caps: Caps = CAPS) -> None:
    """A rebuild that does not wait until every collector has heard of it: for names that no collector has met."""
    await _rebuilding(site, caps).make(await site.store.catalog.begin_generation())


async def _track_one_by_one(site: Site, clock: Clock, event: str, names: str) -> None:
    for name in names:
        clock.move(seconds=1)
        await site.track(event, Properties={name: 1})


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_three_names_fit_and_a_fourth_is_cut(site: Site, clock: Clock) -> None:
    await _track_one_by_one(site, clock, "page_view", "cba")
    assert await _answer(site) == ({"page_view": ["a", "b", "c"]}, False)
    await _track_one_by_one(site, clock, "page_view", "0")
    assert await _answer(site) == ({"page_view": ["a", "b", "c"]}, True)


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_three_events_fit_and_a_fourth_is_cut(site: Site, clock: Clock) -> None:
    for event in "cba":
        clock.move(seconds=1)
        await site.track(event)
    assert await _answer(site) == ({"a": [], "b": [], "c": []}, False)
    clock.move(seconds=1)
    await site.track("0", Properties={"name": 1})
    assert await _answer(site) == ({"a": [], "b": [], "c": []}, True)


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_of_names_received_at_one_moment_those_first_by_code_point_are_kept(site: Site, clock: Clock) -> None:
    await site.track("page_view", Properties=dict.fromkeys(["😀", "ﬀ", "é", "z", "Z"], 1))
    assert await _answer(site) == ({"page_view": ["Z", "z", "é"]}, True)
    clock.move(seconds=1)
    await site.track("page_view", Properties={"A": 1})
    assert await _answer(site) == ({"page_view": ["Z", "z", "é"]}, True)


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_a_flood_of_names_is_bounded_and_those_first_received_stay(site: Site, clock: Clock) -> None:
    await _track_one_by_one(site, clock, "page_view", "zyxwvutsrqponmlkjihgfedcba")
    for event in "zyxwvutsrqponmlkjihgfedcba":
        clock.move(seconds=1)
        await site.track(f"event {event}")
    assert await _answer(site) == ({"event y": [], "event z": [], "page_view": ["x", "y", "z"]}, True)
    assert site.db["catalog"].count_documents({"scope": site.scope}) < 20


@pytest.mark.usefixtures("capped")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.gen_test(timeout=60)
async def test_a_rebuild_gives_the_same_answer(site: Site, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(10):
        clock.move(seconds=chance.choice([0, 1]))
        await asyncio.gather(*(_track_something(site, clock, chance) for _ in range(4)))
    before = await _answer(site)
    assert len(before[0]) == 3
    assert before[1]
    await _rebuild(site)
    assert await _answer(site) == before


async def _track_something(site: Site, clock: Clock, chance: random.Random) -> None:
    clock.move(milliseconds=chance.choice([0, 1]))
    await site.track(chance.choice("abcde"), Properties=dict.fromkeys(chance.sample("pqrstuvw", 2), 1))


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_a_public_key_fills_half_of_a_cap_and_the_site_s_own_names_come_first(site: Site, clock: Clock) -> None:
    for name in "ab":
        await site.claim("page_view", Properties={name: 1})
        clock.move(seconds=1)
    assert await _answer(site) == ({"page_view": ["a"]}, True)
    await _track_one_by_one(site, clock, "page_view", "xyz")
    assert await _answer(site) == ({"page_view": ["x", "y", "z"]}, True)


def _is_counted(found: Statistics, events: int) -> bool:
    return found.by_event["page_view"].all.events == events


@pytest.mark.gen_test(timeout=60)
async def test_what_was_tracked_is_counted_by_itself(site: Site) -> None:
    await site.track("page_view", Email="new@example.com", Properties={"product": 1}, EventID="1")
    await site.track("page_view", Properties={"product": "x"}, EventID="1")
    await site.claim("page_view", Properties={"product": "x"})
    reader = Reader(site.store.catalog, site.store.counts, site.store.writers, CAPS)
    while (found := await reader.statistics(site.scope)).lag or not _is_counted(found, 2):  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # what it waits for has no event
    assert [*found.by_event] == ["page_view"]
    product = found.by_event["page_view"].names["product"]
    assert (product.events, product.types["number"], product.types["string"]) == (2, 1, 1)


@pytest.mark.gen_test(timeout=60)
async def test_a_rebuild_restores_a_catalog_that_was_emptied(site: Site) -> None:
    await site.track("page_view", Email="new@example.com", Properties={"product": 1})
    await site.track("sign_up")
    site.db["catalog"].delete_many({})
    assert await site.properties() == {}
    await _rebuild(site)
    assert await site.properties() == {"page_view": ["product"], "sign_up": []}


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_a_rebuild_takes_out_what_no_event_has_and_sets_right_when_names_were_received(
    site: Site, clock: Clock
) -> None:
    await _track_one_by_one(site, clock, "page_view", "dcba")
    catalog, received = site.db["catalog"], {"first": PAST, "trusted": PAST}
    catalog.insert_one({"_id": "bogus", "scope": site.scope, "event": "bogus", "name": None, **received})
    catalog.insert_one({"_id": "false", "scope": site.scope, "event": "page_view", "name": "0", **received})
    catalog.update_one({"scope": site.scope, "name": "a"}, {"$set": received})
    assert await _answer(site) == ({"bogus": [], "page_view": ["0", "a", "d"]}, True)
    await _rebuild(site)
    assert await _answer(site) == ({"page_view": ["b", "c", "d"]}, True)


@pytest.mark.gen_test(timeout=60)
async def test_a_name_whose_events_were_deleted_leaves_with_a_rebuild_and_returns_with_its_next_event(
    site: Site,
) -> None:
    await site.track("page_view", Properties={"old": 1})
    await site.track("page_view", Properties={"kept": 1})
    await site.track("gone")
    site.db["events"].delete_many({"$or": [{"event": "gone"}, {"properties.old": 1}]})
    await _rebuilding(site).run()
    assert await site.properties() == {"page_view": ["kept"]}
    await site.track("page_view", Properties={"old": 2})
    await site.track("gone")
    assert await site.properties() == {"gone": [], "page_view": ["kept", "old"]}


@pytest.mark.gen_test(timeout=60)
async def test_while_the_catalog_is_rebuilt_every_answer_has_what_was_acknowledged(site: Site) -> None:
    site.db["catalog"].insert_one({"_id": "bogus", "scope": site.scope, "event": "bogus", "name": None, "first": PAST})
    names = [f"name {number}" for number in range(8)]
    for name in names:
        await site.track("page_view", Properties={name: 1})
    site.db["events"].delete_many({"scope": site.scope})
    rebuilding = asyncio.create_task(_rebuilding(site).run())
    while not rebuilding.done():
        for name in names:
            await site.track("page_view", Properties={name: 1})
            assert name in (await site.properties())["page_view"]
    await rebuilding
    assert await site.properties() == {"page_view": names}


@pytest.mark.gen_test(timeout=60)
async def test_a_rebuild_may_take_longer_than_a_request(site: Site, live: Live) -> None:
    rows = [
        {"_id": f"{site.scope}r{n}", "scope": site.scope, "event": "e", "properties": {"a": 1}, "received": PAST}
        for n in range(5_000)
    ]
    site.db["events"].insert_many(rows)
    hasty: Any = AsyncIOMotorClient(live.uri, timeoutMS=1)
    catalog = Catalog(hasty[site.db.name])
    with pytest.raises(StoreAway):
        await catalog.entries(site.scope)
    await catalog.rebuild(0)
    hasty.close()
    assert await site.properties() == {"e": ["a"]}


@pytest.mark.gen_test(timeout=60)
async def test_an_empty_name_is_not_taken_for_no_name(site: Site) -> None:
    for names in ([], [""], ["a"], ["a", ""]):
        await site.track("page_view", Properties=dict.fromkeys(names, 1))
        await site.track(f"with {len(names)}", Properties=dict.fromkeys(names, 1))
    assert await site.properties() == {
        "page_view": ["", "a"],
        "with 0": [],
        "with 1": ["", "a"],
        "with 2": ["", "a"],
    }


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_a_name_that_turns_out_to_have_been_received_before_others_takes_its_place(
    site: Site, clock: Clock
) -> None:
    await _track_one_by_one(site, clock, "page_view", "abcd")
    clock.move(seconds=-60)  # as an event does that waited somewhere
    await site.track("page_view", Properties={"d": 1})
    assert await _answer(site) == ({"page_view": ["a", "b", "d"]}, True)
    await _rebuild(site)
    assert await _answer(site) == ({"page_view": ["a", "b", "d"]}, True)


@pytest.fixture
def keeping(make_site: Callable[..., Site]) -> Site:
    """A site whose list keeps events for 30 days."""
    return make_site(retention_days=30)


@pytest.mark.usefixtures("capped")
@pytest.mark.gen_test(timeout=60)
async def test_what_a_cap_has_cut_shows_once_there_is_room(keeping: Site, clock: Clock) -> None:
    await _track_one_by_one(keeping, clock, "page_view", "abc")
    end = keeping.events()[0]["expire_at"]
    clock.move(days=1)
    await _track_one_by_one(keeping, clock, "page_view", "defg")
    assert await _answer(keeping) == ({"page_view": ["a", "b", "c"]}, True)
    keeping.db["catalog"].update_many({"expire_at": end}, {"$set": {"expire_at": PAST}})
    assert await _answer(keeping) == ({"page_view": ["d", "e", "f"]}, True)
