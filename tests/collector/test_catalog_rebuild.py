"""The rebuild of the counts, beside processes that go on; that of the names is ``test_catalog``'s."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from collector.catalog import rebuild as rebuilding
from collector.catalog.caps import CAPS
from collector.catalog.learner import LEASE
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.collectors import Death, watched
from tests.support.counting import SCOPE, Process, answers, count_all, counted, event, expected, forget, reader, rebuild


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild in blocks of two events."""
    monkeypatch.setattr(rebuilding, "MOST", 2)


async def _right(store: Store, database: Any) -> bool:
    return await answers(store) == expected(database["events"].find(), CAPS)


async def _some(store: Store) -> Process:
    """A process that has stored some events, and counted most."""
    process = Process(store)
    await process.store(*(event(properties={"a": number, f"b {number % 2}": ""}) for number in range(5)))
    await process.rounds()
    await process.store(event("sign_up"), event("sign_up", keeps=False))
    return process


LOST = {
    "counts": ["catalog_counts"],
    "rollups": ["rollups"],
    "writers": ["writers"],
    "names": ["catalog"],
    "all": ["catalog_counts", "rollups", "writers", "catalog", "meta"],
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.gen_test(timeout=60)
async def test_what_was_lost_or_is_false_is_made_anew(store: Store, database: Any, lost: str) -> None:
    process = await _some(store)
    for name in LOST[lost]:
        database[name].delete_many({})
    database["catalog_counts"].update_many({}, {"$inc": {"n": 7}})
    database["rollups"].update_many({}, {"$inc": {"events.0": 7}})
    await rebuild(store, process)
    assert await _right(store, database)
    await process.store(event())
    await process.rounds()
    await count_all(store)
    assert await counted(store) == {"page_view": 6, "sign_up": 2}
    assert await _right(store, database)


@pytest.mark.gen_test(timeout=60)
async def test_events_that_were_deleted_are_counted_no_more(store: Store, database: Any) -> None:
    process = await _some(store)
    await process.rounds()
    database["events"].delete_many({"$or": [{"event": "sign_up"}, {"properties.a": 1}]})
    assert await counted(store) == {"page_view": 5, "sign_up": 2}
    await rebuild(store, process)
    assert await counted(store) == {"page_view": 4}
    assert database["catalog_counts"].count_documents({"event": "sign_up"}) == 0


@pytest.mark.usefixtures("small")
@pytest.mark.gen_test(timeout=60)
async def test_meanwhile_events_are_stored_and_counted_and_every_answer_is_right(store: Store, database: Any) -> None:
    process = await _some(store)
    steps: list[str] = []

    async def meanwhile(name: str) -> None:
        steps.append(name)
        process.time += LEASE
        await process.store(event(properties={f"during {len(steps)}": 1}))
        await process.rounds()
        assert await _right(store, database), f"at {name}"

    await rebuild(store, process, before=meanwhile)
    assert len(steps) > 10
    await process.rounds()
    assert await counted(store) == {"page_view": 5 + len(steps), "sign_up": 2}
    assert await _right(store, database)


@pytest.mark.usefixtures("small")
@pytest.mark.gen_test(timeout=60)
async def test_whatever_operation_it_dies_at_every_answer_stays_right_and_another_leaves_nothing_of_it(
    store: Store, database: Any
) -> None:
    process, death, n = await _some(store), Death(), 0
    await process.rounds()
    documents = [database[name].count_documents({}) for name in ("catalog_counts", "rollups")]
    while n == 0 or death.reached:
        n += 1
        death.arm(n)
        try:
            await rebuild(store, process, before=death)
        except StoreAway:
            assert death.reached
        await process.rounds()
        assert await _right(store, database), f"died at operation {n}"
        if n % 4 == 0:
            await rebuild(store, process)
            await process.rounds()
            assert [database[name].count_documents({}) for name in ("catalog_counts", "rollups")] == documents
    assert n > 10


@pytest.mark.gen_test(timeout=60)
async def test_one_that_dies_does_not_hide_a_writer_of_whom_nobody_knew(store: Store, database: Any) -> None:
    async def die(name: str) -> None:
        if name == "writers.change":
            raise StoreAway(name)

    await Process(store).store(event())
    with pytest.raises(StoreAway):
        await rebuild(store, before=die)
    await count_all(store)
    assert await counted(store) == {"page_view": 1}


@pytest.mark.usefixtures("small")
@pytest.mark.gen_test(timeout=60)
async def test_of_two_at_once_the_later_stands(store: Store, database: Any) -> None:
    process = await _some(store)
    await asyncio.gather(rebuild(store, process), rebuild(store, process))
    await process.rounds()
    assert await _right(store, database)
    assert database["catalog_counts"].distinct("generation") == [2]


@pytest.mark.gen_test(timeout=60)
async def test_one_that_ends_after_a_later_one_leaves_nothing_behind(store: Store, database: Any) -> None:
    process = await _some(store)
    made = [rebuilding.Rebuild(store.catalog, store.counts, store.slots, store.writers, CAPS) for _ in range(2)]
    generations = [await store.catalog.begin_generation() for _ in made]
    for one, generation in reversed(list(zip(made, generations, strict=True))):
        await one.make(generation)
    await process.rounds()
    assert await _right(store, database)
    for counts in ("catalog_counts", "rollups"):
        assert database[counts].distinct("generation") == generations[1:]


@pytest.mark.gen_test(timeout=60)
async def test_a_writer_of_whom_nothing_is_stored_is_forgotten(store: Store, database: Any) -> None:
    process = await _some(store)
    await process.rounds()
    await process.ledger.close()
    await count_all(store)
    assert database["writers"].find_one({"_id": process.ledger.writer})
    database["events"].delete_many({})
    await rebuild(store)
    assert database["writers"].find_one({"_id": process.ledger.writer}) is None


@pytest.mark.gen_test(timeout=60)
async def test_what_is_read_while_a_rebuild_takes_it_away_is_read_again(store: Store, database: Any) -> None:
    process = await _some(store)
    await process.rounds()
    begun: list[str] = []

    async def meanwhile(name: str) -> None:
        if name == "counts.rows" and not begun:
            begun.append(name)
            await rebuild(store, process)

    double = watched(store, meanwhile, "counts")
    found = await reader(double).statistics(SCOPE)
    assert begun
    assert {name: row.all.events for name, row in found.by_event.items()} == {"page_view": 5, "sign_up": 2}


@pytest.mark.gen_test(timeout=60)
async def test_what_is_counted_meanwhile_is_in_the_new_counts_when_they_take_the_place_of_the_old(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_CLOSE", 1)
    process = await _some(store)
    added: list[str] = []

    async def meanwhile(name: str) -> None:
        if name == "counts.add" and len(added) < 3:
            added.append(name)
            await process.store(event())
            await process.rounds()

    await rebuild(store, process, before=meanwhile)
    assert await counted(store) == {"page_view": 5 + 3, "sign_up": 2}
