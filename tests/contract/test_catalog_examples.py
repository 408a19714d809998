"""``website_events.catalog``: examples of what properties hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from collector.app import Collector
from tests.support.catalogs import ask, count, described
from tests.support.clock import Clock
from tests.support.site import Site


@pytest.fixture
def counted(io_loop: IOLoop, collector: Collector) -> Callable[[], Any]:
    """Has all be counted that is stored."""
    return lambda: count(collector)


@pytest.mark.gen_test(timeout=60)
async def test_examples_are_the_newest_different_values_without_addresses(
    site: Site, clock: Clock, counted: Callable[[], Any]
) -> None:
    values = ["first", 1, 1, "1", 1.5, {"$ref": "a", "$id": 1}, ["jane@example.com"], "to jane@example.com", True]
    for value in values:
        clock.move(seconds=1)
        await site.track(Properties={"$a.b": value, "": {"mail": "jane@example.com"}})
    await counted()
    found = {row["Property"]: row["Examples"] for row in (await described(site, Examples=True))["Properties"]}
    assert found == {"$a.b": [True, "to …@…", ["…@…"], {"$ref": "a", "$id": 1}, 1.5], "": [{"mail": "…@…"}]}


@pytest.mark.gen_test(timeout=60)
async def test_a_property_that_the_newest_events_do_not_have_has_examples_all_the_same(
    site: Site, clock: Clock, counted: Callable[[], Any]
) -> None:
    await site.track(Properties={"rare": "here", "$where": "sleep(9)"})
    clock.move(seconds=1)
    events = [{"Event": "page_view", "Properties": {"often": n}} for n in range(300)]
    await site.call("/api/v1/events", {"APIKey": site.secret, "ListID": site.list_id, "Events": events})
    await site.track("other")
    await counted()
    found = {row["Property"]: row["Examples"] for row in (await described(site, Examples=True))["Properties"]}
    assert (found["rare"], found["$where"], len(found["often"])) == (["here"], ["sleep(9)"], 5)


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({"Examples": True}, False),
        *(({"Examples": value, "Event": "page_view"}, True) for value in (True, 1, "1", "true", "yes")),
        *(({"Examples": value, "Event": "page_view"}, False) for value in (False, 0, "0", "false", None, "")),
        ({"Event": "page_view"}, False),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_examples_are_there_where_they_are_asked_for_of_one_event(
    site: Site, given: dict[str, Any], there: bool
) -> None:
    await site.track(Properties={"a": 1})
    answer = await ask(site, **given)
    assert ["Examples" in row for row in answer.body["Events"][0]["Properties"]] == [there]
