"""``website_events.catalog``: what it says, of whom, and in which days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from collector.app import Collector
from tests.support.clock import Clock
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.catalog"


@pytest.fixture
def clock() -> Clock:
    """A noon, at which a day is a day in most zones."""
    return Clock(datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1))


@pytest.fixture
def counted(io_loop: IOLoop, collector: Collector) -> Callable[[], Any]:
    """Has all be counted that is stored."""
    return collector.engine.ledger.advance


async def ask(site: Site, **parameters: Any) -> Answer:
    """The catalog of the list."""
    return await site.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, **parameters})


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.gen_test(timeout=60)
async def test_events_and_properties_are_counted_and_described(
    site: Site, clock: Clock, counted: Callable[[], Any]
) -> None:
    for value in ("Pricing", "Home", 1):
        await site.track(Properties={"$page_title": value, "pageTitle": None})
    await site.track(Timestamp=(clock() - timedelta(days=10)).isoformat())
    await site.track("sign_up", Timestamp=(clock() - timedelta(days=40)).isoformat())
    await counted()
    answer = await ask(site)
    assert answer.status == 200
    body = answer.body
    assert (body["ListID"], body["TimeZone"], body["Truncated"], body["Pending"]) == (site.list_id, "UTC", False, 0)
    assert (body["Lag"], body["Complete"]) == (0, True)
    days = [(clock() - timedelta(days=29 - n)).date().isoformat() for n in range(30)]
    assert body["Days"] == days
    ten_days = _z(clock() - timedelta(days=10))
    assert body["Events"] == [
        {
            "Event": "page_view",
            "Count": 4,
            "Bots": 0,
            "AtLeast": False,
            "FirstSeen": ten_days,
            "LastSeen": _z(clock()),
            "New": False,
            "Days": [3 if n == 29 else int(n == 19) for n in range(30)],
            "Similar": [],
            "Properties": [
                {
                    "Property": name,
                    "Count": 3,
                    "Bots": 0,
                    "Share": 0.75,
                    "Types": types,
                    "AtLeast": False,
                    "FirstSeen": _z(clock()),
                    "LastSeen": _z(clock()),
                    "New": True,
                    "Similar": [other],
                }
                for name, other, types in (
                    ("$page_title", "pageTitle", {"string": 2, "number": 1}),
                    ("pageTitle", "$page_title", {"null": 3}),
                )
            ],
        },
        {
            "Event": "sign_up",
            "Count": 1,
            "Bots": 0,
            "AtLeast": False,
            "FirstSeen": _z(clock() - timedelta(days=40)),
            "LastSeen": _z(clock() - timedelta(days=40)),
            "New": False,
            "Days": [0] * 30,
            "Similar": [],
            "Properties": [],
        },
    ]
