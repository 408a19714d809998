"""Budgets that several processes share: how many requests pass in all, and how often MongoDB is asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.access.limits import Budget, Limits
from collector.storage.connection import Store
from tests.support.clock import Clock
from tests.support.limits import Watched, admitted, process

USER = "user/1/track"
LIMITS = [1, 3, 99, 100, 101, 399, 400, 5_000]


def remaining(limits: Limits, *budgets: Budget) -> int:
    """What is left, as a process knows it."""
    return limits.level(budgets).remaining


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.gen_test(timeout=30)
async def test_a_process_alone_lets_exactly_the_limit_pass(store: Store, clock: Clock, limit: int) -> None:
    async with process(store.limits, clock) as limits:
        budget = Budget(USER, limit)
        left = [remaining(limits, budget)]
        while await limits.spend([budget]):
            left.append(remaining(limits, budget))
            await asyncio.sleep(0)  # leases are filled up meanwhile
    assert left == list(range(limit, -1, -1))


async def _until_all_refuse(processes: Sequence[Limits], budget: Budget) -> int:
    """Asks them in turn; how many requests passed."""
    count, willing = 0, list(processes)
    while willing:
        for limits in list(willing):
            if await limits.spend([budget]):
                count += 1
            else:
                willing.remove(limits)
    return count


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.gen_test(timeout=30)
async def test_two_that_are_asked_until_both_refuse_let_exactly_the_limit_pass(
    store: Store, clock: Clock, limit: int
) -> None:
    async with process(store.limits, clock, 2) as one, process(store.limits, clock, 2) as other:
        assert await _until_all_refuse([one, other], Budget(USER, limit)) == limit


@pytest.mark.parametrize("limit", [7, 400, 5_000])
@pytest.mark.gen_test(timeout=30)
async def test_three_that_are_asked_all_at_once_let_the_limit_pass(store: Store, clock: Clock, limit: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        three = [await stack.enter_async_context(process(store.limits, clock, 3)) for _ in range(3)]
        crowd = [admitted(limits, Budget(USER, limit)) for limits in three for _ in range(20)]
        assert limit <= sum(await asyncio.gather(*crowd)) <= limit + 3 * (limit // 300)  # what is spent unasked


@pytest.mark.parametrize(("limit", "unasked"), [(399, 0), (400, 1), (799, 1), (4_000, 10)])
@pytest.mark.gen_test(timeout=30)
async def test_processes_that_have_not_asked_let_at_most_one_percent_more_pass(
    store: Store, clock: Clock, limit: int, unasked: int
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        four = [await stack.enter_async_context(process(store.limits, clock, 4)) for _ in range(4)]
        counts = [await admitted(limits, Budget(USER, limit)) for limits in four]
    assert counts == [limit, unasked, unasked, unasked]


@pytest.mark.gen_test(timeout=30)
async def test_what_a_process_spent_before_it_asked_is_charged_with_its_first_lease(
    store: Store, database: Any, clock: Clock
) -> None:
    budget = Budget(USER, 1_000)
    async with process(store.limits, clock) as one, process(store.limits, clock) as other:
        for _ in range(10):
            assert await one.spend([budget])
        assert database["limits"].count_documents({}) == 0
        assert await one.spend([budget])
        for _ in range(11):
            assert await other.spend([budget])
        # What the other has leased and not spent is not for one to have.
        assert remaining(one, budget) == 1_000 - 11
        assert remaining(other, budget) + remaining(one, budget) < 2 * (1_000 - 11)
        assert await admitted(one, budget) + await admitted(other, budget) == 1_000 - 22


@pytest.mark.gen_test(timeout=30)
async def test_a_request_that_counts_for_many_is_admitted_whole_or_not_at_all(store: Store, clock: Clock) -> None:
    many, few, one = Budget(USER, 10, 4), Budget(USER, 10, 2), Budget(USER, 10)
    async with process(store.limits, clock) as limits:
        assert [await limits.spend([many]) for _ in range(3)] == [True, True, False]
        assert [await limits.spend([few]), remaining(limits, one), await limits.spend([one])] == [True, 0, False]


@pytest.mark.gen_test(timeout=30)
async def test_what_is_too_little_for_one_process_is_left_to_the_others(store: Store, clock: Clock) -> None:
    async with process(store.limits, clock) as one, process(store.limits, clock) as other:
        assert await one.spend([Budget(USER, 1_000, 600)])
        assert not await other.spend([Budget(USER, 1_000, 401)])
        assert await one.spend([Budget(USER, 1_000, 350)])
        assert await admitted(other, Budget(USER, 1_000)) + await admitted(one, Budget(USER, 1_000)) == 50


@pytest.mark.parametrize(("cost", "passes"), [(1_000, True), (1_001, False)])
@pytest.mark.gen_test(timeout=30)
async def test_more_than_a_whole_limit_is_never_admitted(store: Store, clock: Clock, cost: int, passes: bool) -> None:
    async with process(store.limits, clock) as limits:
        assert await limits.spend([Budget(USER, 1_000, cost)]) is passes


@pytest.mark.parametrize("wide", [50, 100, 1_000])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.gen_test(timeout=30)
async def test_where_one_budget_is_used_up_the_others_lose_nothing(
    store: Store, clock: Clock, wide: int, first: bool
) -> None:
    budgets = [Budget(USER, wide), Budget("public/1/client", 5)]
    async with process(store.limits, clock) as limits:
        assert await admitted(limits, *(budgets if first else budgets[::-1])) == 5
        assert not await limits.spend(budgets)
        assert remaining(limits, budgets[0]) == wide - 5
        assert await admitted(limits, budgets[0]) == wide - 5


@pytest.mark.gen_test(timeout=30)
async def test_a_process_tells_what_others_had_taken_when_it_last_asked(store: Store, clock: Clock) -> None:
    budget = Budget(USER, 10)
    async with process(store.limits, clock) as one, process(store.limits, clock) as other:
        assert await one.spend([budget])
        for _ in range(3):
            assert await other.spend([budget])
        assert (remaining(one, budget), remaining(other, budget)) == (9, 6)
        assert await one.spend([budget])
        assert (remaining(one, budget), remaining(other, budget)) == (5, 6)


@pytest.mark.gen_test(timeout=30)
async def test_a_thousand_events_of_a_user_cost_at_most_forty_round_trips(store: Store, clock: Clock) -> None:
    watched, budget = Watched(store), Budget(USER, 5_000)
    async with process(watched, clock) as limits:
        for _ in range(1_000):
            assert await limits.spend([budget])
            await asyncio.sleep(0)  # lets leases be filled up in the background, as requests do
    assert 5 < watched.operations <= 40


@pytest.mark.gen_test(timeout=30)
async def test_many_visitors_cost_no_round_trip(store: Store, clock: Clock) -> None:
    watched = Watched(store)
    async with process(watched, clock) as limits:
        for _ in range(10):
            for number in range(500):
                assert limits.try_spend([Budget(f"public/1/{number}", 1_000)])
        assert watched.operations == 0
        assert limits.try_spend([Budget("public/1/0", 1_000)]) is None
        assert remaining(limits, Budget("public/1/0", 1_000)) == 990


@pytest.mark.gen_test(timeout=30)
async def test_requests_that_need_the_same_lease_share_one_round_trip(store: Store, clock: Clock) -> None:
    watched = Watched(store)
    async with process(watched, clock) as limits:
        assert all(await asyncio.gather(*[limits.spend([Budget(USER, 100)]) for _ in range(100)]))
        assert watched.operations == 1
        assert not await limits.spend([Budget(USER, 100)])


@pytest.mark.gen_test(timeout=30)
async def test_what_is_known_to_be_used_up_is_refused_without_a_round_trip(store: Store, clock: Clock) -> None:
    watched, wide, narrow = Watched(store), Budget(USER, 100), Budget("login/1", 3)
    async with process(watched, clock) as limits:
        assert await admitted(limits, narrow) == 3
        before = watched.operations
        assert [limits.try_spend(budgets) for budgets in ([narrow], [wide, narrow], [narrow, wide])] == [False] * 3
        assert watched.operations == before


@pytest.mark.gen_test(timeout=30)
async def test_a_lease_is_filled_up_before_a_request_must_wait(store: Store, clock: Clock) -> None:
    watched, budget = Watched(store), Budget(USER, 5_000)
    async with process(watched, clock) as limits:
        for _ in range(51):  # 50 unasked, and one that had to ask
            assert await limits.spend([budget])
        for asked in (1, 2, 3):
            while watched.operations == asked:
                assert limits.try_spend([budget]), "a request had to wait"
                await asyncio.sleep(0)
            await limits.close()


@pytest.mark.parametrize("seconds", [-3_600, -60, -1, 60, 3_600])
@pytest.mark.gen_test(timeout=30)
async def test_another_window_is_another_limit_and_the_same_window_the_same(
    store: Store, clock: Clock, seconds: int
) -> None:
    budget = Budget(USER, 7)
    async with process(store.limits, clock) as limits:
        for wanted in (7, 7, 0, 0):
            assert await admitted(limits, budget) == wanted
            assert remaining(limits, budget) == 0
            clock.move(seconds=seconds)
            seconds = -seconds


@pytest.mark.gen_test(timeout=30)
async def test_a_window_that_turns_while_a_lease_is_asked_for_takes_nothing_of_the_next(
    store: Store, clock: Clock
) -> None:
    budget = Budget(USER, 5)
    async with process(store.limits, clock) as limits:
        asked = asyncio.create_task(limits.spend([budget]))
        await asyncio.sleep(0)
        clock.move(seconds=60)
        assert await asked
        assert await admitted(limits, budget) == 4


@pytest.mark.gen_test(timeout=30)
async def test_what_mongodb_is_told_names_nobody_and_ends_with_its_window(
    store: Store, database: Any, clock: Clock
) -> None:
    clock.move(seconds=20.5)
    async with process(store.limits, clock) as limits:
        client = limits.address_name("192.0.2.1")
        for _ in range(2):
            assert await limits.spend([Budget(f"public/pk_12345678/{client}", 3)])
            assert await limits.new_emails(client, ["jane@example.com"], 20)
            clock.move(seconds=60)
    rows = list(database["limits"].find())
    assert len({row["_id"].split("/")[0] for row in rows}) == len(rows) == 4  # in each window by another name
    for part in ("192.0.2.1", client, "pk_12345678", "jane", USER):
        assert part not in repr(rows)
    for row in rows:
        left = row["expire_at"] - datetime.now(UTC)
        assert timedelta(seconds=30) < left <= timedelta(seconds=40)
    indexes = database["limits"].index_information().values()
    assert [index["expireAfterSeconds"] for index in indexes if index["key"] == [("expire_at", 1)]] == [0]


@pytest.mark.gen_test(timeout=30)
async def test_all_hosts_of_a_database_call_a_client_the_same_and_nobody_else_can(store: Store, clock: Clock) -> None:
    async with process(store.limits, clock) as one, process(store.limits, clock) as other:
        assert one.address_name("2001:db8::1") == other.address_name("2001:db8::2") != one.address_name("192.0.2.1")
    async with process(store.limits, clock, secret=b"t" * 32) as stranger:
        assert stranger.address_name("192.0.2.1") != one.address_name("192.0.2.1")
