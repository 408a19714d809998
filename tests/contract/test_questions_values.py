"""``website_events.values``: the values of one property."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.evaluation import Happened, stored
from tests.support.site import Site

PATH = "/api/v1/website_events.values"


async def _values(site: Site, clock: Clock, values: list[Any], **parameters: Any) -> dict[str, Any]:
    """What is told of the property ``p`` of events with these values."""
    site.db["events"].insert_many(stored([Happened("e", clock(), {"p": value}) for value in values], site.scope))
    given = {"APIKey": site.secret, "ListID": site.list_id, "Property": "p", **parameters}
    answer = await site.call(PATH, given)
    assert (answer.status, answer.body.get("Complete")) == (200, True), answer
    body: dict[str, Any] = answer.body
    return body


@pytest.mark.gen_test(timeout=60)
async def test_the_most_frequent_come_first_and_equal_ones_in_the_order_of_their_json(site: Site, clock: Clock) -> None:
    body = await _values(site, clock, ["b", "a", "c", "c", 1, 1.0, True, None, "1"])
    assert [row["Count"] for row in body["Values"]] == [2, 2, 1, 1, 1, 1, 1]
    assert [row["Value"] for row in body["Values"]][:2] == ["c", 1]
    assert [row["Value"] for row in body["Values"]][2:] == ["1", "a", "b", None, True]
    assert (body["Distinct"], body["Events"], body["Missing"]) == (7, 9, 0)


@pytest.mark.gen_test(timeout=60)
async def test_as_many_are_shown_as_are_asked_for(site: Site, clock: Clock) -> None:
    body = await _values(site, clock, [f"v{number:03}" for number in range(150)])
    assert (len(body["Values"]), body["Distinct"]) == (20, 150)
    for limit, shown in ((1, 1), ("100", 100)):
        site.db["events"].delete_many({})
        body = await _values(site, clock, [f"v{number:03}" for number in range(150)], Limit=limit)
        assert len(body["Values"]) == shown


@pytest.mark.parametrize(
    ("values", "least", "middle", "mean", "greatest", "bars"),
    [
        ([5], 5, 5, 5, 5, [(5, 6, 1)]),
        ([0], 0, 0, 0, 0, [(0, 1, 1)]),
        ([1, 2], 1, 1.5, 1.5, 2, [(1, 2, 1), (2, 3, 1)]),
        ([1, 1, 10], 1, 1, 4, 10, [(1, 2, 2), *((n, n + 1, 0) for n in range(2, 10)), (10, 11, 1)]),
        ([0, 100], 0, 50, 50, 100, [(0, 10, 1), *((n, n + 10, 0) for n in range(10, 100, 10)), (100, 110, 1)]),
        ([-3, 3], -3, 0, 0, 3, [(-3, -2, 1), *((n, n + 1, 0) for n in range(-2, 3)), (3, 4, 1)]),
        (
            [0.1, 0.3, 0.3],
            0.1,
            0.3,
            0.7 / 3,
            0.3,
            [(0.1, 0.12, 1), *((n / 100, (n + 2) / 100, 0) for n in range(12, 30, 2)), (0.3, 0.32, 2)],
        ),
        ([2**63 - 1, 2**63 - 3], 2**63 - 3, float(2**63), float(2**63), 2**63 - 1, [(2**63 - 3, 2**63 - 1, 2)]),
        ([5e-324], 5e-324, 5e-324, 5e-324, 5e-324, None),
        ([-1.7e308, 1.7e308], -1.7e308, 0, 0, 1.7e308, None),
        ([1.7e308, 1.7e308], 1.7e308, 1.7e308, None, 1.7e308, None),
    ],
    ids=str,
)
@pytest.mark.gen_test(timeout=60)
async def test_numbers_are_told_in_numbers(
    site: Site,
    clock: Clock,
    values: list[Any],
    least: Any,
    middle: Any,
    mean: Any,
    greatest: Any,
    bars: list[tuple[Any, Any, int]] | None,
) -> None:
    found = (await _values(site, clock, [*values, "12", True, None, [7]]))["Numbers"]
    assert (found["Count"], found["Min"], found["Max"]) == (len(values), least, greatest)
    assert found["Median"] == pytest.approx(middle)
    assert found["Mean"] == (None if mean is None else pytest.approx(mean))
    drawn = [(bar["From"], bar["To"], bar["Count"]) for bar in found["Histogram"]]
    if bars is not None:
        assert drawn == bars
    assert sum(count for *_, count in drawn) == len(values)
    assert all(low < high or low == least == greatest for low, high, _ in drawn)


@pytest.mark.gen_test(timeout=60)
async def test_without_numbers_there_are_none(site: Site, clock: Clock) -> None:
    assert (await _values(site, clock, ["1", True, None, [1], {"a": 1}]))["Numbers"] is None


@pytest.mark.gen_test(timeout=60)
async def test_objects_and_arrays_are_compared_whole_whatever_the_order_of_names(site: Site, clock: Clock) -> None:
    body = await _values(site, clock, [{"a": 1, "b": [1]}, {"b": [1.0], "a": 1.0}, [1, 2], [2, 1], {}])
    assert body["Distinct"] == 4
    assert body["Values"][0]["Count"] == 2
