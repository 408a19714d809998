"""While MongoDB is away each process goes on with its share of the limits; what it spends so is charged afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from collector.access.limits import Budget, Limits
from collector.metrics import Metrics
from collector.storage.connection import Store
from collector.storage.health import Health
from tests.support.clock import Clock
from tests.support.limits import Watched, admitted, process

USER = "user/1/track"


async def until(holds: Callable[[], Any]) -> None:
    """Lets the event loop run until a condition is true."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def back(limits: Limits, watched: Watched) -> None:
    """Has MongoDB be there again, and requests come until the process has noticed, and charged what it owes."""
    watched.failing = watched.losing = False
    found = watched.counts["lease"]

    def noticed() -> bool:
        limits.try_spend([Budget("another", 100, 100)])
        return watched.counts["lease"] > found

    await until(noticed)
    await limits.close()


@pytest.mark.parametrize(("processes", "share"), [(1, 100), (3, 33), (100, 1), (1_000, 1)])
@pytest.mark.gen_test(timeout=30)
async def test_a_process_spends_its_share_and_no_more(store: Store, clock: Clock, processes: int, share: int) -> None:
    watched, metrics = Watched(store), Metrics()
    watched.failing = True
    async with process(watched, clock, processes, metrics=metrics) as limits:
        budget = Budget(USER, 100)
        assert await admitted(limits, budget) == share
        assert limits.level([budget]).remaining == 100 - share
        assert await admitted(limits, Budget("another", 100)) == share
        clock.move(seconds=60)
        assert await admitted(limits, budget) == share
    assert watched.operations == 1  # and not one a request
    assert metrics.registry.get_sample_value("footfall_limiter_outages_total") == 1


@pytest.mark.parametrize("spent", [0, 60])
@pytest.mark.gen_test(timeout=30)
async def test_what_was_spent_in_the_window_before_is_part_of_the_share(store: Store, clock: Clock, spent: int) -> None:
    watched, budget = Watched(store), Budget(USER, 1_000)
    async with process(watched, clock, 4) as limits:
        for _ in range(spent):
            assert await limits.spend([budget])
        watched.failing = True
        assert spent + await admitted(limits, budget) == 250


@pytest.mark.gen_test(timeout=30)
async def test_a_share_serves_what_counts_for_many_and_gives_back_what_another_budget_refuses(
    store: Store, clock: Clock
) -> None:
    watched, user, client = Watched(store), Budget(USER, 100), Budget("client", 100, 30)
    watched.failing = True
    async with process(watched, clock) as limits:
        assert await admitted(limits, user, client) == 3
        assert [await limits.spend([client]), await limits.spend([Budget("client", 100, 10)])] == [False, True]
        assert await admitted(limits, user) == 97


@pytest.mark.gen_test(timeout=30)
async def test_who_others_have_found_to_be_away_is_not_asked(store: Store, clock: Clock) -> None:
    watched, health, budget = Watched(store), Health(), Budget(USER, 100)
    health.away = True
    async with process(watched, clock, 2, health) as limits:
        assert await admitted(limits, budget) == 50
        assert watched.operations == 0
        health.away = False
        assert await admitted(limits, budget) == 50
        assert watched.operations > 0


@pytest.mark.gen_test(timeout=30)
async def test_what_was_spent_meanwhile_is_charged_when_mongodb_is_back(store: Store, clock: Clock) -> None:
    watched, names = Watched(store), [f"client {number}" for number in range(5)]
    watched.failing = True
    async with process(watched, clock, 2) as limits, process(store.limits, clock, 2) as other:
        for name in names:
            assert await admitted(limits, Budget(name, 50)) == 25
        await back(limits, watched)
        assert [await admitted(other, Budget(name, 50)) for name in names] == [25] * 5
        assert watched.counts["charge"] == 1


@pytest.mark.gen_test(timeout=30)
async def test_a_lease_whose_answer_was_lost_is_counted_once(store: Store, clock: Clock) -> None:
    watched, budget = Watched(store), Budget(USER, 1_000)
    async with process(watched, clock) as limits, process(store.limits, clock) as other:
        for _ in range(10):
            assert await limits.spend([budget])
        watched.losing = True
        count = 10 + sum([await limits.spend([budget]) for _ in range(190)])
        await back(limits, watched)
        assert count == 200
        assert count + await admitted(other, budget) + await admitted(limits, budget) == 1_000


@pytest.mark.gen_test(timeout=30)
async def test_a_fault_of_ours_refuses_nobody(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    async with process(store.limits, clock) as limits:
        assert await limits.spend([Budget(USER, 2**64, 2**63)])  # more than BSON holds
        assert await limits.new_emails("client", ["a", "b"], 2) == {"a", "b"}
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


@pytest.mark.parametrize(("processes", "share"), [(1, 20), (3, 6), (50, 1)])
@pytest.mark.gen_test(timeout=30)
async def test_a_client_claims_of_its_addresses_what_is_the_share_of_the_process(
    store: Store, clock: Clock, processes: int, share: int
) -> None:
    watched, emails = Watched(store), [f"{number}@example.com" for number in range(25)]
    watched.failing = True
    async with process(watched, clock, processes) as limits:
        assert await limits.new_emails("client", emails[:1], 20) == set(emails[:1])
        assert await limits.new_emails("client", emails, 20) == set(emails[:share])
        assert await limits.new_emails("client", emails[:1], 20) == set(emails[:1])
    assert watched.operations == 1


@pytest.mark.gen_test(timeout=30)
async def test_addresses_that_were_claimed_meanwhile_count_when_mongodb_is_back(store: Store, clock: Clock) -> None:
    watched = Watched(store)
    watched.failing = True
    async with process(watched, clock) as limits, process(store.limits, clock) as other:
        assert await limits.new_emails("client", ["a", "b"], 3) == {"a", "b"}
        await back(limits, watched)
        assert await limits.new_emails("client", ["c"], 3) == {"c"}
        assert await other.new_emails("client", ["d", "a"], 3) == {"a"}
