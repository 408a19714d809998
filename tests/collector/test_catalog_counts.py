"""The counts of the catalog: what is counted, when, and by whom. Who dies on the way is ``test_catalog_deaths``'s."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from collector.catalog import fold
from collector.catalog.caps import CAPS
from collector.catalog.watch import DEAD
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.counting import NOW, SCOPE, Process, answers, counted, event, expected, forget, reader

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
    forget(database)


@pytest.mark.gen_test(timeout=60)
async def test_every_name_is_counted_with_its_first_and_last_time_and_its_types(store: Store, database: Any) -> None:
    process = Process(store)
    await process.store(event(properties=PROPERTIES), event("sign_up", time=NOW - timedelta(days=400)))
    await process.store(event(properties={"text": 2, "number": LONG, "": "x"}, time=NOW - timedelta(seconds=9)))
    await process.rounds()
    assert await answers(store) == expected(database["events"].find(), CAPS)
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
    assert await counted(store) == {"page_view": 0}
    assert (await reader(store).statistics(SCOPE)).lag == 2
    await process.rounds()
    assert (process.ledger.lag.events, process.ledger.lag.seconds) == (0, 0)
    assert await counted(store) == {"page_view": 2}
    assert (await reader(store).statistics(SCOPE)).lag == 0


@pytest.mark.gen_test(timeout=60)
async def test_the_lag_knows_what_other_processes_have_not_told_yet_and_nothing_twice(store: Store) -> None:
    leader, process = Process(store), Process(store)
    await leader.rounds()
    await process.rounds()
    await process.store(event(), event("identify"))
    assert (await reader(store).statistics(SCOPE)).lag == 2
    await process.rounds()  # which says how far it is, and leaves the counting to the other
    await process.store(event())
    assert (await reader(store).statistics(SCOPE)).lag == 3
    await leader.rounds()
    assert (await counted(store), (await reader(store).statistics(SCOPE)).lag) == ({"identify": 1, "page_view": 1}, 1)


@pytest.mark.gen_test(timeout=60)
async def test_an_automatic_identify_is_not_counted_and_a_repetition_is_counted_once(store: Store) -> None:
    process = Process(store)
    first = event(event_id="one")
    await process.store(first, event("identify"))
    await process.store(first)
    await process.rounds()
    assert await counted(store) == {"identify": 1, "page_view": 1}


@pytest.mark.gen_test(timeout=60)
async def test_two_processes_count_each_other_s_events_once(store: Store) -> None:
    one, other = Process(store), Process(store)
    for _ in range(3):
        await one.store(event(), event())
        await other.store(event())
        await other.rounds()
        await one.rounds()
    await other.rounds()
    assert await counted(store) == {"page_view": 9}
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
    assert await counted(store) == {"page_view": 5}


@pytest.mark.gen_test(timeout=60)
async def test_what_is_not_settled_waits_and_what_follows_waits_with_it(store: Store) -> None:
    process = Process(store)
    await process.store(event())
    (held,) = process.ledger.take(1)
    writer = process.ledger.writer
    await process.store(event(), event())
    await process.rounds(2)
    assert await counted(store) == {"page_view": 1}
    process.ledger.settle(writer, [held])
    await process.rounds()
    assert await counted(store) == {"page_view": 3}


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
    assert await counted(store) == {"page_view": 2}
    await process.store(event())
    await process.rounds()
    assert await counted(store) == {"page_view": 3}


@pytest.mark.gen_test(timeout=60)
async def test_counts_end_with_their_events(store: Store, database: Any) -> None:
    process = Process(store)
    old = NOW - timedelta(days=29)
    await process.store(event(keeps=False, received=old), event(keeps=False), event("gone", keeps=False, received=old))
    await process.rounds()
    assert await counted(store) == {"gone": 1, "page_view": 2}
    for collection in ("events", "catalog", "catalog_counts"):
        ending = {"expire_at": {"$lt": NOW + timedelta(days=10)}}
        assert database[collection].update_many(ending, {"$set": {"expire_at": NOW - timedelta(days=1)}}).modified_count
    assert await counted(store) == {"page_view": 1}
    ends = [index for index in database["catalog_counts"].list_indexes() if "expireAfterSeconds" in index]
    assert [(dict(index["key"]), index["expireAfterSeconds"]) for index in ends] == [({"expire_at": 1}, 0)]


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

    process = Process(store, before=trouble, pace=0.001)
    process.ledger.start()
    await process.store(event())

    async def all_counted() -> bool:
        return await counted(store) == {"page_view": 1}

    await _until(all_counted)
    await process.ledger.close()
    assert {"writers.tell", "writers.state", "writers.lead", "writers.begin", "counts.add"} < set(met)
    assert len(caplog.messages) == (0 if fault is StoreAway else len(met))
