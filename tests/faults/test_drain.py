"""The drain of a spool is broken off after MongoDB has taken what it brought, and before it is known."""

from __future__ import annotations

import pytest

from collector.config import Settings
from collector.storage.guard import StoreAway
from tests.support.books import balance, totals
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.site import Site

EVENTS = 5
TRIES = 3


class Refusing:
    """Has one operation of the writer fail, and counts how often it did; ``operation`` is empty: none."""

    def __init__(self) -> None:
        self.operation = ""
        self.refused = 0

    async def __call__(self, name: str) -> None:
        """Fails where it is to."""
        if name == self.operation:
            self.refused += 1
            raise StoreAway(name)


async def books(site: Site) -> dict[str, float]:
    """The totals, which balance."""
    text = (await site.send("GET", "/metrics")).body.decode()
    received, became = balance(text)
    assert received == became, text
    return totals(text)


@pytest.mark.gen_test(timeout=60)
async def test_what_a_drain_brings_again_is_its_own_retry_and_no_duplicate_and_is_counted_soon(
    site: Site, clock: Clock
) -> None:
    refusing = Refusing()
    async with collecting(site, clock, refusing, Settings()) as away:
        await away.track("before")
        refusing.operation = "events.insert"
        events = [{"Event": "view", "EventID": str(number), "Email": "jane@example.com"} for number in range(EVENTS)]
        batch = {"APIKey": away.secret, "ListID": away.list_id, "Events": events}
        assert (await away.call("/api/v1/events", batch)).body["accepted"] == EVENTS
        refusing.operation, refusing.refused = "subscribers.change", 0
        while refusing.refused < TRIES:
            await books(away)
        assert len(site.events(event="view")) == EVENTS
        refusing.operation = ""
        while (found := await books(away))["footfall_spool_events"]:
            pass
        assert (found["stored"], found["duplicate"]) == (1 + EVENTS, 0)
        while found["footfall_catalog_lag_events"] or not _counted(site):
            found = await books(away)


def _counted(site: Site) -> bool:
    row = site.db["catalog_counts"].find_one({"scope": site.scope, "event": "view", "name": None})
    return row is not None and row["n"] == EVENTS
