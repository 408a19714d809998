"""CPU of an event, and the latency of ``website_events.properties``, with many stored events over few.

Two collectors, each with a mongod of its own, as two sites would have them, so that what each mongod takes can be told
apart. A round ends with a checkpoint, so that what its events leave for mongod to do later counts too.
"""

from __future__ import annotations

import http.client
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.bench import fill, usage
from tests.bench.account import Account, Wrong
from tests.bench.bench import Bench, Tested
from tests.bench.report import Row, ratios
from tests.bench.traffic import Population

CONNECTIONS = 128
_QUERIES = 100
_FIRST = Population(visitors=1_000, addresses=200)
"""Who visits before the database is filled, so that there is something to copy."""


@dataclass
class _Site:
    """A site of some size, and what it was measured to take: µs of CPU an event by whose, ms of a query."""

    tested: Tested
    events: int
    cpu: dict[str, list[float]] = field(default_factory=lambda: {"collector": [], "mongod": [], "checkpoint": []})
    queries: list[float] = field(default_factory=list)

    @property
    def together(self) -> list[float]:
        """CPU of an event in all, by round."""
        return [sum(parts) for parts in zip(*self.cpu.values(), strict=True)]


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    with ExitStack() as stack:
        few = _site(bench, stack, "few", 10_000)
        many = _site(bench, stack, "many", bench.choose(10_000_000, 200_000))
        for number in range(-1, len(bench.rounds)):  # the first warms up
            for site in (few, many):
                _round(bench, site, measured=number >= 0)
            bench.tell(f"growth: round {number + 1}")
    return _rows(few, many)


def _site(bench: Bench, stack: ExitStack, name: str, events: int) -> _Site:
    tested = stack.enter_context(bench.collector(name))
    bench.arrive(tested, _FIRST)
    bench.visits(tested, 3_000, CONNECTIONS)
    tested.account.check()
    began = time.monotonic()
    tested.population = Population(visitors=events // 10, addresses=events // 50)
    moment, database = time.time_ns() // 1_000_000, tested.live.db.name
    bench.in_worker(fill.fill, tested.live.uri, database, _FIRST, tested.population, events, moment).result()
    bench.tell(f"growth: {events} events filled in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    fill.rebuild(tested.live.data_dir)
    bench.tell(f"growth: catalog rebuilt in {time.monotonic() - began:.0f} s")
    tested.account = Account(tested.live.db)
    return _Site(tested, events)


def _round(bench: Bench, site: _Site, measured: bool) -> None:
    tested = site.tested
    stream = bench.choose(20_000, 4_000)
    result = bench.visits(tested, stream, CONNECTIONS, beside=(tested.mongod,))
    before = usage.cpu([tested.mongod])
    tested.live.db.client.admin.command("fsync")
    after = usage.cpu([tested.mongod])
    queries = [_query(tested) for _ in range(_QUERIES)]
    if measured:
        mongod = result.cpu.pop(tested.mongod)
        for whose, seconds in (
            ("collector", sum(result.cpu.values())),
            ("mongod", mongod),
            ("checkpoint", after - before),
        ):
            site.cpu[whose].append(1e6 * seconds / len(result.acknowledged))
        site.queries += queries


def _query(tested: Tested) -> float:
    """Milliseconds of one request for the properties of the list."""
    connection = http.client.HTTPConnection(urlsplit(tested.site.url).netloc, timeout=30)
    path = f"/api/v1/website_events.properties?ListID={tested.site.list_id}"
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {tested.site.key}"})
    answer = connection.getresponse()
    body = answer.read()
    taken = 1000 * (time.perf_counter() - began)
    connection.close()
    if answer.status != 200 or b'"page_view"' not in body:
        raise Wrong(f"website_events.properties answers {answer.status}")
    return taken


def _rows(few: _Site, many: _Site) -> list[Row]:
    rows = [Row(f"CPU per event, {many.events:,} stored over {few.events:,}", ratios(many.together, few.together), 1.1)]
    for whose in few.cpu:
        rows.append(Row(f"... {whose} alone", ratios(many.cpu[whose], few.cpu[whose])))
    for site in (few, many):
        for whose, values in site.cpu.items():
            rows.append(Row(f"{site.events:,} events: {whose}", values, unit="µs CPU per event"))
    rows.append(Row(f"website_events.properties at {many.events:,} events", many.queries, 5, "ms"))
    rows.append(Row(f"website_events.properties at {few.events:,} events", few.queries, unit="ms"))
    return rows
