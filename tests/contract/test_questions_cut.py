"""Questions that take longer than they may: the answer says so, and is the truth about the span that it names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from collector.config import Settings
from collector.questions import lines
from collector.storage.questions.reading import Cut
from tests.support import evaluation
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.evaluation import Happened, as_json, moment, selected, stored
from tests.support.site import Site

DAYS = 30
VALUES = "/api/v1/website_events.values"
SERIES = "/api/v1/website_events.series"
LIST = "/api/v1/website_events.list"
LOOK = [{"Property": "never", "Operator": "is_not_set"}]


def _fill(site: Site, clock: Clock) -> list[Happened]:
    """An event every other hour for thirty days."""
    events = [
        Happened("e", clock() - timedelta(hours=2 * n, seconds=1), {"n": n, "p": n % 7}, f"v{n % 5}")
        for n in range(DAYS * 12)
    ]
    site.db["events"].insert_many(stored(events, site.scope))
    return events


def _cut_at(n: int, operation: str) -> Callable[[str], Awaitable[None]]:
    """Has the time be up at the ``n``-th operation."""
    left = n

    async def before(name: str) -> None:
        nonlocal left
        left -= name == f"questions.{operation}"
        if left <= 0:
            raise Cut

    return before


def _given(site: Site, **parameters: Any) -> dict[str, Any]:
    return {"APIKey": site.secret, "ListID": site.list_id, "Filters": LOOK, **parameters}


OPERATION = pytest.mark.parametrize("operation", ["each", "looked_at"])


@OPERATION
@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.gen_test(timeout=60)
async def test_values_that_are_cut_are_those_of_the_newest_part(
    site: Site, clock: Clock, n: int, operation: str
) -> None:
    events = _fill(site, clock)
    async with collecting(site, clock, _cut_at(n, operation), more=("questions",)) as hasty:
        answer = await hasty.call(VALUES, _given(site, Property="p", Limit=100))
    assert answer.status == 200
    body = answer.body
    assert body["Complete"] is False
    start, end = moment(body["From"]), moment(body["To"])
    assert clock() - timedelta(days=DAYS) < start <= end
    assert (start == end) == (n == 1)
    meant = selected(events, {"From": start, "To": end})
    expected = evaluation.values(meant, "p")
    assert {as_json(row["Value"]): row["Count"] for row in body["Values"]} == expected["Counts"]
    assert (body["Events"], body["Scanned"]) == (len(meant), len(meant))


@OPERATION
@pytest.mark.parametrize("measure", ["events", "visitors", "subscribers", "sum"])
@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.gen_test(timeout=60)
async def test_series_that_are_cut_are_those_of_the_newest_part(
    site: Site, clock: Clock, n: int, measure: str, operation: str
) -> None:
    events = _fill(site, clock)
    async with collecting(site, clock, _cut_at(n, operation), more=("questions",)) as hasty:
        answer = await hasty.call(SERIES, _given(site, Measure=measure, Property="n", Interval="hour"))
    assert answer.status == 200
    body = answer.body
    assert body["Complete"] is False
    start, end = moment(body["From"]), moment(body["To"])
    assert (start == end) == (n == 1)
    begins = [moment(time) for time in body["Times"]]
    assert begins[0] <= start
    meant = selected(events, {"From": start, "To": end})
    empty = (0, [0] * len(begins))
    total, counts = evaluation.series(meant, begins, measure, "n").get(None, empty)
    assert body["Series"] == [{"Value": None, "Total": total, "Counts": counts}]
    assert body["Scanned"] == len(meant)


@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.parametrize("operation", ["newest", "looked_at"])
@pytest.mark.gen_test(timeout=60)
async def test_a_list_that_is_cut_goes_on_where_it_was(site: Site, clock: Clock, n: int, operation: str) -> None:
    events = _fill(site, clock)
    rare = [{"Property": "n", "Operator": "one_of", "Value": [3, 100, 300, 355]}]
    found: list[int] = []
    async with collecting(site, clock, _cut_at(n, operation), more=("questions",)) as hasty:
        answer = await hasty.call(LIST, _given(site, Filters=rare))
    assert (answer.status, answer.body["Complete"]) == (200, False)
    found += [event["Properties"]["n"] for event in answer.body["Events"]]
    rest = await site.call(LIST, _given(site, Filters=rare, Cursor=answer.body["Cursor"]))
    assert rest.body["Complete"] is True
    found += [event["Properties"]["n"] for event in rest.body["Events"]]
    assert found == [3, 100, 300, 355]
    assert answer.body["Scanned"] + rest.body["Scanned"] == len(events)


@pytest.mark.gen_test(timeout=60)
async def test_a_list_that_is_cut_among_events_of_one_moment_loses_none(site: Site, clock: Clock) -> None:
    events = [Happened("e", clock(), {"n": n}) for n in range(20)]
    site.db["events"].insert_many(stored(events, site.scope))
    first = await site.call(LIST, _given(site, Limit=5))
    async with collecting(site, clock, _cut_at(1, "behind"), more=("questions",)) as hasty:
        cut = await hasty.call(LIST, _given(site, Cursor=first.body["Cursor"]))
    assert (cut.body["Events"], cut.body["Complete"]) == ([], False)
    rest = await site.call(LIST, _given(site, Cursor=cut.body["Cursor"]))
    shown = [event["Properties"]["n"] for event in first.body["Events"] + rest.body["Events"]]
    assert shown == list(reversed(range(20)))


@pytest.mark.gen_test(timeout=120)
async def test_the_limit_holds_on_the_server(site: Site, clock: Clock) -> None:
    """A question of much more work than it has time for."""
    text = "x" * 3_000
    events = [Happened("e", clock() - timedelta(milliseconds=n), {"t": text}) for n in range(10_000)]
    site.db["events"].insert_many(stored(events, site.scope), ordered=False)
    slow = [{"Property": "t", "Operator": "contains", "Value": f"{n}y"} for n in range(20)]
    given = _given(site, Property="t", Filters=[{"Property": "never", "Operator": "is_not_set"}, *slow[:19]])
    async with collecting(site, clock, settings=Settings(spool_mb=0, question_seconds=0.01)) as hasty:
        answer = await hasty.call(VALUES, given)
    assert (answer.status, answer.body["Complete"], answer.body["Scanned"]) == (200, False, 0)
    assert answer.body["From"] == answer.body["To"]


@pytest.mark.gen_test(timeout=60)
async def test_more_people_than_have_room_end_a_series(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last slices are made smaller first, so that it reaches as far as it can."""
    monkeypatch.setattr(lines, "MOST_HEADS", 20)
    events = [Happened("e", clock() - timedelta(hours=n, seconds=1), uuid=f"v{n}") for n in range(100)]
    site.db["events"].insert_many(stored(events, site.scope))
    body = (await site.call(SERIES, _given(site, Measure="visitors", Interval="hour"))).body
    assert body["Complete"] is False
    assert body["Series"][0]["Total"] == len(selected(events, {"From": moment(body["From"]), "To": clock()}))
    assert 15 <= body["Series"][0]["Total"] <= 20
