"""Upgrades: what a version from before the rollups has counted is counted by time as well, without being told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collector.catalog.caps import CAPS
from collector.catalog.rebuild import Rebuild
from collector.catalog.renewal import Renewal
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.collectors import watched
from tests.support.counting import NOW, SCOPE, Process, answers, event, expected, forget, rollups


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


def older(database: Any) -> None:
    """The counts as the version before left them."""
    database["rollups"].drop()
    database["writers"].update_one({"_id": "fold"}, {"$unset": {"rolled": ""}})
    database["catalog_counts"].update_many({}, {"$unset": {"bots": ""}})


async def complete(store: Store) -> bool:
    """Whether all events are said to be there."""
    return (await rollups(store).counts(SCOPE, None, [NOW, NOW], bots=False)).complete


async def _some(store: Store) -> Process:
    process = Process(store)
    await process.store(event(properties={"a": 1}), event("sign_up", bot=True))
    await process.rounds()
    return process


@asynccontextmanager
async def renewing(store: Store, process: Process) -> AsyncIterator[Renewal]:
    """The task that sees to it."""
    renewal = Renewal(
        process.ledger, lambda: Rebuild(store.catalog, store.counts, store.slots, store.writers, CAPS), 0.01
    )
    renewal.start()
    yield renewal
    await renewal.close()


async def until_complete(store: Store, process: Process) -> None:
    """Has the process go on until all events are there."""
    while not await complete(store):
        process.time += 1.0  # it hears of the rebuild
        await process.rounds()
        await asyncio.sleep(0.01)


@pytest.mark.gen_test(timeout=60)
async def test_a_new_database_and_one_that_was_rebuilt_lack_nothing(store: Store, database: Any) -> None:
    assert await complete(store)
    process = await _some(store)
    assert await complete(store)
    older(database)
    assert not await complete(store)
    await Rebuild(store.catalog, store.counts, store.slots, store.writers, CAPS).make(
        await store.catalog.begin_generation()
    )
    await process.rounds()
    assert await complete(store)
    assert await answers(store) == expected(database["events"].find(), CAPS)


@pytest.mark.gen_test(timeout=60)
async def test_what_an_older_version_has_counted_is_counted_by_time_beside_what_comes(
    store: Store, database: Any
) -> None:
    process = await _some(store)
    older(database)
    await process.store(event())
    await process.rounds()
    assert not await complete(store)
    async with renewing(store, process):
        await process.store(event(bot=True))
        await until_complete(store, process)
    await process.rounds()
    assert await answers(store) == expected(database["events"].find(), CAPS)


@pytest.mark.gen_test(timeout=60)
async def test_a_block_that_an_older_version_counts_later_is_noticed_and_does_not_pass_with_the_next(
    store: Store, database: Any
) -> None:
    process = await _some(store)
    database["writers"].update_one({"_id": "fold"}, {"$inc": {"block": 1}, "$set": {"parts": []}})
    assert not await complete(store)
    await process.store(event())
    await process.rounds(2)
    assert not await complete(store)


@pytest.mark.gen_test(timeout=60)
async def test_only_the_leader_sees_to_it(store: Store, database: Any) -> None:
    leader, other = await _some(store), Process(store)
    older(database)
    await leader.rounds()
    await other.rounds()
    assert (leader.ledger.lacks_rollups, other.ledger.lacks_rollups) == (True, False)


@pytest.mark.gen_test(timeout=60)
async def test_it_is_tried_again_after_an_outage_and_after_a_fault(
    store: Store, database: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("collector.catalog.renewal._AFTER_FAULTS", 0.01)
    monkeypatch.setattr("collector.catalog.rebuild._MARGIN", -1.99)
    process = await _some(store)
    older(database)
    await process.rounds()
    faults: list[Exception] = [StoreAway("away"), ValueError("a fault")]

    async def trouble(name: str) -> None:
        if name == "slots.add" and faults:
            raise faults.pop()

    async with renewing(watched(store, trouble, "counts", "slots", "writers"), process):
        await until_complete(store, process)
    assert not faults
    assert len(caplog.messages) == 2
    assert await answers(store) == expected(database["events"].find(), CAPS)
