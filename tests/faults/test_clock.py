"""The clock of a collector is set back by an hour, over midnight, while it serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from collector.app import Collector
from tests.support.clock import Clock
from tests.support.site import Site

BATCH = "/api/v1/events"
LIMIT = 20


@pytest.fixture
def clock() -> Clock:
    """Half an hour after midnight, so that the hour before it is of another day."""
    clock = Clock()
    clock.now = clock.now.replace(hour=0, minute=30)
    return clock


async def batch(site: Site, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to the events of a batch."""
    answer = await site.call(BATCH, {"APIKey": site.secret, "ListID": site.list_id, "Events": list(events)})
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.body["results"]
    return found


def visits(prefix: str, name: str) -> list[dict[str, Any]]:
    """Events with a property of that name."""
    return [
        {"Event": "view", "EventID": f"{prefix}{number}", "UUID": "v", "Email": "jane@example.com"}
        | {"Properties": {name: number, "both": True}}
        for number in range(10)
    ]


async def counted(site: Site, collector: Collector, done: Callable[[dict[str | None, int]], bool]) -> None:
    """Has the collector count until it is done."""
    for _ in range(20):
        rows = site.db["catalog_counts"].find({"scope": site.scope, "event": "view"})
        if done({row["name"]: row["n"] for row in rows}):
            return
        await collector.engine.ledger.advance()
    raise AssertionError("the events were not counted")


@pytest.mark.gen_test(timeout=60)
async def test_events_people_and_the_catalog_go_on_right_when_the_clock_is_set_back(
    site: Site, collector: Collector, clock: Clock
) -> None:
    before, after = visits("before", "late"), visits("after", "early")
    assert not any("duplicate" in result for result in await batch(site, *before))
    await counted(site, collector, lambda found: found == {None: 10, "both": 10, "late": 10})
    late = clock.now
    clock.move(hours=-1)
    told = ["duplicate" in result for result in await batch(site, *before, *after)]
    assert told == [True] * 10 + [False] * 10
    found = site.events(event="view")
    assert Counter(row["event_id"] for row in found) == {event["EventID"]: 1 for event in before + after}
    assert Counter(row["time"] for row in found) == {clock.now: 10, late: 10}
    assert len(site.events(automatic=True)) == len(site.subscribers()) == 1
    assert {row["subscriber"] for row in found} == {site.subscribers()[0]["_id"]}
    assert await site.properties() == {"view": ["both", "early", "late"]}
    await counted(site, collector, lambda found: found == {None: 20, "both": 20, "late": 10, "early": 10})
    clock.move(hours=1)
    await site.track("view", Properties={"late": 1})
    await counted(site, collector, lambda found: found == {None: 21, "both": 20, "late": 11, "early": 10})


async def admitted(site: Site) -> int:
    """How many events pass before the limit does not let one."""
    for number in range(2 * LIMIT):
        answer = await site.track()
        if answer.status == 429:
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            return number
        assert (answer.status, 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60) == (200, True)
    raise AssertionError("nothing was refused")


@pytest.fixture
def limited(make_site: Callable[..., Site]) -> Site:
    """A site whose key is let in so often in a minute."""
    return make_site(rate_limit=LIMIT)


@pytest.mark.gen_test(timeout=60)
async def test_a_limit_holds_in_every_minute_of_a_clock_that_is_set_back(limited: Site, clock: Clock) -> None:
    assert await admitted(limited) == LIMIT
    clock.move(hours=-1)
    assert await admitted(limited) == LIMIT
    clock.move(hours=1)
    assert await admitted(limited) == 0
    clock.move(seconds=60)
    assert await admitted(limited) == LIMIT
