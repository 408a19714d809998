"""Questions about events, by hypothesis: whatever names and values are called, the answer is that of plain Python."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.model import list_scope
from tests.support import evaluation
from tests.support.evaluation import Happened, as_json, selected, stored
from tests.support.shop import Shop, open_shop

shop = pytest.fixture(scope="module")(open_shop)
EXAMPLES = settings(max_examples=70, suppress_health_check=list(HealthCheck))

START = datetime(2024, 3, 28, tzinfo=UTC)
END = START + timedelta(days=8)
"""Clocks change in Berlin on the 31st of March, on Lord Howe Island by half an hour on the 7th of April."""
NAMES = ["a", "", "a.b", "$where", "$$ROOT", "$", "ü", "$ref", "__proto__"]
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 1.0, -1, 0.1, 2**53, 2**63 - 1, -(2**63), 1e300),
    *("", "1", "true", "a", "A", "é", "É", "Hello", "hell", "$a", "$$ROOT", "ﬀ", "😀", "2024-01-01"),
    *([], [1], [1.0, "a"], [[]], [{"b": 2, "a": 1}], {}, {"a": 1}, {"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
    *({"$ref": "x", "$id": 1}, {"a": {"$ref": "y", "$id": [1]}}, {"$eq": 1}, {"": None}),
]
names, anything = st.sampled_from(NAMES), st.sampled_from(VALUES)
happened = st.builds(
    Happened,
    st.sampled_from(["page_view", "sale"]),
    st.integers(0, 8 * 86_400_000 - 1).map(lambda ms: START + timedelta(milliseconds=ms)),
    st.dictionaries(names, anything, max_size=4),
    st.sampled_from(["v1", "v2", "v3"]),
    st.sampled_from([None, None, "s1", "s2"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, False, True]),
)
filters = st.one_of(
    st.builds(
        lambda name, operator, value: {"Property": name, "Operator": operator, "Value": value},
        names,
        st.sampled_from(["equals", "is_not", "contains"]),
        anything,
    ),
    st.builds(
        lambda name, operator, value: {"Property": name, "Operator": operator, "Value": value},
        names,
        st.sampled_from(["greater", "less"]),
        st.sampled_from([0, 1, 0.1, -1, 2**53, "", "a", "é", "ﬀ"]),
    ),
    st.builds(
        lambda name, value: {"Property": name, "Operator": "one_of", "Value": value},
        names,
        st.lists(anything, min_size=1, max_size=3),
    ),
    st.builds(
        lambda name, operator: {"Property": name, "Operator": operator},
        names,
        st.sampled_from(["is_set", "is_not_set"]),
    ),
)
NEVER = {"Property": "never", "Operator": "is_not_set"}
"""Has the events be looked at where others have been counted already."""
questions = st.fixed_dictionaries(
    {"Filters": st.lists(filters, max_size=2).map(lambda found: [*found, NEVER])},
    optional={"Event": st.sampled_from(["page_view", "sale"]), "Bots": st.booleans()},
)


def _kept(shop: Shop, events: list[Happened]) -> None:
    """Makes these the events of the list, and no others."""
    scope = list_scope(shop.list_id)
    shop.db["events"].delete_many({"scope": scope})
    if events:
        shop.db["events"].insert_many(stored(events, scope))


def _answer(shop: Shop, command: str, asked: dict[str, Any]) -> Any:
    span = {"From": START.isoformat(), "To": END.isoformat()}
    answer = shop.json(f"/api/v1/{command}", {"APIKey": shop.secret, "ListID": shop.list_id, **span, **asked})
    assert answer.status == 200, answer
    assert answer.body["Complete"] is True
    return answer.body


@given(events=st.lists(happened, max_size=14), asked=questions)
@EXAMPLES
def test_a_list_has_the_events_that_are_asked_for_newest_first(
    shop: Shop, events: list[Happened], asked: dict[str, Any]
) -> None:
    _kept(shop, events)
    body = _answer(shop, "website_events.list", asked)
    rows = stored(events, list_scope(shop.list_id))
    meant = selected(events, {**asked, "From": START, "To": END}, automatic=True)
    ordered = sorted(((event.time, rows[events.index(event)]["_id"]) for event in meant), reverse=True)
    assert [event["Time"] for event in body["Events"]] == [
        time.isoformat(timespec="milliseconds").replace("+00:00", "Z") for time, _ in ordered
    ]
    assert sorted(repr(as_json(event["Properties"])) for event in body["Events"]) == sorted(
        repr(as_json(event.properties)) for event in meant
    )
    assert body["Scanned"] == len(events)
    assert body["Cursor"] is None


@given(events=st.lists(happened, max_size=14), asked=questions, name=names)
@EXAMPLES
def test_values_are_counted_as_they_are(shop: Shop, events: list[Happened], asked: dict[str, Any], name: str) -> None:
    _kept(shop, events)
    body = _answer(shop, "website_events.values", {**asked, "Property": name})
    expected = evaluation.values(selected(events, {**asked, "From": START, "To": END}), name)
    assert {key: body[key] for key in ("Events", "Missing", "Distinct")} == {
        key: expected[key] for key in ("Events", "Missing", "Distinct")
    }
    assert {as_json(row["Value"]): row["Count"] for row in body["Values"]} == expected["Counts"]
    assert [row["Count"] for row in body["Values"]] == sorted(expected["Counts"].values(), reverse=True)
    assert (body["Exact"], body["Scanned"]) == (True, len(events))
    _check_numbers(body["Numbers"], expected["Numbers"])


def _check_numbers(found: Any, expected: Any) -> None:
    if expected is None:
        assert found is None
        return
    count, least, middle, greatest = expected
    assert (found["Count"], found["Min"], found["Max"]) == (count, least, greatest)
    assert math.isclose(found["Median"], middle, rel_tol=1e-12)
    assert sum(bar["Count"] for bar in found["Histogram"]) == count
    assert found["Histogram"][0]["From"] <= least
    assert found["Histogram"][-1]["To"] >= greatest


@given(
    events=st.lists(happened, max_size=20),
    asked=questions,
    measure=st.sampled_from(["events", "visitors", "subscribers", "sum"]),
    interval=st.sampled_from(["hour", "day", "week"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
    by=st.none() | names,
    of=names,
)
@EXAMPLES
def test_series_are_those_of_the_zone(
    shop: Shop,
    events: list[Happened],
    asked: dict[str, Any],
    measure: str,
    interval: str,
    zone: str,
    by: str | None,
    of: str,
) -> None:
    _kept(shop, events)
    asked = {**asked, "Measure": measure, "Interval": interval, "TimeZone": zone, "BreakDown": by, "Property": of}
    body = _answer(shop, "website_events.series", asked)
    begins = evaluation.beginnings(START, END, interval, ZoneInfo(zone))
    assert body["Times"] == [begin.astimezone(ZoneInfo(zone)).isoformat() for begin in begins]
    meant = selected(events, {**asked, "From": START, "To": END})
    expected = evaluation.series(meant, begins, measure, of, by)
    if measure == "subscribers":  # a line of nobody is none
        expected = {key: line for key, line in expected.items() if line[0]}
    found = {
        None if by is None or "Missing" in row else as_json(row["Value"]): row
        for row in body["Series"]
        if "Other" not in row
    }
    if by is None:
        assert set(found) == {None}
        expected.setdefault(None, (0, [0] * len(begins)))
    assert len(found) == len(body["Series"]) - any("Other" in row for row in body["Series"])
    assert set(found) <= set(expected)
    assert len(expected) <= 11 or len(found) >= 10
    for key, row in found.items():
        total, counts = expected[key]
        assert row["Total"] == pytest.approx(total), key
        assert row["Counts"] == pytest.approx(counts), key
    assert body["Scanned"] == len(events)
