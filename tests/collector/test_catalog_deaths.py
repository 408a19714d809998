"""Counting, whoever dies on the way, and whoever has to finish it: each stored event is counted once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from collector.catalog.caps import CAPS
from collector.catalog.watch import DEAD
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.collectors import Death
from tests.support.counting import SCOPE, Process, answers, count_all, counted, event, expected, forget, reader


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


class Forgetful:
    """A process that dies before it has settled what it has stored."""

    def __init__(self, store: Store, before: str) -> None:
        self._before = before
        self.process = Process(store, before=self)

    async def __call__(self, name: str) -> None:
        if name == self._before:
            raise StoreAway(name)


@pytest.mark.parametrize("at", ["catalog.generation", "catalog.standings", "catalog.learn", "visitors.change"])
@pytest.mark.gen_test(timeout=60)
async def test_an_event_whose_process_died_before_it_entered_its_names_is_entered_and_counted(
    store: Store, at: str
) -> None:
    process = Forgetful(store, at).process
    await process.rounds()
    assert not await process.store(event(properties={"product": 1}))
    await count_all(store)
    found = (await reader(store).statistics(SCOPE)).by_event
    assert {name: counted.events for name, counted in found["page_view"].names.items()} == {"product": 1}


@pytest.mark.gen_test(timeout=60)
async def test_an_event_of_the_dead_that_comes_late_is_counted_once_somebody_has_seen_to_it(
    store: Store, database: Any
) -> None:
    process = Process(store)
    await process.store(event(), event())
    (number,) = process.ledger.take(1)
    writer = process.ledger.writer
    await process.store(event())
    await process.rounds()
    await count_all(store)
    assert await counted(store) == {"page_view": 3}
    assert not database["writers"].find_one({"_id": writer}).get("open")

    database["events"].insert_one({**database["events"].find_one({}), "_id": "late", "writer": writer, "seq": number})
    heir = Process(store)
    heir.ledger.settle(writer, [number])
    await heir.rounds(12)
    assert await counted(store) == {"page_view": 4}


@pytest.mark.gen_test(timeout=60)
async def test_a_process_taken_for_dead_that_goes_on_is_counted_all_the_same(store: Store, database: Any) -> None:
    process = Process(store)
    await process.store(event())
    await process.rounds()
    await process.store(event())
    await count_all(store)
    assert not database["writers"].find_one({"_id": process.ledger.writer}).get("open")
    await process.store(event())
    await process.rounds(2)
    await count_all(store)
    assert await counted(store) == {"page_view": 3}


async def deaths(store: Store) -> AsyncIterator[tuple[int, Death, Process]]:
    """For each operation that counting needs, and one more: a process that dies at it."""
    death, n = Death(), 0
    while n == 0 or death.reached:
        n += 1
        death.arm(0)
        process = Process(store, before=death)
        await process.rounds()
        yield n, death, process
    assert n > 4


async def _until_death(process: Process, n: int, death: Death) -> None:
    death.arm(n)
    try:
        await process.rounds(2)
    except StoreAway:
        assert death.reached
    await process.ledger.close()


@pytest.mark.gen_test(timeout=60)
async def test_whatever_operation_a_process_dies_at_another_counts_each_event_once(store: Store, database: Any) -> None:
    total = 0
    async for n, death, process in deaths(store):
        await process.store(event(properties={"a": 1}), event("sign_up", {"a": "x", f"b {n}": n}))
        total += 1
        await _until_death(process, n, death)
        await count_all(store)
        assert await counted(store) == {"page_view": total, "sign_up": total}, f"died at operation {n}"
        assert await answers(store) == expected(database["events"].find(), CAPS)


@pytest.mark.gen_test(timeout=60)
async def test_a_block_that_was_half_counted_is_not_counted_twice(store: Store, database: Any) -> None:
    process = Process(store)
    await process.rounds()
    await process.store(event(properties={"a": 1, "b": 2}), event("sign_up"))
    await process.rounds()
    names = ("catalog_counts", "rollups")
    counted = [sorted(database[name].find(), key=repr) for name in names]
    database["catalog_counts"].delete_many({"$or": [{"name": "a"}, {"event": "sign_up"}]})
    database["rollups"].delete_many({"event": {"$in": [None, "sign_up"]}})
    database["writers"].update_many({"counted": {"$exists": True}}, {"$unset": {"counted": ""}})
    await count_all(store)
    assert [sorted(database[name].find(), key=repr) for name in names] == counted


@pytest.mark.gen_test(timeout=60)
async def test_a_late_hand_that_counts_an_old_block_again_changes_nothing(store: Store, database: Any) -> None:
    process = Process(store)
    await process.store(event())
    await process.rounds()
    late = await store.writers.state()
    await process.store(event(), event("sign_up"))
    await process.rounds()
    events = [(part.writer, part.numbers) for part in late.parts]
    await store.counts.add(late.generation, late.block, events)
    await store.slots.add(late.generation, late.block, events)
    await store.writers.counted(late.generation, late.block, late.parts)
    assert not await store.writers.begin(late, late.parts)
    await process.rounds()
    assert await counted(store) == {"page_view": 2, "sign_up": 1}
    assert await answers(store) == expected(database["events"].find(), CAPS)


@pytest.mark.gen_test(timeout=60)
async def test_a_process_that_died_before_it_could_say_that_it_is_there_is_counted(store: Store) -> None:
    await Process(store).store(event())
    await count_all(store)
    assert await counted(store) == {"page_view": 1}


@pytest.mark.gen_test(timeout=60)
async def test_another_leads_once_the_leader_is_seen_no_more_and_at_once_where_it_has_left(store: Store) -> None:
    first, second, third = Process(store), Process(store), Process(store)
    for process in (first, second, third):
        await process.rounds()
    await second.store(event())
    await second.rounds(5)
    assert await counted(store) == {"page_view": 0}
    await second.rounds(3)
    assert await counted(store) == {"page_view": 1}
    await third.store(event())
    await second.ledger.close()
    await third.rounds()
    assert await counted(store) == {"page_view": 2}


async def _one_of_the_dead(store: Store, database: Any) -> tuple[str, int, Callable[[], None]]:
    """A writer that died, a number of its that was never settled, and how an event comes to be stored under it."""
    process = Process(store)
    await process.store(event())
    (number,) = process.ledger.take(1)
    await process.rounds()
    row = {**database["events"].find_one({}), "_id": "late", "writer": process.ledger.writer, "seq": number}
    return process.ledger.writer, number, lambda: database["events"].insert_one(row)


@pytest.mark.gen_test(timeout=60)
async def test_news_of_the_dead_is_told_again_where_mongodb_did_not_take_it(store: Store, database: Any) -> None:
    writer, number, come = await _one_of_the_dead(store, database)
    await count_all(store)
    come()
    death = Death()
    heir = Process(store, before=death)
    heir.ledger.settle(writer, [number])
    death.arm(1)
    with pytest.raises(StoreAway):
        await heir.rounds()
    death.arm(0)
    await heir.rounds(12)
    assert await counted(store) == {"page_view": 2}


@pytest.mark.gen_test(timeout=60)
async def test_news_of_a_writer_does_not_end_the_wait_for_what_may_still_come(store: Store, database: Any) -> None:
    writer, number, come = await _one_of_the_dead(store, database)
    heir = Process(store)
    heir.ledger.settle(writer, [number])
    await heir.rounds(12)  # so that it leads, and has looked
    come()  # as what is still on its way does, of which nobody knows
    await heir.rounds(DEAD)
    assert await counted(store) == {"page_view": 2}


@pytest.mark.gen_test(timeout=60)
async def test_news_that_comes_while_a_writer_is_closed_is_not_lost(store: Store, database: Any) -> None:
    writer, number, come = await _one_of_the_dead(store, database)
    teller = Process(store)
    closed: list[str] = []

    async def meanwhile(name: str) -> None:
        if name == "writers.close":
            closed.append(name)
            if len(closed) == 1:
                come()
                teller.ledger.settle(writer, [number])
                await teller.rounds()

    await Process(store, before=meanwhile).rounds(2 * DEAD)
    assert closed
    assert await counted(store) == {"page_view": 2}
