"""Resident memory of a collector: at its start, after many events, and while MongoDB is away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from urllib.request import urlopen

from tests.bench import client, usage
from tests.bench.bench import Bench, Tested
from tests.bench.client import BATCH, Load, Result
from tests.bench.report import Row
from tests.bench.traffic import Population, Visits
from tests.support.books import totals
from tests.support.live import eventually

CONNECTIONS = 128
POPULATION = Population(visitors=5_000, addresses=1_000)
MOST = 150
_RATE = 1_000.0
_DRAIN_SECONDS = 300.0
_EVERY_SECONDS = 0.5
_PORTION = 50_000
"""Events of one stream: the client holds them all."""


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    events, seconds = bench.choose((1_000_000, 60), (_PORTION, 15))
    with bench.collector("memory") as tested:
        start = _resident(tested)
        bench.arrive(tested, POPULATION)
        after = []
        for number in range(events // _PORTION):
            bench.visits(tested, _PORTION, 4, path=BATCH, batch=100)
            after.append(_resident(tested))
            bench.tell(f"memory: {(number + 1) * _PORTION} events")
        away, result = _without_mongodb(bench, tested, seconds)
    share = len(result.acknowledged) / max(len(result.acknowledged) + len(result.refused), 1)
    return [
        Row("at start", [start], MOST, "MiB"),
        Row(f"after {events} events", after[-1:], MOST, "MiB"),
        Row("meanwhile", after, unit="MiB"),
        Row(f"at most, with MongoDB away for {seconds} s under load", [max(away)], MOST, "MiB"),
        Row("... of that load acknowledged", [share]),
        Row("... requests answered", [result.statuses.total() / result.seconds], unit="/s"),
    ]


def _without_mongodb(bench: Bench, tested: Tested, seconds: int) -> tuple[list[float], Result]:
    """Memory while MongoDB stands still, and what became of the load."""
    stream = Visits(tested.population, bench.moment(), int(_RATE * seconds))
    load = Load(tested.site, stream, CONNECTIONS, rate=_RATE, seconds=seconds)
    with _stopped(tested.mongod):
        sending = bench.in_worker(client.run, load)
        found = list(_watched(tested, sending))
        sent = sending.result()
        whole = len(sent.acknowledged) == int(_RATE * seconds)  # the time may be over before the last is sent
        result = tested.account.add(sent, stream.newcomers, whole)
    eventually(lambda: not _spooled(tested), _DRAIN_SECONDS)
    return [*found, _resident(tested)], result


def _spooled(tested: Tested) -> float:
    """Events that wait in the spool."""
    with urlopen(f"{tested.live.url}/metrics", timeout=10) as answer:
        return totals(answer.read().decode())["footfall_spool_events"]


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _watched(tested: Tested, sending: Future[Result]) -> Iterator[float]:
    while wait([sending], _EVERY_SECONDS).not_done:
        yield _resident(tested)


def _resident(tested: Tested) -> float:
    """That of the largest of its processes, in MiB."""
    return max(usage.resident(pid) for pid in tested.collectors)
