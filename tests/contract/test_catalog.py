"""``website_events.catalog``: what it says, of whom, and in which days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tornado.ioloop import IOLoop

from collector.app import Collector
from tests.support.catalogs import PATH, ask, count, described
from tests.support.clock import Clock
from tests.support.collectors import another_list
from tests.support.site import ORIGIN, Site


@pytest.fixture
def clock() -> Clock:
    """A noon, at which a day is a day in most zones."""
    return Clock(datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1))


@pytest.fixture
def counted(io_loop: IOLoop, collector: Collector) -> Callable[[], Any]:
    """Has all be counted that is stored."""
    return lambda: count(collector)


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


@pytest.mark.gen_test(timeout=60)
async def test_an_event_is_described_alone_where_it_is_named_and_an_unknown_one_is_none(
    site: Site, counted: Callable[[], Any]
) -> None:
    for name in ("pageView", "page_view", "other"):
        await site.track(name)
    await counted()
    whole = (await ask(site)).body["Events"]
    assert [row["Event"] for row in whole] == ["other", "pageView", "page_view"]
    assert [row["Similar"] for row in whole] == [[], ["page_view"], ["pageView"]]
    assert [await described(site, name) for name in ("other", "pageView", "page_view")] == whole
    for name in ("PAGE_VIEW", "page", "$where"):
        answer = await ask(site, Event=name)
        assert (answer.status, answer.body["Events"]) == (200, [])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"])
@pytest.mark.gen_test(timeout=60)
async def test_days_are_those_of_the_lists_zone_or_of_the_one_that_is_asked_for(
    site: Site, clock: Clock, counted: Callable[[], Any], zone: str
) -> None:
    hours = [0, 5.75, 5.8, 11.9, 12, 13, 24, 40, 400, 719, 800]
    zoned = await another_list(site)
    await site.administration.update_list(zoned.list_id, time_zone=zone)
    for there in (site, zoned):
        for ago in hours:
            await there.track(Timestamp=(clock() - timedelta(hours=ago)).isoformat())
    await counted()
    dates = [(clock() - timedelta(hours=ago)).astimezone(ZoneInfo(zone)).date().isoformat() for ago in hours]
    for answer in (await ask(site, TimeZone=zone), await ask(zoned)):
        body = answer.body
        assert (body["TimeZone"], body["Days"][-1]) == (zone, dates[0])
        assert body["Events"][0]["Days"] == [dates.count(day) for day in body["Days"]]


@pytest.mark.gen_test(timeout=60)
async def test_a_zone_that_is_changed_is_known_within_seconds(site: Site) -> None:
    assert (await ask(site)).body["TimeZone"] == "UTC"
    await site.administration.update_list(site.list_id, time_zone="Asia/Kathmandu")
    while (await ask(site)).body["TimeZone"] == "UTC":  # noqa: ASYNC110 # what it waits for has no event
        await asyncio.sleep(0.2)
    assert (await ask(site)).body["TimeZone"] == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29, tzinfo=UTC), 23), (datetime(2026, 10, 25, tzinfo=UTC), 25)]
)
@pytest.mark.gen_test(timeout=60)
async def test_a_day_on_which_clocks_are_changed_has_all_its_events_and_none_of_its_neighbours(
    site: Site, clock: Clock, counted: Callable[[], Any], day: datetime, hours: int
) -> None:
    clock.now = day + timedelta(days=2)
    begin = day.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    quarters = [begin + n * timedelta(minutes=15) for n in range(-2, hours * 4 + 3)]
    events = [{"Event": "page_view", "Timestamp": moment.isoformat()} for moment in quarters]
    given = {"APIKey": site.secret, "ListID": site.list_id, "Events": events}
    assert (await site.call("/api/v1/events", given)).body["status"] == "success"
    await counted()
    body = (await ask(site, TimeZone="Europe/Berlin")).body
    place = body["Days"].index(day.date().isoformat())
    assert body["Events"][0]["Days"][place - 1 : place + 2] == [2, hours * 4, 3]


@pytest.mark.gen_test(timeout=60)
async def test_a_name_is_new_for_seven_days(site: Site, clock: Clock, counted: Callable[[], Any]) -> None:
    week = clock() - timedelta(days=7)
    await site.track("new", Timestamp=week.isoformat(), Properties={"young": 1})
    await site.track("old", Timestamp=(week - timedelta(milliseconds=1)).isoformat(), Properties={"older": 1})
    await site.track("old", Properties={"young": 1})
    await counted()
    found = {row["Event"]: row for row in (await ask(site)).body["Events"]}
    assert (found["new"]["New"], found["old"]["New"]) == (True, False)
    assert [(row["Property"], row["New"]) for row in found["old"]["Properties"]] == [("older", False), ("young", True)]


@pytest.mark.gen_test(timeout=60)
async def test_a_late_event_and_one_whose_clock_was_wrong_are_counted_on_the_day_on_which_they_happened(
    site: Site, clock: Clock, counted: Callable[[], Any]
) -> None:
    wrong = clock() + timedelta(days=400)
    await site.track(Timestamp=(wrong - timedelta(days=2)).isoformat(), SentAt=wrong.isoformat())
    await counted()
    assert (await described(site))["Days"] == [int(n == 27) for n in range(30)]


@pytest.mark.gen_test(timeout=60)
async def test_bots_are_counted_apart(site: Site, counted: Callable[[], Any]) -> None:
    for event, properties, agent in (
        ("page_view", {"a": 1}, "Mozilla/5.0"),
        ("page_view", {"a": "x"}, "Googlebot/2.1"),
        ("page_view", {"a": None}, "Mozilla/5.0"),
        ("crawl", {}, "Googlebot/2.1"),
    ):
        given = {"APIKey": site.public, "Event": event, "Properties": properties}
        assert (await site.call("/api/v1/event", given, Origin=ORIGIN, User_Agent=agent)).status == 200
    await counted()
    found = {row["Event"]: row for row in (await ask(site)).body["Events"]}
    page, crawl, a = found["page_view"], found["crawl"], found["page_view"]["Properties"][0]
    assert (page["Count"], page["Bots"], page["Days"][-1]) == (2, 1, 2)
    assert (crawl["Count"], crawl["Bots"], crawl["Days"][-1]) == (0, 1, 0)
    assert (a["Count"], a["Bots"], a["Share"], a["Types"]) == (2, 1, 1.0, {"number": 1, "null": 1})
    assert (await described(site, Examples=True))["Properties"][0]["Examples"] in ([None, 1], [1, None])


@pytest.mark.gen_test(timeout=60)
async def test_what_is_not_counted_yet_is_there_without_a_time(site: Site, counted: Callable[[], Any]) -> None:
    await counted()
    await site.track(Properties={"a": 1})
    found = await described(site)
    if found["Count"] == 0:  # else the collector was faster
        assert (found["FirstSeen"], found["LastSeen"], found["New"]) == (None, None, True)
        assert (found["Properties"][0]["Share"], found["Properties"][0]["Types"]) == (0.0, {})
    await counted()
    found = await described(site)
    assert found["Count"] == 1 and found["FirstSeen"] == found["LastSeen"] != None  # noqa: E711


@pytest.mark.gen_test(timeout=60)
async def test_without_a_list_it_is_the_users_events_without_one(site: Site, counted: Callable[[], Any]) -> None:
    await site.track("in the list")
    await site.call("/api/v1/event", {"APIKey": site.secret, "Event": "in none"})
    await counted()
    for nothing in ({}, {"ListID": None}, {"ListID": ""}):
        answer = await site.call(PATH, {"APIKey": site.secret, **nothing})
        assert (answer.body["ListID"], answer.body["TimeZone"]) == (None, "UTC")
        assert [row["Event"] for row in answer.body["Events"]] == ["in none"]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"ListID": "x"}, [2]),
        ({"ListID": 0}, [2]),
        ({"ListID": 2**70}, [3]),
        ({"ListID": 987_654}, [3]),
        ({"TimeZone": "Berlin"}, [23]),
        ({"TimeZone": "europe/berlin"}, [23]),
        ({"TimeZone": 1}, [23]),
        ({"TimeZone": "x" * 101}, [23]),
        ({"TimeZone": ["UTC"]}, [23]),
        ({"Event": 1}, [14]),
        ({"Event": "x" * 201}, [14]),
        ({"Event": "\0"}, [14]),
        ({"ListID": True, "TimeZone": "", "Event": []}, [2, 14]),
        ({"ListID": 987_654, "TimeZone": "Mars/Olympus", "Event": {}}, [3, 14, 23]),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_all_that_is_wrong_is_told(site: Site, given: dict[str, Any], codes: list[int]) -> None:
    answer = await ask(site, **given)
    assert (answer.status, answer.codes) == (422, codes)


@pytest.mark.gen_test(timeout=60)
async def test_another_users_list_is_as_one_that_does_not_exist(site: Site) -> None:
    name = f"{site.user} too"
    await site.administration.create_user(name)
    other = await site.administration.create_list("Theirs", name)
    answer = await ask(site, ListID=other.id)
    assert (answer.status, answer.codes) == (422, [3])


@pytest.mark.gen_test(timeout=60)
async def test_a_public_key_may_not_read_it(site: Site) -> None:
    answer = await site.call(PATH, {"APIKey": site.public}, Origin=ORIGIN)
    assert (answer.status, answer.codes) == (403, [99999])


@pytest.mark.gen_test(timeout=60)
async def test_a_query_and_a_form_ask_the_same(site: Site, counted: Callable[[], Any]) -> None:
    await site.track(Properties={"a": "jane@example.com"})
    await counted()
    query = f"ListID={site.list_id}&timezone=Asia%2FKathmandu&event=page_view&examples=1"
    by_get = await site.send("GET", f"{PATH}?{query}", Authorization=f"Bearer {site.secret}")
    by_form = await site.form("/api.php", f"Command=Website_Events.Catalog&APIKey={site.secret}&{query}")
    by_json = await ask(site, TimeZone="Asia/Kathmandu", Event="page_view", Examples=True)
    assert by_get.status == 200
    assert by_get.body == by_form.body == by_json.body
    assert by_get.body["Events"][0]["Properties"][0]["Examples"] == ["…@…"]


@pytest.mark.gen_test(timeout=90)
async def test_after_an_upgrade_it_says_what_is_missing_until_the_collector_has_seen_to_it(
    site: Site, database: Any, counted: Callable[[], Any]
) -> None:
    await site.track()
    await counted()
    database["rollups"].delete_many({})
    database["writers"].update_one({"_id": "fold"}, {"$unset": {"rolled": ""}})
    answer = await ask(site)
    assert (answer.body["Complete"], answer.body["Events"][0]["Days"]) == (False, [0] * 30)
    while not (answer := await ask(site)).body["Complete"]:  # noqa: ASYNC110 # nor has this
        await asyncio.sleep(0.5)
    assert answer.body["Events"][0]["Days"][-1] == 1
