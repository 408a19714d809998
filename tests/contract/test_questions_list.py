"""``website_events.list``: the events of a list, newest first, page by page."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from collector.config import Settings
from tests.support.clock import Clock
from tests.support.collectors import another_list, collecting
from tests.support.evaluation import Happened, stored
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


async def _all(site: Site, **parameters: Any) -> list[list[dict[str, Any]]]:
    """The pages of a list, to its end."""
    pages, cursor = [], None
    while True:
        answer = await _asked(site, Cursor=cursor, **parameters)
        assert answer.status == 200, answer
        pages.append(answer.body["Events"])
        cursor = answer.body["Cursor"]
        if cursor is None:
            return pages


def _fill(site: Site, clock: Clock, count: int, each: timedelta, prefix: str = "q") -> list[str]:
    """Events past the collector, the newest first; their keys."""
    events = [Happened("e", clock() - number * each, {"n": number}) for number in range(count)]
    rows = stored(events, site.scope, prefix)
    site.db["events"].insert_many(rows)
    return [row["_id"] for row in sorted(rows, key=lambda row: (row["time"], row["_id"]), reverse=True)]


@pytest.mark.gen_test(timeout=60)
async def test_an_event_is_listed_once_it_is_acknowledged(site: Site) -> None:
    """In the same millisecond too: time stands still here."""
    for number in range(3):
        await site.track("e", Properties={"n": number})
        assert len(await _listed(site)) == number + 1


@pytest.mark.gen_test(timeout=60)
async def test_an_automatic_identify_is_listed_and_marked(site: Site) -> None:
    await site.track("sale", Email="new@example.com")
    found = {event["Event"]: event["Automatic"] for event in await _listed(site)}
    assert found == {"sale": False, "identify": True}
    (identify,) = await _listed(site, Event="identify")
    assert (identify["Email"], identify["Properties"]) == ("new@example.com", {})


@pytest.mark.gen_test(timeout=60)
async def test_what_a_page_claims_is_marked(site: Site) -> None:
    await site.claim("e", UUID="v", Email="a@example.com", origin=None)
    (event,) = await _listed(site, Event="e")
    assert (event["Trust"], event["OriginUnknown"], event["Email"]) == ("public", True, "a@example.com")
    assert event["KeyPrefix"].startswith("pk_")
    assert site.public not in str(event)


@pytest.mark.gen_test(timeout=60)
async def test_properties_are_listed_as_they_were_sent(site: Site) -> None:
    sent = {
        **{"$ref": "x", "$id": 1, "": None, "a.b": [1, 1.0, True], "big": 2**63 - 1, "deep": [{"$ref": "y", "$id": 2}]},
        **{"$where": "sleep(9)", "text": "<script>\u202e\0", "$db": "z", "e": {"$ref": {}, "$id": []}},
    }
    await site.track("e", Properties=sent)
    (event,) = await _listed(site)
    assert event["Properties"] == sent
    assert [type(item) for item in event["Properties"]["a.b"]] == [int, float, bool]


@pytest.mark.gen_test(timeout=60)
async def test_without_a_list_it_is_the_users_events_without_one(site: Site, make_site: Callable[..., Site]) -> None:
    await site.track("listed")
    await site.call("/api/v1/event", {"APIKey": site.secret, "Event": "unlisted"})
    answer = await site.call(PATH, {"APIKey": site.secret})
    assert answer.body["ListID"] is None
    assert [event["Event"] for event in answer.body["Events"]] == ["unlisted"]
    assert [event["Event"] for event in await _listed(site)] == ["listed"]


@pytest.mark.gen_test(timeout=60)
async def test_bots_are_left_out_unless_they_are_asked_for(site: Site, clock: Clock) -> None:
    site.db["events"].insert_many(
        stored([Happened("e", clock(), bot=True), Happened("e", clock(), bot=False)], site.scope)
    )
    off: list[object] = [None, False, 0, "0", "false", "False"]
    on: list[object] = [True, 1, "1", "true", "True"]
    for given, bots in [(flag, [False]) for flag in off] + [(flag, [False, True]) for flag in on]:
        assert sorted(event["Bot"] for event in await _listed(site, Bots=given)) == bots, given


@pytest.mark.gen_test(timeout=60)
async def test_by_default_it_is_the_last_thirty_days(site: Site, clock: Clock) -> None:
    edge = clock() + timedelta(milliseconds=1) - timedelta(days=30)
    times = [edge - timedelta(milliseconds=1), edge, clock()]
    site.db["events"].insert_many(stored([Happened("e", time) for time in times], site.scope))
    assert len(await _listed(site)) == 2
    assert len(await _listed(site, To=clock().isoformat())) == 2
    assert len(await _listed(site, From=(edge - timedelta(milliseconds=1)).isoformat())) == 3
    assert len(await _listed(site, From=edge.isoformat(), To=clock().isoformat())) == 1


@pytest.mark.gen_test(timeout=60)
async def test_what_a_retention_has_ended_is_gone(site: Site, clock: Clock) -> None:
    ended, kept = stored([Happened("ended", clock()), Happened("kept", clock())], site.scope)
    ended["expire_at"], kept["expire_at"] = clock() - timedelta(minutes=2), clock() + timedelta(days=1)
    site.db["events"].insert_many([ended, kept])
    assert [event["Event"] for event in await _listed(site)] == ["kept"]


@pytest.mark.parametrize("each", [timedelta(0), timedelta(milliseconds=1), timedelta(hours=7)], ids=str)
@pytest.mark.parametrize("limit", [1, 7, 10, 11, 200])
@pytest.mark.gen_test(timeout=60)
async def test_pages_have_every_event_once_in_order(site: Site, clock: Clock, each: timedelta, limit: int) -> None:
    keys = _fill(site, clock, 21, each)
    pages = await _all(site, Limit=limit)
    assert [event["Key"] for page in pages for event in page] == keys
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= limit


@pytest.mark.gen_test(timeout=60)
async def test_pages_hold_still_while_events_arrive(site: Site, clock: Clock) -> None:
    keys = _fill(site, clock, 10, timedelta(0), "m")
    first = await _asked(site, Limit=4)
    _fill(site, clock, 3, timedelta(0), "z")
    clock.move(seconds=1)
    _fill(site, clock, 3, timedelta(milliseconds=1), "n")
    second = await _asked(site, Limit=200, Cursor=first.body["Cursor"])
    assert [event["Key"] for event in first.body["Events"] + second.body["Events"]] == keys


@pytest.mark.gen_test(timeout=60)
async def test_a_cursor_goes_on_with_other_filters(site: Site, clock: Clock) -> None:
    _fill(site, clock, 10, timedelta(0))
    first = await _asked(site, Limit=4)
    even = [{"Property": "n", "Operator": "one_of", "Value": [0, 2, 4, 6, 8]}]
    second = await _asked(site, Cursor=first.body["Cursor"], Filters=even)
    shown = {event["Properties"]["n"] for event in first.body["Events"]}
    assert {event["Properties"]["n"] for event in second.body["Events"]} == {0, 2, 4, 6, 8} - shown


@pytest.mark.gen_test(timeout=60)
async def test_a_cursor_holds_for_its_list_alone(site: Site, clock: Clock) -> None:
    _fill(site, clock, 10, timedelta(0))
    cursor = (await _asked(site, Limit=4)).body["Cursor"]
    other = await another_list(site)
    assert (await _asked(other, Cursor=cursor)).codes == [26]
    assert (await site.call(PATH, {"APIKey": site.secret, "Cursor": cursor})).codes == [26]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in (0, 15, 16, 20, len(raw) - 1):
        forged = base64.urlsafe_b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).decode()
        assert (await _asked(site, Cursor=forged)).codes == [26], place


@pytest.mark.gen_test(timeout=60)
async def test_another_collector_takes_the_cursor_too(site: Site, clock: Clock) -> None:
    keys = _fill(site, clock, 10, timedelta(seconds=1))
    first = await _asked(site, Limit=4)
    async with collecting(site, clock) as other:
        second = await _asked(other, Cursor=first.body["Cursor"])
    assert [event["Key"] for event in first.body["Events"] + second.body["Events"]] == keys


@pytest.mark.gen_test(timeout=60)
async def test_how_many_were_looked_at_is_said(site: Site, clock: Clock) -> None:
    _fill(site, clock, 20, timedelta(hours=5))
    assert (await _asked(site, Limit=5)).body["Scanned"] == 6  # one more, to know that there is one
    rare = [{"Property": "n", "Operator": "equals", "Value": 13}]
    answer = await _asked(site, Filters=rare)
    assert (len(answer.body["Events"]), answer.body["Scanned"]) == (1, 20)
    assert (await _asked(site, Filters=rare, Limit=1)).body["Cursor"] is None


@pytest.mark.gen_test(timeout=60)
async def test_a_list_that_is_cut_says_so_and_goes_on_from_there(site: Site, clock: Clock) -> None:
    keys = _fill(site, clock, 10, timedelta(hours=7))
    async with collecting(site, clock, settings=Settings(spool_mb=0, question_seconds=0.0)) as hasty:
        answer = await _asked(hasty)
        assert answer.status == 200
        cursor = answer.body.pop("Cursor")
        assert answer.body == {"ListID": site.list_id, "Events": [], "Scanned": 0, "Complete": False}
        assert (await _asked(hasty, Format="ndjson")).codes == [503]
    rest = await _asked(site, Cursor=cursor)
    assert ([event["Key"] for event in rest.body["Events"]], rest.body["Complete"]) == (keys, True)
