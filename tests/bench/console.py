"""What the marketers' page asks, over a list with a year of events, and what opening it costs those who send events."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench import client, fill, traffic
from tests.bench.account import Account, Wrong
from tests.bench.bench import Bench, Tested
from tests.bench.client import Load, Result
from tests.bench.report import Row, ratios
from tests.bench.traffic import Population, Visits

_FIRST = Population(visitors=1_000, addresses=200)
_YEAR = 365
_TIMES = 20
_RATE, _CONNECTIONS = 500.0, 64
_EXPLORE_EVERY = 2.0
"""Seconds between two people who open Explore."""


@dataclass(frozen=True)
class Question:
    """A command with its parameters, and how many ms its median should take at most, None where it is only told."""

    what: str
    command: str
    at_most: float | None
    parameters: Mapping[str, Any]


def questions(now: datetime) -> list[Question]:
    """All that is asked, of what there are commands for."""
    month = {"From": (now - timedelta(days=30)).isoformat(), "To": now.isoformat()}
    year = {"From": (now - timedelta(days=_YEAR)).isoformat(), "To": now.isoformat()}
    filters = [{"Property": "item", "Operator": "contains", "Value": "7"}]
    catalog, series = "website_events.catalog", "website_events.series"
    people = "subscribers.list"
    berlin = {"TimeZone": "Europe/Berlin"}
    return [
        Question("catalog", catalog, 20, berlin),
        Question("catalog of an event, with examples", catalog, None, {"Event": "search", "Examples": True}),
        Question("all events of a year by day", series, 50, {**year, **berlin, "Interval": "day"}),
        Question("an event of a month by hour", series, 50, {**month, "Interval": "hour", "Event": "page_view"}),
        Question("values of a month", "website_events.values", 800, {**month, "Property": "item"}),
        Question("numbers of a month", "website_events.values", 800, {**month, "Property": "price"}),
        Question("filtered counts of a month", series, 800, {**month, "Interval": "day", "Filters": filters}),
        Question("a month broken down", series, 800, {**month, "Interval": "day", "BreakDown": "in_stock"}),
        Question("first page of the list", "website_events.list", 50, {}),
        Question("a subscriber's history", "subscribers.get", 20, {"Email": traffic.address(7)}),
        Question("first page of the subscribers", people, 50, {}),
        Question("subscribers by the beginning of an address", people, 50, {"Search": traffic.address(7)[:10]}),
        Question("a subscriber by address", people, 50, {"Search": traffic.address(7)}),
    ]


EXPLORE = ("catalog", "all events of a year by day", "values of a month")
"""What opening that view asks."""


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    rows: list[Row] = []
    for place, events in enumerate(bench.choose((1_000_000, 10_000_000), (200_000,))):
        with bench.collector(f"console-{events}") as tested:
            _fill(bench, tested, events)
            asked = _offered(tested)
            rows += [_row(tested, question, events) for question in asked]
            if place == 0:
                rows += _beside(bench, tested, [question for question in asked if question.what in EXPLORE])
    return rows


def _fill(bench: Bench, tested: Tested, events: int) -> None:
    bench.arrive(tested, _FIRST)
    bench.visits(tested, 3_000, _CONNECTIONS)
    tested.account.check()
    began = time.monotonic()
    tested.population = Population(visitors=events // 10, addresses=events // 50)
    moment, database = time.time_ns() // 1_000_000, tested.live.db.name
    given = (tested.live.uri, database, _FIRST, tested.population, events, moment, _YEAR, True)
    bench.in_worker(fill.fill, *given).result()
    bench.tell(f"console: {events} events filled in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    fill.rebuild(tested.live.data_dir)
    bench.tell(f"console: counted in {time.monotonic() - began:.0f} s")
    tested.account = Account(tested.live.db)


def _offered(tested: Tested) -> list[Question]:
    with urlopen(f"{tested.site.url}/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    return [question for question in questions(datetime.now(UTC)) if f"/api/v1/{question.command}" in paths]


def _row(tested: Tested, question: Question, events: int) -> Row:
    """Asked a number of times; the first, which warms up, comes on top of it."""
    seconds = [_ask(tested, question) for _ in range(_TIMES + 1)][1:]
    return Row(f"{question.what}, {events:,} events", [1_000 * one for one in seconds], question.at_most, "ms")


def _ask(tested: Tested, question: Question) -> float:
    """Seconds that an answer takes.

    Raises:
        Wrong: it is none, or is not whole.
    """
    connection = http.client.HTTPConnection(urlsplit(tested.site.url).netloc, timeout=60)
    body = json.dumps({"APIKey": tested.site.key, "ListID": tested.site.list_id, **question.parameters})
    connection.connect()
    began = time.perf_counter()
    connection.request("POST", f"/api/v1/{question.command}", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = answer.read()
    taken = time.perf_counter() - began
    connection.close()
    if answer.status != 200 or not json.loads(found).get("Complete", True):
        raise Wrong(f"{question.what}: {answer.status} {found[:200]!r}")
    return taken


def _beside(bench: Bench, tested: Tested, explore: list[Question]) -> list[Row]:
    """500 events a second, while nobody looks and while somebody opens Explore every other second."""
    alone: list[Result] = []
    watched: list[Result] = []
    for number in bench.rounds:
        for results, meanwhile in ((alone, _nothing), (watched, lambda: [_ask(tested, one) for one in explore])):
            results.append(_sent(bench, tested, bench.choose(20, 8), meanwhile))
        bench.tell(f"console: round {number + 1}")
    before, before_late = _latencies(alone)
    during, during_late = _latencies(watched)
    return [
        Row("ingest at 500 events/s: p50 while Explore is opened, over without", ratios(during, before), 1.1),
        Row("... p99", ratios(during_late, before_late)),
        Row("... p50 without", before, unit="ms"),
        Row("... p99 without", before_late, unit="ms"),
    ]


def _latencies(results: list[Result]) -> tuple[list[float], list[float]]:
    """The median and the 99th percentile of each round, in ms."""
    middle, late = ([1_000 * result.percentile(share) for result in results] for share in (0.5, 0.99))
    return middle, late


def _nothing() -> None:
    pass


def _sent(bench: Bench, tested: Tested, seconds: int, meanwhile: Callable[[], object]) -> Result:
    stream = Visits(tested.population, bench.moment(), int(_RATE) * seconds)
    sending = bench.in_worker(client.run, Load(tested.site, stream, _CONNECTIONS, rate=_RATE))
    while not sending.done():
        began = time.monotonic()
        meanwhile()
        time.sleep(max(_EXPLORE_EVERY - (time.monotonic() - began), 0.0))
    return tested.account.add_all(sending.result(), stream.newcomers)
