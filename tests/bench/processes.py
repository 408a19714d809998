"""CPU of an event with two processes, over one."""

from __future__ import annotations

from tests.bench.bench import Bench, Tested
from tests.bench.report import Row, ratios
from tests.bench.traffic import Population

CONNECTIONS = 128
POPULATION = Population(visitors=5_000, addresses=1_000)


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    count = bench.choose(8_000, 3_000)
    with (
        bench.collector("one", "--processes", "1") as one,
        bench.collector("two", "--processes", "2") as two,
    ):
        for tested in (one, two):
            bench.arrive(tested, POPULATION)
        cpu: dict[int, list[float]] = {1: [], 2: []}
        rate: dict[int, list[float]] = {1: [], 2: []}
        for number in range(-1, len(bench.rounds)):  # the first warms up
            for processes, tested in ((1, one), (2, two)):
                result = bench.visits(tested, count, CONNECTIONS)
                if number >= 0:
                    cpu[processes].append(1e6 * result.cpu_per_event)
                    rate[processes].append(result.rate)
            bench.tell(f"processes: round {number + 1}")
        running = _busy(bench, two, count)
    return [
        Row("CPU per event, 2 processes over 1", ratios(cpu[2], cpu[1]), 1.1),
        *(Row(f"{processes} processes", cpu[processes], unit="µs CPU per event") for processes in cpu),
        *(Row(f"{processes} processes", rate[processes], unit="/s") for processes in rate),
        Row("share of the busiest of 2", running),
    ]


def _busy(bench: Bench, tested: Tested, count: int) -> list[float]:
    """How evenly the two are used."""
    result = bench.visits(tested, count, CONNECTIONS)
    return [max(result.cpu.values()) / sum(result.cpu.values())]
