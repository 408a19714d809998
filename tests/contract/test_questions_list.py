"""``website_events.list``: the events of a list, newest first, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.list"


async def _asked(site: Site, **parameters: Any) -> Answer:
    return await site.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, **parameters})


async def _listed(site: Site, **parameters: Any) -> list[dict[str, Any]]:
    answer = await _asked(site, **parameters)
    assert answer.status == 200, answer
    assert answer.body["Complete"]
    found: list[dict[str, Any]] = answer.body["Events"]
    return found


@pytest.mark.gen_test(timeout=60)
async def test_an_event_is_shown_with_all_that_is_known_of_it(site: Site, clock: Clock) -> None:
    answer = await site.track(
        "sale", UUID="v", Email="A@Example.com", ID=5, EventID="e-1", Properties={"$page_title": "Hi", "a.b": [1, None]}
    )
    assert answer.status == 200
    clock.move(seconds=1)
    (event,) = await _listed(site, Event="sale")
    (stored,) = site.events(event="sale")
    moment = stored["time"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert event == {
        "Key": stored["_id"],
        "Event": "sale",
        "Time": moment,
        "Received": moment,
        "EventID": "e-1",
        "UUID": "v",
        "Email": "a@example.com",
        "ID": "5",
        "Subscriber": stored["subscriber"],
        "Trust": "secret",
        "KeyPrefix": stored["key"],
        "Bot": False,
        "OriginUnknown": False,
        "Automatic": False,
        "Agent": None,
        "Properties": {"$page_title": "Hi", "a.b": [1, None]},
    }
