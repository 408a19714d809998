"""Charts of what has been counted in quarters of an hour already: the rest of their span is asked of the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.questions.buckets import edges
from collector.questions.charts import Chart, Charts
from collector.questions.lines import shown
from collector.storage.connection import Store
from collector.storage.questions.selection import Selection
from tests.support.evaluation import Happened, selected, series, stored

SCOPE = "l77"
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""Of the day on which clocks change in Berlin."""


@dataclass
class Counted:
    """What has been counted of events, by plain Python."""

    events: list[Happened]
    whole: bool = True
    asked: int = 0

    async def counts(self, scope: str, events: Sequence[str] | None, edges: Sequence[datetime], bots: bool) -> Found:
        self.asked += 1
        assert scope == SCOPE
        assert all(edge.timestamp() % 900 == 0 for edge in edges)
        assert list(edges) == sorted(set(edges))
        meant = selected(self.events, {"From": edges[0], "To": edges[-1], "Bots": bots})
        names = [None] if events is None else list(events)
        return Found({name: _numbers(meant, name, edges) for name in names}, self.whole)

    async def all_of(self, scope: str, event: str) -> bool:
        assert (scope, event) == (SCOPE, "one")
        return True


@dataclass
class Found:
    """What is told of it."""

    counts: Mapping[str | None, Sequence[int]]
    complete: bool


def _numbers(events: list[Happened], name: str | None, edges: Sequence[datetime]) -> list[int]:
    named = [event for event in events if name in (None, event.event)]
    return series(named, edges[:-1], "events").get(None, (0, [0] * (len(edges) - 1)))[1]


@pytest.fixture
def events(database: Any) -> list[Happened]:
    """One every seven minutes for four days, of two names, some of bots."""
    made = [
        Happened("one" if n % 3 else "two", NOON + timedelta(minutes=7 * n), bot=n % 5 == 0) for n in range(-412, 412)
    ]
    database["events"].delete_many({"scope": SCOPE})
    database["events"].insert_many(stored(made, SCOPE))
    return made


@pytest.mark.parametrize(
    ("before", "after", "times"),
    [
        (timedelta(0), timedelta(0), 1),
        (timedelta(minutes=7), timedelta(minutes=-1), 1),
        (timedelta(milliseconds=1), timedelta(milliseconds=1), 1),
        (timedelta(hours=23, minutes=59), timedelta(minutes=14), 1),
        (timedelta(days=1, hours=23, minutes=46), timedelta(minutes=-1), 0),  # not one whole quarter of an hour
    ],
)
@pytest.mark.parametrize(("event", "bots"), [(None, False), ("one", True)])
@pytest.mark.parametrize("interval", ["hour", "day", "week"])
@pytest.mark.gen_test(timeout=60)
async def test_whole_quarters_are_taken_as_counted_and_the_rest_from_the_events(
    store: Store,
    events: list[Happened],
    interval: Any,
    event: str | None,
    bots: bool,
    before: timedelta,
    after: timedelta,
    times: int,
) -> None:
    start, end = NOON - timedelta(days=2) + before, NOON + after
    selection = Selection(SCOPE, start, end, event, bots=bots)
    chart = Chart("events", tuple(edges(start, end, interval, ZoneInfo("Europe/Berlin"))))
    counted = Counted(events)
    lines, extent = await Charts(store.questions, counted, 10).draw(selection, chart)
    meant = selected(events, {"From": start, "To": end, "Event": event, "Bots": bots})
    places = len(chart.edges) - 1
    expected = series(meant, chart.edges[:-1], "events").get(None, (0, [0] * places))
    (row,) = shown(lines, places, broken_down=False)
    assert (row["Total"], row["Counts"]) == expected
    assert (extent.start, extent.complete) == (start, True)
    assert extent.scanned < 8
    assert counted.asked == times


@pytest.mark.gen_test(timeout=60)
async def test_what_is_not_all_counted_yet_is_asked_of_the_events(store: Store, events: list[Happened]) -> None:
    start, end = NOON - timedelta(days=1), NOON
    chart = Chart("events", tuple(edges(start, end, "day", ZoneInfo("UTC"))))
    lines, extent = await Charts(store.questions, Counted([], whole=False), 10).draw(
        Selection(SCOPE, start, end), chart
    )
    meant = selected(events, {"From": start, "To": end})
    assert shown(lines, 2, broken_down=False)[0]["Total"] == len(meant)
    assert extent.complete


@pytest.mark.gen_test(timeout=60)
async def test_what_comes_after_the_last_whole_quarter_is_there_first(store: Store, events: list[Happened]) -> None:
    """Where there is no time for more, the answer is that of the newest part."""
    start, end = NOON - timedelta(days=1), NOON + timedelta(minutes=14)
    chart = Chart("events", tuple(edges(start, end, "day", ZoneInfo("UTC"))))
    counted = Counted(events)
    lines, extent = await Charts(store.questions, counted, 0).draw(Selection(SCOPE, start, end), chart)
    assert (extent.complete, extent.start, counted.asked) == (False, end, 0)
    assert shown(lines, 2, broken_down=False)[0]["Total"] == 0
