"""The different addresses that a client may claim in a window, counted by several processes together."""

from __future__ import annotations

import asyncio

import pytest

from collector.storage.connection import Store
from tests.support.clock import Clock
from tests.support.limits import Watched, process

EMAILS = [f"{number}@example.com" for number in range(100)]


@pytest.mark.gen_test(timeout=30)
async def test_of_many_at_once_the_first_different_ones_may_be_claimed_in_one_round_trip(
    store: Store, clock: Clock
) -> None:
    watched = Watched(store)
    async with process(watched, clock) as limits:
        assert await limits.new_emails("client", ["x", "x", *EMAILS, "x"], 20) == {"x", *EMAILS[:19]}
        assert watched.operations == 1


@pytest.mark.gen_test(timeout=30)
async def test_what_the_process_knows_costs_no_round_trip(store: Store, clock: Clock) -> None:
    watched = Watched(store)
    async with process(watched, clock) as limits:
        assert await limits.new_emails("client", EMAILS[:2], 3) == set(EMAILS[:2])
        assert await limits.new_emails("client", EMAILS[:2], 3) == set(EMAILS[:2])
        assert watched.operations == 1
        assert await limits.new_emails("client", EMAILS[:4], 3) == set(EMAILS[:3])
        assert await limits.new_emails("client", EMAILS[5:], 3) == set()  # no more than three, whichever they are
        assert watched.operations == 2


@pytest.mark.gen_test(timeout=30)
async def test_two_processes_count_the_addresses_of_a_client_together(store: Store, clock: Clock) -> None:
    async with process(store.limits, clock) as one, process(store.limits, clock) as other:
        claimed = [
            email
            for number, email in enumerate(EMAILS[:25])
            if await (one, other)[number % 2].new_emails("client", [email], 20)
        ]
        assert claimed == EMAILS[:20]
        assert (
            await one.new_emails("client", EMAILS, 20) == await other.new_emails("client", EMAILS, 20) == set(claimed)
        )
        assert await one.new_emails("another", EMAILS[50:], 20) == set(EMAILS[50:70])


@pytest.mark.gen_test(timeout=30)
async def test_requests_at_one_moment_share_round_trips_and_claim_no_more(store: Store, clock: Clock) -> None:
    watched = Watched(store)
    async with process(watched, clock) as limits:
        found = await asyncio.gather(*[limits.new_emails("client", [email], 20) for email in EMAILS])
        assert sum(map(len, found)) == 20
        assert watched.operations <= 2


@pytest.mark.parametrize("seconds", [-3_600, 60])
@pytest.mark.gen_test(timeout=30)
async def test_another_window_has_room_for_others(store: Store, clock: Clock, seconds: int) -> None:
    async with process(store.limits, clock) as limits:
        assert await limits.new_emails("client", ["a", "b"], 1) == {"a"}
        clock.move(seconds=seconds)
        assert await limits.new_emails("client", ["b", "a"], 1) == {"b"}
        clock.move(seconds=-seconds)
        assert await limits.new_emails("client", ["b", "a"], 1) == {"a"}
