"""CPU of an event that comes alone, over a bare Tornado server that parses the same JSON and answers the same bytes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.request import urlopen

from tests.bench import usage
from tests.bench.account import Wrong
from tests.bench.bench import Bench, Tested
from tests.bench.client import SINGLE, Load, Result, Site
from tests.bench.report import Row, ratios
from tests.bench.traffic import Population, Visits
from tests.support.live import answers, environment, eventually, free_port
from tests.support.wire import Reply, post

CONNECTIONS = (128, 32, 512)
POPULATION = Population(visitors=5_000, addresses=1_000)
_MADE_BY_TORNADO = frozenset({"date", "content-length"})
_CHANGING = frozenset({"date", "x-ratelimit-remaining", "x-ratelimit-reset"})


@dataclass(frozen=True)
class _Target:
    name: str
    site: Site
    path: str
    processes: tuple[int, ...]


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    with bench.collector("single") as tested, _bare(tested) as bare:
        bench.arrive(tested, POPULATION)
        _check_same(tested, bare)
        targets = [
            _Target("bare", bare.site, SINGLE, bare.processes),
            _Target("lean", bare.site, "/lean", bare.processes),
            _Target("collector", tested.site, SINGLE, tested.collectors),
        ]
        for target in targets:
            _round(bench, tested, target, 128)
        results: dict[tuple[str, int], list[Result]] = defaultdict(list)
        flushes = _flushes(tested)
        for number in bench.rounds:
            for connections in CONNECTIONS:
                for target in targets:
                    results[target.name, connections].append(_round(bench, tested, target, connections))
            bench.tell(f"single: round {number + 1}")
        gathered = [after - before for before, after in zip(flushes, _flushes(tested), strict=True)]
    return [*_rows(results), Row("events stored together, all rounds", [gathered[0] / gathered[1]])]


def _round(bench: Bench, tested: Tested, target: _Target, connections: int) -> Result:
    stream = Visits(POPULATION, bench.moment(), bench.choose(8_000, 3_000))
    load = Load(target.site, stream, connections, path=target.path, watched=target.processes)
    result = bench.send(load)
    if target.name == "collector":
        return tested.account.add_all(result, stream.newcomers)
    if result.refused:
        raise Wrong(f"the bare server has answered {dict(result.statuses)}")
    return result


def _rows(results: dict[tuple[str, int], list[Result]]) -> list[Row]:
    rows = []
    for connections in CONNECTIONS:
        cpu = {
            name: [1e6 * result.cpu_per_event for result in results[name, connections]]
            for name in ("bare", "lean", "collector")
        }
        goal = 1.8 if connections == CONNECTIONS[0] else None
        on = f"{connections} connections"
        rows.append(Row(f"CPU per event over bare Tornado, {on}", ratios(cpu["collector"], cpu["bare"]), goal))
        rows.append(Row(f"... over one that sends no headers, {on}", ratios(cpu["collector"], cpu["lean"])))
        rows += [Row(f"{name}, {on}", cpu[name], unit="µs CPU per event") for name in ("collector", "bare")]
        rows.append(Row(f"collector, {on}", [result.rate for result in results["collector", connections]], unit="/s"))
    return rows


@contextlib.contextmanager
def _bare(tested: Tested) -> Iterator[_Target]:
    """A bare server with the headers that the collector sends, on the event loop that the collector uses."""
    headers = {name: value for name, value in _one(tested.site).headers.items() if name.lower() not in _MADE_BY_TORNADO}
    port = free_port()
    uvloop = ["--uvloop"] if usage.uses_uvloop(tested.live.process.pid) else []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare", str(port), json.dumps(headers), *uvloop], env=environment()
    )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: process.poll() is not None or answers(f"{url}/healthz"))
        with urlopen(f"{url}/healthz", timeout=5):
            yield _Target("bare", replace(tested.site, url=url), SINGLE, (process.pid,))
    finally:
        process.terminate()
        process.wait()


def _check_same(tested: Tested, bare: _Target) -> None:
    """The two answer the same bytes, but for what tells of time."""
    one, other = _one(tested.site), _one(bare.site)
    if (one.status, one.body, _lasting(one)) != (other.status, other.body, _lasting(other)):
        raise Wrong(f"the bare server answers other bytes: {one} {_lasting(one)}, {other} {_lasting(other)}")


def _one(site: Site) -> Reply:
    given = {"APIKey": site.key, "ListID": site.list_id, "UUID": "v", "Event": "page_view"}
    return post(site.url + SINGLE, given | {"Properties": {"isTest": True}})


def _lasting(reply: Reply) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in reply.headers.items() if name.lower() not in _CHANGING)


def _flushes(tested: Tested) -> list[float]:
    """How many events were stored so far, and in how many groups."""
    with urlopen(f"{tested.live.url}/metrics", timeout=5) as page:
        values = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if line[:1] != "#")
    return [float(values[f"footfall_flush_events_{name}"]) for name in ("sum", "count")]
