"""What questions about events take, and what they say is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.errors import Fault
from tests.support.live import Live
from tests.support.shop import Shop, open_shop
from tests.support.site import Site

shop = pytest.fixture(scope="module")(open_shop)

COMMANDS = ("website_events.list", "website_events.values", "website_events.series")
EACH = pytest.mark.parametrize("command", COMMANDS)
DEEP: Any = 1
for _ in range(33):
    DEEP = [DEEP]
NO_ORDER: list[Any] = [None, True, [1], {"$gt": 1}]
NO_ALTERNATIVES: list[Any] = [None, "a", [], {}, [1] * 101]
NOT_STORABLE: list[Any] = [2**63, -(2**63) - 1, {"a\0": 1}, DEEP, "v" * 65_536, {"n" * 256: 1}]
SET = {"Property": "a", "Operator": "is_set"}


def _ask(shop: Shop, command: str, **parameters: Any) -> Any:
    given = {"APIKey": shop.secret, "ListID": shop.list_id, **parameters}
    if command == "website_events.values":
        given = {"Property": "a", **given}
    return shop.json(f"/api/v1/{command}", given)


def _errors(answer: Any) -> list[tuple[int, str]]:
    assert answer.status == 422, answer
    return [(error["Code"], error["Message"]) for error in answer.body["Errors"]]


WRONG: list[tuple[str, list[Any], Fault]] = [
    ("ListID", [0, -1, 1.5, True, "x", "1 ", []], Fault.INVALID_LIST_QUERY),
    ("ListID", [2**62, "99999999999999999999"], Fault.LIST_NOT_FOUND),
    ("Event", [5, "e" * 201, "a\nb", ["e"], {"$ne": ""}], Fault.INVALID_EVENT),
    (
        "Filters",
        [
            *(5, "x", "{}", "null", "[", "[1]", '[{"Property":"a"}]', {}, [1], [[]], [{}], "[NaN]", "[" * 2_000),
            *([{"Operator": "is_set"}], [{"Property": "a"}], [{**SET, "Property": None}], [{**SET, "Property": 5}]),
            *([{**SET, "Property": "n" * 256}], [{**SET, "Property": "a\0"}], [{**SET, "More": 1}], [SET] * 21),
            *([{**SET, "Operator": "$where"}], [{**SET, "Operator": "Equals"}], [{**SET, "Operator": ["equals"]}]),
            *([{**SET, "Operator": operator}] for operator in ("equals", "is_not", "contains", "less", "one_of")),
            *([{**SET, "Operator": "less", "Value": value}] for value in NO_ORDER),
            *([{**SET, "Operator": "one_of", "Value": value}] for value in NO_ALTERNATIVES),
            *([{**SET, "Operator": "equals", "Value": value}] for value in NOT_STORABLE),
        ],
        Fault.INVALID_FILTERS,
    ),
    (
        "TimeZone",
        [5, "x", "Europe", "../UTC", "/etc/passwd", "utc", "right/UTC", "a\0b", "Z" * 101, ["UTC"]],
        Fault.INVALID_TIME_ZONE,
    ),
    ("From", ["x", [], {}, True, "2024", "9" * 30], Fault.INVALID_SPAN),
    ("To", ["x", [], {}, True, "2024-13-01", 1e300], Fault.INVALID_SPAN),
]
OF_ONE: list[tuple[str, str, list[Any], Fault]] = [
    ("website_events.values", "Property", [5, "n" * 256, "a\0", ["a"], True], Fault.INVALID_PROPERTY),
    ("website_events.values", "Limit", [0, -1, 101, "101", "x", 1.5, True, 2**64], Fault.INVALID_LIMIT),
    ("website_events.list", "Limit", [0, 201, "201", "x", 1.5, [50]], Fault.INVALID_LIMIT),
    ("website_events.list", "Cursor", [5, "x", "AAAA", "é", "A" * 1_001, "=" * 10], Fault.INVALID_CURSOR),
    ("website_events.list", "Format", ["CSV", "xml", 5, ["csv"]], Fault.INVALID_FORMAT),
    ("website_events.series", "BreakDown", [5, "n" * 256, "a\0", ["a"]], Fault.INVALID_PROPERTY),
    ("website_events.series", "Property", [5, "n" * 256, "a\0"], Fault.INVALID_PROPERTY),
    ("website_events.series", "Measure", ["people", "Events", 5, ["sum"]], Fault.INVALID_MEASURE),
    ("website_events.series", "Interval", ["minute", "Day", 5, ["day"]], Fault.INVALID_INTERVAL),
]


@EACH
@pytest.mark.parametrize(("name", "values", "fault"), WRONG, ids=lambda value: str(value)[:20])
def test_what_is_wrong_is_said(shop: Shop, command: str, name: str, values: list[Any], fault: Fault) -> None:
    for value in values:
        answer = _ask(shop, command, **{name: value})
        assert _errors(answer) == [(fault.code, fault.message)], value


@pytest.mark.parametrize(("command", "name", "values", "fault"), OF_ONE, ids=lambda value: str(value)[:30])
def test_what_is_wrong_with_parameters_of_one_is_said(
    shop: Shop, command: str, name: str, values: list[Any], fault: Fault
) -> None:
    for value in values:
        answer = _ask(shop, command, **{name: value})
        assert _errors(answer) == [(fault.code, fault.message)], value


def test_all_that_is_wrong_is_said_at_once(shop: Shop) -> None:
    wrong = {"ListID": "x", "Event": 5, "Filters": 5, "TimeZone": "x", "From": "x", "Limit": 0, "Interval": "x"}
    codes = {
        command: [code for code, _ in _errors(_ask(shop, command, **wrong, Property=5, Measure="x"))]
        for command in COMMANDS
    }
    assert codes == {
        "website_events.list": [2, 14, 20, 23, 24, 25],
        "website_events.values": [2, 14, 19, 20, 23, 24, 25],
        "website_events.series": [2, 14, 19, 20, 21, 22, 23, 24],
    }


def _nested(levels: int, kind: str) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if kind == "array" or (kind == "both" and level % 2) else {"n" * 200: value, "$": level}
    return value


@EACH
@pytest.mark.parametrize("kind", ["array", "object", "both"])
@pytest.mark.parametrize("levels", [1, 8, 9, 31])
def test_a_value_may_nest_as_deep_as_those_of_events(shop: Shop, command: str, kind: str, levels: int) -> None:
    value, event = _nested(levels, kind), f"{command} {kind} {levels}"
    assert shop.track(event, Properties={"a": value}).status == 200
    for operator, given, many in (("equals", value, 1), ("one_of", [0, value], 1), ("is_not", value, 0)):
        filters = [{"Property": "a", "Operator": operator, "Value": given}]
        body = _ask(shop, command, Event=event, Filters=filters).body
        found = len(body["Events"]) if command.endswith("list") else None
        found = body["Events"] if command.endswith("values") else found
        assert (body["Series"][0]["Total"] if found is None else found) == many, operator


@EACH
def test_filters_are_as_much_as_a_pipeline_can_be(shop: Shop, command: str) -> None:
    deep = [_nested(8, "object") for _ in range(100)]  # of 17 values each
    for count, status in ((1, 200), (2, 422)):
        filters = [{"Property": "n" * 255, "Operator": "one_of", "Value": deep}] * count
        assert _ask(shop, command, Filters=filters).status == status
    flat = {"Property": "n" * 255, "Operator": "equals", "Value": {f"{n}": n for n in range(2_499)}}
    assert _ask(shop, command, Filters=[flat]).status == 200
    assert _errors(_ask(shop, command, Filters=[flat, {**SET, "Operator": "equals", "Value": 1}]))[0][0] == 20


@EACH
def test_a_span_must_have_a_length(shop: Shop, command: str) -> None:
    for start, end in (("2024-01-01", "2024-01-01"), ("2024-01-02", "2024-01-01"), ("9999-12-31T23:59:59Z", None)):
        assert _errors(_ask(shop, command, From=start, To=end))[0][0] == 24, (start, end)
    assert _ask(shop, command, From="2024-01-01T00:00:00.000Z", To="2024-01-01T00:00:00.001Z").status == 200


@pytest.mark.parametrize(
    ("interval", "fits", "does_not"),
    [
        ("hour", "2024-07-27T08:00:00Z", "2024-07-27T08:00:00.001Z"),
        ("day", "2037-09-09", "2037-09-09T00:00:00.001Z"),
    ],
)
def test_there_are_at_most_5000_intervals(shop: Shop, interval: str, fits: str, does_not: str) -> None:
    command = "website_events.series"
    body = _ask(shop, command, Interval=interval, From="2024-01-01", To=fits).body
    assert len(body["Times"]) == 5_000
    assert _errors(_ask(shop, command, Interval=interval, From="2024-01-01", To=does_not))[0][0] == 21


@EACH
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_ends_of_the_calendar_are_no_fault_of_ours(shop: Shop, command: str, zone: str) -> None:
    for start, end in (
        ("0001-01-01", "0001-01-02"),
        ("9999-12-30", "9999-12-31T23:59:59.999Z"),
        ("0001-01-01", "9999-12-31"),
    ):
        assert _ask(shop, command, From=start, To=end, TimeZone=zone, Interval="week").status in (200, 422)
    assert _ask(shop, command, To="0001-01-02", TimeZone=zone).status in (200, 422)


@pytest.mark.parametrize(("measure", "codes"), [("sum", [18]), ("events", []), (None, [])])
def test_a_sum_needs_a_property(shop: Shop, measure: str | None, codes: list[int]) -> None:
    answer = _ask(shop, "website_events.series", Measure=measure)
    assert (answer.status, [error["Code"] for error in answer.body.get("Errors", ())]) == (422 if codes else 200, codes)


@pytest.mark.parametrize(("given", "codes"), [({}, [18]), ({"Property": None}, [18]), ({"Property": ""}, [])], ids=str)
def test_values_need_a_property_which_may_be_called_nothing(
    shop: Shop, given: dict[str, Any], codes: list[int]
) -> None:
    answer = shop.json("/api/v1/website_events.values", {"APIKey": shop.secret, "ListID": shop.list_id, **given})
    assert (answer.status, [error["Code"] for error in answer.body.get("Errors", ())]) == (422 if codes else 200, codes)


@EACH
def test_the_list_of_another_does_not_exist(shop: Shop, command: str) -> None:
    assert _errors(_ask(shop, command, ListID=shop.foreign)) == [(3, "List not found")]


@EACH
def test_who_may_only_track_may_not_ask(shop: Shop, command: str) -> None:
    for key in (shop.tracker, shop.public):
        answer = _ask(shop, command, APIKey=key)
        assert (answer.status, answer.codes) == (403, [99999])
    assert _ask(shop, command, APIKey=shop.reader).status == 200


@EACH
def test_all_may_be_asked_by_a_query_and_by_a_form(shop: Shop, live: Live, command: str) -> None:
    empty = shop.with_new_list(live)
    empty.track("e", Properties={"a": "x", "": 1})
    empty.track("e", Properties={"a": "y", "": 1})
    wanted = json.dumps([{"Property": "a", "Operator": "equals", "Value": "x"}, {"Property": "", "Operator": "is_set"}])
    given = {"listid": empty.list_id, "FILTERS": wanted, "property": "a", "bots": "true", "Event": "e"}
    query = urlencode({**given, "APIKey": shop.secret, "Interval": "hour"})
    answers = [
        shop.send("GET", f"/api/v1/{command}?{query}"),
        shop.form(f"/api/v1/{command}", query),
        shop.send("GET", f"/api.php?Command={command.upper()}&{query}"),
        _ask(empty, command, Filters=json.loads(wanted), Event="e"),
    ]
    assert [answer.status for answer in answers] == [200] * 4, answers
    told: dict[str, Callable[[Any], int]] = {
        "website_events.list": lambda body: len(body["Events"]),
        "website_events.values": lambda body: body["Events"],
        "website_events.series": lambda body: body["Series"][0]["Total"],
    }
    assert [told[command](answer.body) for answer in answers] == [1] * 4


@pytest.mark.gen_test(timeout=60)
async def test_questions_have_the_limit_of_queries(site: Site) -> None:
    statuses = []
    for turn in range(101):
        given = {"APIKey": site.secret, "ListID": site.list_id, "Property": "a"}
        answer = await site.call(f"/api/v1/{COMMANDS[turn % 3]}", given)
        statuses.append(answer.status)
    assert statuses == [200] * 100 + [429]
    assert int(answer.headers["Retry-After"]) >= 1
