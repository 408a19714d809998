"""Latencies at half the highest rate, counted from the moments at which requests were due."""

from __future__ import annotations

import statistics

from tests.bench.bench import Bench
from tests.bench.report import Row
from tests.bench.traffic import Population

CONNECTIONS = 128
POPULATION = Population(visitors=5_000, addresses=1_000)


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    count, seconds = bench.choose((10_000, 20), (4_000, 8))
    with bench.collector("latency") as tested:
        bench.arrive(tested, POPULATION)
        bench.visits(tested, count, CONNECTIONS)
        highest = [bench.visits(tested, count, CONNECTIONS).rate for _ in bench.rounds]
        rate = statistics.median(highest) / 2
        results = []
        for number in bench.rounds:
            results.append(bench.visits(tested, int(rate * seconds), CONNECTIONS, rate=rate))
            bench.tell(f"latency: round {number + 1}")
    middle, late = ([1000 * result.percentile(share) for result in results] for share in (0.5, 0.99))
    return [
        Row("p99 over p50 at half the highest rate", [one / other for one, other in zip(late, middle, strict=True)], 5),
        Row("p50", middle, unit="ms"),
        Row("p99", late, unit="ms"),
        Row("slowest", [1000 * result.latencies[-1] for result in results], unit="ms"),
        Row(f"the highest rate, {CONNECTIONS} connections", highest, unit="/s"),
    ]
