"""Links are counted in corrected event time: in what order events arrive does not matter for whose they are."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from collector.config import Settings
from collector.ingest.links import subscriber_at
from tests.support.clock import Clock
from tests.support.collectors import another_list
from tests.support.site import Site


@pytest.fixture
def settings() -> Settings:
    """Without a limit that many examples would meet."""
    return Settings(track_limit=100_000)


async def track(site: Site, clock: Clock, minutes_ago: float, email: str) -> None:
    """An event of the visitor ``v`` by which a server says who it is."""
    when = (clock.now - timedelta(minutes=minutes_ago)).isoformat()
    answer = await site.track(UUID="v", Email=f"{email}@example.com", Timestamp=when)
    assert answer.status == 200, answer


NAMINGS = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from("ab")), min_size=1, max_size=7, unique_by=lambda naming: naming[0]
)


@given(NAMINGS, st.booleans())
@example([(9, "a"), (5, "b"), (7, "a"), (8, "b")], False)
@example([(9, "a"), (7, "a"), (5, "b"), (8, "b"), (6, "a")], True)
@example([(8, "b"), (5, "b"), (7, "a"), (6, "a")], True)
@example([(8, "b"), (5, "b"), (7, "a"), (4, "a"), (3, "b")], False)
@example([(8, "b"), (5, "b"), (7, "a"), (4, "a"), (3, "b")], True)
@bounded(max_examples=25)
def test_who_a_visitor_was_does_not_depend_on_the_order_of_arrival(
    io_loop: IOLoop, site: Site, clock: Clock, namings: list[tuple[int, str]], at_once: bool
) -> None:
    async def arrive() -> Site:
        there = await another_list(site)
        if at_once:
            await asyncio.gather(*(track(there, clock, *naming) for naming in namings))
        else:
            for naming in namings:
                await track(there, clock, *naming)
        return there

    there = io_loop.run_sync(arrive, timeout=30)
    visitor: Any = there.visitor("v")
    emails = {row["_id"]: row["email"][0] for row in there.subscribers()}
    in_time = sorted(namings, reverse=True)
    for half_minutes in range(20):
        ago = half_minutes / 2
        expected = next((email for minutes, email in reversed(in_time) if minutes >= ago), in_time[0][1])
        found = subscriber_at(visitor["links"], clock.now - timedelta(minutes=ago))
        assert emails[str(found)] == expected, f"{ago} minutes ago"
