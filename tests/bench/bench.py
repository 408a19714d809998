"""What every part works with: collectors, a client in a process of its own, and how much is to be done."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from collector.embedded.state import load_state
from tests.bench import client, usage
from tests.bench.account import Account
from tests.bench.client import Load, Result, Site
from tests.bench.traffic import Arrivals, Population, Visits
from tests.support.live import Live, running

NO_LIMIT = "1000000000"
_LOGGED = 3_000
"""Characters of a log that are worth showing."""
T = TypeVar("T")


@dataclass
class Tested:
    """A collector under measurement, who visits it, and what its database must hold."""

    live: Live
    account: Account
    population: Population = Population(0, 0)

    @property
    def site(self) -> Site:
        """Where events go."""
        return Site(self.live.url, self.live.demo["secret_key"], self.live.demo["list_id"])

    @property
    def collectors(self) -> tuple[int, ...]:
        """Its processes, without mongod."""
        return usage.collectors(self.live.process.pid)

    @property
    def mongod(self) -> int:
        """Its mongod."""
        state = load_state(self.live.data_dir)
        assert state is not None
        assert state.pid is not None
        return state.pid


@dataclass
class Bench:
    """One run.

    Args:
        directory: for databases; emptied in the end by who made it.
        quick: less of everything, for a first look.
        facts: what is found out of the machinery.
    """

    directory: Path
    quick: bool
    facts: dict[str, str] = field(default_factory=dict)
    _moments: Iterator[int] = field(default_factory=lambda: itertools.count(time.time_ns() // 1_000_000, 10_000_000))

    def __post_init__(self) -> None:
        # Spawned: a child that is forked from a process with threads may hang.
        self._workers = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def close(self) -> None:
        """Ends the worker."""
        self._workers.shutdown()

    def choose(self, full: T, quick: T) -> T:
        """One of two amounts."""
        return quick if self.quick else full

    @property
    def rounds(self) -> range:
        """How often everything is measured; the first round, which warms up, comes on top of it."""
        return range(self.choose(5, 3))

    def moment(self) -> int:
        """Milliseconds of which a stream of events may use the next ten million."""
        return next(self._moments)

    def tell(self, text: str) -> None:
        """Says how far it is."""
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def in_worker(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Has a function of a module done by the worker."""
        return self._workers.submit(work, *arguments)

    def send(self, load: Load) -> Result:
        """Sends a load."""
        return self.in_worker(client.run, load).result()

    @contextlib.contextmanager
    def collector(self, name: str, *arguments: str) -> Iterator[Tested]:
        """A collector over a mongod of its own, which knows nobody yet.

        Raises:
            Wrong: in the end it has not stored what it acknowledged.
        """
        limits = ("--track-limit", NO_LIMIT, "--query-limit", NO_LIMIT)
        with running(self.directory / name, *limits, *arguments) as live:
            self.facts["mongod"] = live.db.client.server_info()["version"]
            self.facts["loop"] = "uvloop" if usage.uses_uvloop(live.process.pid) else "asyncio"
            tested = Tested(live, Account(live.db))
            try:
                yield tested
                stored = tested.account.check()
            except Exception:
                self.tell(f"{name} has logged: {live.data_dir.with_suffix('.log').read_text()[-_LOGGED:]}")
                raise
            self.tell(f"{name}: {stored} acknowledged events, each stored once")

    def arrive(self, tested: Tested, population: Population) -> None:
        """Makes a population known."""
        result = self.send(Load(tested.site, Arrivals(population, self.moment()), 128))
        tested.account.add_all(result, population.addresses)
        tested.population = population

    def visits(self, tested: Tested, count: int, connections: int, beside: tuple[int, ...] = (), **more: Any) -> Result:
        """Has the population visit; all of its events must be acknowledged.

        Args:
            beside: processes whose CPU time is taken beside the collector's.
            more: what a ``Load`` takes.
        """
        stream = Visits(tested.population, self.moment(), count)
        load = Load(tested.site, stream, connections, watched=(*tested.collectors, *beside), **more)
        return tested.account.add_all(self.send(load), stream.newcomers)
