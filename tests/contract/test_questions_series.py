"""``website_events.series``: numbers over time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.catalog.caps import Caps
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.evaluation import Happened, stored
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.series"
LOOK = [{"Property": "never", "Operator": "is_not_set"}]
"""A filter that all events meet: they are looked at, whatever has been counted."""


async def _asked(site: Site, **parameters: Any) -> Answer:
    return await site.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, **parameters})


async def _series(site: Site, **parameters: Any) -> dict[str, Any]:
    answer = await _asked(site, **parameters)
    assert (answer.status, answer.body.get("Complete")) == (200, True), answer
    body: dict[str, Any] = answer.body
    return body


def _keep(site: Site, *events: Happened) -> None:
    site.db["events"].insert_many(stored(events, site.scope))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.gen_test(timeout=90)
async def test_events_that_were_acknowledged_are_counted(site: Site, clock: Clock) -> None:
    """Without filters from what has been counted, which may follow within seconds."""
    for name in ("one", "one", "two"):
        await site.track(name)
    await site.track("one", Email="new@example.com")  # and an automatic identify, which is not counted
    deadline = time.monotonic() + 60
    for event, total in ((None, 4), ("one", 3), ("identify", 0)):
        while True:
            body = await _series(site, Event=event)
            if body["Series"] == [{"Value": None, "Total": total, "Counts": [*[0] * (len(body["Times"]) - 1), total]}]:
                break
            assert time.monotonic() < deadline, body
            await asyncio.sleep(0.5)
    assert (body["Event"], body["Measure"], body["Interval"], body["TimeZone"]) == ("identify", "events", "day", "UTC")
    assert len(body["Times"]) == 31


@pytest.mark.gen_test(timeout=60)
async def test_events_whose_name_found_no_room_in_the_catalog_are_there_all_the_same(site: Site, clock: Clock) -> None:
    """Nothing has been counted of them, or not from the first on."""
    soon = (clock() + timedelta(hours=1)).isoformat()  # so that this quarter of an hour is a whole one

    async def total(asked: Site, name: str) -> int:
        return int((await _series(asked, Event=name, To=soon))["Series"][0]["Total"])

    async def counted(asked: Site, name: str) -> None:
        deadline = time.monotonic() + 60
        while not await total(asked, name):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.5)

    async with collecting(site, clock, caps=Caps(events=2)) as full:
        for name in ("page one", "page two", "late"):  # public keys fill half of the four that are kept
            await full.claim(name)
        await counted(full, "page two")
        for name in ("late", "two", "three", "four", "five"):
            await full.track(name)
        await counted(full, "four")
        totals = {name: await total(full, name) for name in ("page one", "late", "four", "five", "never")}
        assert totals == {"page one": 1, "late": 2, "four": 1, "five": 1, "never": 0}


@pytest.mark.gen_test(timeout=60)
async def test_a_sum_beyond_64_bits_is_a_number(site: Site) -> None:
    begin, most = _at("2024-05-05T00:00Z"), 2**63 - 1
    events = [Happened("e", begin + timedelta(days=day), {"n": most, "minus": -most}) for day in range(3)]
    _keep(site, *events)
    for name, sign in (("n", 1), ("minus", -1)):
        asked = {"From": begin.isoformat(), "To": "2024-05-09", "Measure": "sum", "Property": name}
        (row,) = (await _series(site, **asked))["Series"]
        assert row == {"Value": None, "Total": sign * 3.0 * most, "Counts": [*[sign * most] * 3, 0]}
        (row,) = (await _series(site, **asked, Interval="week", BreakDown=name))["Series"]
        assert row == {
            "Value": sign * most,
            "Total": sign * 3.0 * most,
            "Counts": [sign * most, sign * 2.0 * most],
        }


@pytest.mark.gen_test(timeout=60)
async def test_a_part_of_an_hour_is_counted_exactly(site: Site) -> None:
    begin = _at("2024-05-05T10:00Z")
    _keep(site, *[Happened("e", begin + timedelta(minutes=minute)) for minute in range(60)])
    body = await _series(site, From="2024-05-05T10:07Z", To="2024-05-05T10:09Z", Interval="hour", Filters=LOOK)
    assert body["Times"] == ["2024-05-05T10:00:00+00:00"]
    assert body["Series"][0]["Counts"] == [2]
    body = await _series(site, From="2024-05-05T10:07Z", To="2024-05-05T10:09Z", Interval="hour")
    assert body["Series"][0]["Counts"] == [2]


@pytest.mark.parametrize(
    ("zone", "interval", "start", "end", "times"),
    [
        (
            "Europe/Berlin",
            "day",
            "2024-03-29T23:00Z",
            "2024-04-01T22:00Z",
            ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"],
        ),
        (
            "Europe/Berlin",
            "hour",
            "2024-03-31T00:00Z",
            "2024-03-31T02:00Z",
            ["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"],
        ),
        (
            "Europe/Berlin",
            "hour",
            "2024-10-27T00:00Z",
            "2024-10-27T02:00Z",
            ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"],
        ),
        (
            "Asia/Kathmandu",
            "hour",
            "2024-01-01T00:00Z",
            "2024-01-01T00:30Z",
            ["2024-01-01T05:00:00+05:45", "2024-01-01T06:00:00+05:45"],
        ),
        (
            "Asia/Beirut",  # its clocks leave out midnight
            "day",
            "2024-03-29T22:00Z",
            "2024-03-31T21:00Z",
            ["2024-03-30T00:00:00+02:00", "2024-03-31T01:00:00+03:00"],
        ),
        (
            "America/Havana",  # its clocks show midnight twice
            "day",
            "2024-11-02T04:00Z",
            "2024-11-04T05:00Z",
            ["2024-11-02T00:00:00-04:00", "2024-11-03T00:00:00-04:00"],
        ),
        (
            "Pacific/Apia",  # it left out the 30th
            "day",
            "2011-12-29T10:00Z",
            "2011-12-31T10:00Z",
            ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"],
        ),
        (
            "Australia/Lord_Howe",  # its clocks change by half an hour
            "hour",
            "2024-04-06T14:00Z",
            "2024-04-06T16:30Z",
            ["2024-04-07T01:00:00+11:00", "2024-04-07T01:30:00+10:30", "2024-04-07T02:00:00+10:30"],
        ),
        (
            "UTC",
            "week",
            "2024-12-29T00:00Z",
            "2024-12-30T00:00:00.001Z",
            ["2024-12-23T00:00:00+00:00", "2024-12-30T00:00:00+00:00"],
        ),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_intervals_are_those_of_the_zone(
    site: Site, zone: str, interval: str, start: str, end: str, times: list[str]
) -> None:
    """Each has one event at its first moment, and one at its last."""
    begins = [_at(time) for time in times]
    edges = [*begins[1:], _at(end)]
    _keep(
        site,
        *[Happened("e", max(begin, _at(start))) for begin in begins],
        *[Happened("e", edge - timedelta(milliseconds=1)) for edge in edges],
        Happened("e", _at(start) - timedelta(milliseconds=1)),
        Happened("e", _at(end)),
    )
    body = await _series(site, TimeZone=zone, Interval=interval, From=start, To=end, Filters=LOOK)
    assert body["Times"] == times
    assert body["Series"] == [{"Value": None, "Total": 2 * len(times), "Counts": [2] * len(times)}]


@pytest.mark.gen_test(timeout=60)
async def test_the_ten_largest_values_have_a_line_and_others_one_together(site: Site, clock: Clock) -> None:
    values = [value for value in range(12) for _ in range(12 - value)]
    events = [Happened("e", clock(), {"p": value}, uuid=f"v{number % 3}") for number, value in enumerate(values)]
    _keep(site, *events, Happened("e", clock(), {"p": None}), Happened("e", clock()), Happened("e", clock()))
    body = await _series(site, BreakDown="p", From=(clock() - timedelta(hours=1)).isoformat())
    lines = [(line["Value"], line["Total"], "Other" in line, "Missing" in line) for line in body["Series"]]
    assert lines == [
        *[(value, 12 - value, False, False) for value in range(10)],
        (None, 4, True, False),
        (None, 2, False, True),
    ]
    assert body["Exact"] is True
    heads = await _series(site, BreakDown="p", Measure="visitors", From=(clock() - timedelta(hours=1)).isoformat())
    other = next(line for line in heads["Series"] if "Other" in line)
    assert other["Total"] <= 4  # who is met in two of the values counts once
    assert sum(other["Counts"]) == other["Total"]


@pytest.mark.gen_test(timeout=60)
async def test_a_sum_is_that_of_the_numbers(site: Site, clock: Clock) -> None:
    values: list[Any] = [1, 2.5, "3", True, None, [4], {"a": 5}, -1]
    _keep(site, *[Happened("e", clock(), {"p": value}) for value in values], Happened("e", clock()))
    body = await _series(site, Measure="sum", Property="p")
    assert body["Series"][0]["Total"] == 2.5


@pytest.mark.gen_test(timeout=60)
async def test_a_sum_beyond_all_numbers_is_null(site: Site, clock: Clock) -> None:
    _keep(site, *[Happened("e", clock(), {"p": 1.7e308}) for _ in range(2)])
    body = await _series(site, Measure="sum", Property="p")
    assert body["Series"][0]["Total"] is None
    _keep_more = [Happened("e", clock(), {"p": 2**63 - 1}) for _ in range(3)]
    site.db["events"].insert_many(stored(_keep_more, site.scope, "r"))
    only = [{"Property": "p", "Operator": "less", "Value": 1e300}]
    body = await _series(site, Measure="sum", Property="p", Filters=only)
    assert body["Series"][0]["Total"] == pytest.approx(3 * 2**63)


@pytest.mark.gen_test(timeout=60)
async def test_a_visitor_of_two_days_counts_once_in_all(site: Site, clock: Clock) -> None:
    _keep(site, *[Happened("e", clock() - timedelta(days=day), uuid=f"v{day % 2}") for day in range(4)])
    body = await _series(site, Measure="visitors", From=(clock() - timedelta(days=3)).isoformat())
    assert body["Series"][0]["Total"] == 2
    assert sum(body["Series"][0]["Counts"]) == 4


@pytest.mark.gen_test(timeout=60)
async def test_an_event_counts_for_the_subscriber_whose_its_visitor_was(site: Site, clock: Clock) -> None:
    """A visitor that two people shared, one after the other; one that nobody was; one that one was by another name."""
    await site.track("e", UUID="shared")
    clock.move(minutes=1)
    await site.track("login", UUID="shared", Email="a@example.com")
    clock.move(minutes=1)
    await site.track("e", UUID="shared")
    clock.move(minutes=1)
    await site.track("login", UUID="shared", Email="b@example.com")
    clock.move(minutes=1)
    await site.track("e", UUID="shared")
    await site.track("e", UUID="nobody")
    await site.track("e", UUID="other", Email="a@example.com")
    body = await _series(site, Measure="subscribers", Event="e")
    assert body["Series"][0]["Total"] == 2
    late = (clock() - timedelta(seconds=1)).isoformat()
    early = (clock() - timedelta(seconds=61)).isoformat()
    assert (await _series(site, Measure="subscribers", Event="e", To=early))["Series"][0]["Total"] == 1
    assert (await _series(site, Measure="subscribers", Event="e", From=late))["Series"][0]["Total"] == 2
    assert (await _series(site, Measure="visitors", Event="e"))["Series"][0]["Total"] == 3
