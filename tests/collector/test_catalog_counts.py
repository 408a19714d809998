"""The counts of the catalog: each stored event once, whoever dies on the way, and whoever has to finish it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from collector.catalog import fold
from collector.catalog.caps import Caps
from collector.catalog.watch import DEAD
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.collectors import Death
from tests.support.counting import NOW, SCOPE, Process, answers, count_all, event, expected, reader

PROPERTIES: dict[str, Any] = {
    "text": "",
    "number": 1,
    "float": 0.5,
    "flag": False,
    "object": {},
    "list": [],
    "no": None,
}
LONG = 2**53


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    for name in ("events", "catalog", "catalog_counts", "writers", "meta"):
        database[name].delete_many({})


async def _counted(store: Store) -> dict[str, int]:
    found = await reader(store).statistics(SCOPE)
    return {name: counted.all.events for name, counted in found.by_event.items()}


@pytest.mark.gen_test(timeout=60)
async def test_every_name_is_counted_with_its_first_and_last_time_and_its_types(store: Store, database: Any) -> None:
    process = Process(store)
    await process.store(event(properties=PROPERTIES), event("sign_up", time=NOW - timedelta(days=400)))
    await process.store(event(properties={"text": 2, "number": LONG, "": "x"}, time=NOW - timedelta(seconds=9)))
    await process.rounds()
    assert await answers(store) == expected(database["events"].find(), Caps())
    found = (await reader(store).statistics(SCOPE)).by_event["page_view"]
    assert found.all.events == 2
    assert (found.all.first, found.all.last) == (NOW - timedelta(seconds=9), NOW)
    assert {kind: number for kind, number in found.names["text"].types.items() if number} == {"string": 1, "number": 1}
    assert found.names["no"].types["null"] == found.names[""].types["string"] == 1


@pytest.mark.gen_test(timeout=60)
async def test_what_is_not_counted_yet_is_the_lag(store: Store) -> None:
    process = Process(store)
    await process.rounds()
    await process.store(event(), event())
    assert process.ledger.lag.events == 2
    assert await _counted(store) == {"page_view": 0}
    await process.rounds()
    assert (process.ledger.lag.events, process.ledger.lag.seconds) == (0, 0)
    assert await _counted(store) == {"page_view": 2}


@pytest.mark.gen_test(timeout=60)
async def test_an_automatic_identify_is_not_counted_and_a_repetition_is_counted_once(store: Store) -> None:
    process = Process(store)
    first = event(event_id="one")
    await process.store(first, event("identify"))
    await process.store(first)
    await process.rounds()
    assert await _counted(store) == {"identify": 1, "page_view": 1}


@pytest.mark.gen_test(timeout=60)
async def test_two_processes_count_each_other_s_events_once(store: Store) -> None:
    one, other = Process(store), Process(store)
    for _ in range(3):
        await one.store(event(), event())
        await other.store(event())
        await other.rounds()
        await one.rounds()
    await other.rounds()
    assert await _counted(store) == {"page_view": 9}
    assert (one.ledger.processes, other.ledger.processes) == (2, 2)
    await other.ledger.close()
    await one.rounds()
    assert one.ledger.processes == 1


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.gen_test(timeout=60)
async def test_blocks_of_any_size_count_the_same(store: Store, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(fold, "MOST", most)
    process = Process(store)
    await process.store(*(event(properties={"a": 1}) for _ in range(5)))
    await process.rounds(10)
    assert await _counted(store) == {"page_view": 5}


@pytest.mark.gen_test(timeout=60)
async def test_what_is_not_settled_waits_and_what_follows_waits_with_it(store: Store) -> None:
    process = Process(store)
    await process.store(event())
    (held,) = process.ledger.take(1)
    writer = process.ledger.writer
    await process.store(event(), event())
    await process.rounds(2)
    assert await _counted(store) == {"page_view": 1}
    process.ledger.settle(writer, [held])
    await process.rounds()
    assert await _counted(store) == {"page_view": 3}


@pytest.mark.gen_test(timeout=60)
async def test_what_is_never_settled_holds_nothing_back_for_ever(store: Store) -> None:
    process = Process(store)
    process.ledger.take(1)
    writer = process.ledger.writer
    await process.store(event(), event())
    await process.rounds(DEAD)
    assert process.ledger.writer == writer
    await process.rounds(2)
    assert process.ledger.writer != writer
    assert await _counted(store) == {"page_view": 2}
    await process.store(event())
    await process.rounds()
    assert await _counted(store) == {"page_view": 3}


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
    assert await _counted(store) == {"page_view": 3}
    assert not database["writers"].find_one({"_id": writer}).get("open")

    database["events"].insert_one({**database["events"].find_one({}), "_id": "late", "writer": writer, "seq": number})
    heir = Process(store)
    heir.ledger.settle(writer, [number])
    await heir.rounds(6)
    assert await _counted(store) == {"page_view": 4}


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
    assert await _counted(store) == {"page_view": 3}


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
        assert await _counted(store) == {"page_view": total, "sign_up": total}, f"died at operation {n}"
        assert await answers(store) == expected(database["events"].find(), Caps())


@pytest.mark.gen_test(timeout=60)
async def test_a_block_that_was_half_counted_is_not_counted_twice(store: Store, database: Any) -> None:
    process = Process(store)
    await process.rounds()
    await process.store(event(properties={"a": 1, "b": 2}), event("sign_up"))
    await process.rounds()
    counted = list(database["catalog_counts"].find())
    database["catalog_counts"].delete_many({"$or": [{"name": "a"}, {"event": "sign_up"}]})
    database["writers"].update_many({"counted": {"$exists": True}}, {"$unset": {"counted": ""}})
    await count_all(store)
    assert sorted(database["catalog_counts"].find(), key=repr) == sorted(counted, key=repr)


@pytest.mark.gen_test(timeout=60)
async def test_a_late_hand_that_counts_an_old_block_again_changes_nothing(store: Store) -> None:
    process = Process(store)
    await process.store(event())
    await process.rounds()
    late = await store.writers.state()
    await process.store(event(), event("sign_up"))
    await process.rounds()
    await store.counts.add(late.generation, late.block, [(part.writer, part.numbers) for part in late.parts])
    await store.writers.counted(late.generation, late.block, late.parts)
    assert not await store.writers.begin(late, late.parts)
    await process.rounds()
    assert await _counted(store) == {"page_view": 2, "sign_up": 1}


@pytest.mark.gen_test(timeout=60)
async def test_counts_end_with_their_events(store: Store, database: Any) -> None:
    process = Process(store)
    old = NOW - timedelta(days=29)
    await process.store(event(keeps=False, received=old), event(keeps=False), event("gone", keeps=False, received=old))
    await process.rounds()
    assert await _counted(store) == {"gone": 1, "page_view": 2}
    for collection in ("events", "catalog", "catalog_counts"):
        ending = {"expire_at": {"$lt": NOW + timedelta(days=10)}}
        assert database[collection].update_many(ending, {"$set": {"expire_at": NOW - timedelta(days=1)}}).modified_count
    assert await _counted(store) == {"page_view": 1}
    ends = [index for index in database["catalog_counts"].list_indexes() if "expireAfterSeconds" in index]
    assert [(dict(index["key"]), index["expireAfterSeconds"]) for index in ends] == [({"expire_at": 1}, 0)]


@pytest.mark.gen_test(timeout=60)
async def test_a_process_that_died_before_it_could_say_that_it_is_there_is_counted(store: Store) -> None:
    await Process(store).store(event())
    await count_all(store)
    assert await _counted(store) == {"page_view": 1}


@pytest.mark.gen_test(timeout=60)
async def test_another_leads_once_the_leader_is_seen_no_more_and_at_once_where_it_has_left(store: Store) -> None:
    first, second, third = Process(store), Process(store), Process(store)
    for process in (first, second, third):
        await process.rounds()
    await second.store(event())
    await second.rounds(3)
    assert await _counted(store) == {"page_view": 0}
    await second.rounds(3)
    assert await _counted(store) == {"page_view": 1}
    await third.store(event())
    await second.ledger.close()
    await third.rounds()
    assert await _counted(store) == {"page_view": 2}


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    while not await holds():  # noqa: ASYNC110 # what it waits for has no event
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", [StoreAway, ValueError], ids=["away", "a fault"])
@pytest.mark.gen_test(timeout=60)
async def test_its_task_goes_on_after_an_outage_and_after_a_fault(
    store: Store, caplog: pytest.LogCaptureFixture, fault: type[Exception]
) -> None:
    met: list[str] = []

    async def trouble(name: str) -> None:
        if name.startswith(("counts", "writers")) and name not in ("writers.resign", *met):
            met.append(name)
            raise fault(name)

    process = Process(store, before=trouble, pace=0.01)
    process.ledger.start()
    await process.store(event())

    async def counted() -> bool:
        return await _counted(store) == {"page_view": 1}

    await _until(counted)
    await process.ledger.close()
    assert {"writers.tell", "writers.state", "writers.lead", "writers.begin", "counts.add"} < set(met)
    assert len(caplog.messages) == (0 if fault is StoreAway else len(met))
