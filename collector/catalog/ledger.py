"""The numbers under which a process's events are counted, and the task that counts them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from collector.catalog.fold import Fold
from collector.catalog.watch import DEAD, Watch
from collector.metrics import Metrics
from collector.storage.guard import StoreAway, within
from collector.storage.writers import Beat, State, Writers

log = logging.getLogger("collector.catalog")

PACE = 2.0
"""Seconds between two looks at what there is to count."""
_LEADERLESS = 6
"""Looks without a change after which a leader is replaced."""
_ADOPT_EVERY = 150
"""Rounds of a leader between two looks for writers of whom nothing is written down."""
_BEAT_EVERY = 3
"""A beat in so many looks is enough of a process that has nothing new to say."""
_MOST_BEYOND = 50_000
"""Settled numbers that may wait for one that is not."""
_SHARE, _LONGEST = 0.05, 3
"""Of its time a process counts so much at most, as long as a pause is no more than so many times the usual."""
_AFTER_FAULTS = 60.0
"""Seconds, the longest pause after a fault of ours."""
_GOODBYE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Events of this process that are stored and not counted yet, and for how many seconds the oldest has been."""

    events: int
    seconds: float


class Ledger:
    """Gives events their numbers, and has those counted of which the outcome is certain.

    What is never settled (an insertion of which nobody will learn whether it took place) holds the count back; a new
    one is then begun under a new name, and what is stored under the old is found by looking.

    Args:
        writers: where it is written down how far all writers are.
        fold: counts.
        metrics: show the lag.
        pace: seconds between two rounds.
    """

    def __init__(self, writers: Writers, fold: Fold, metrics: Metrics, pace: float = PACE) -> None:
        self._writers = writers
        self._fold = fold
        self._pace = pace
        self._process = secrets.token_hex(8)
        self._watch = Watch()
        self._news: dict[str, int] = {}
        self._state = State()
        self._rounds = self._adopted = self._failures = 0
        self._looked = time.monotonic()
        self._round = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.processes = 1
        self._begin()
        metrics.watch("catalog_lag_events", "Events stored and not counted yet", lambda: self.lag.events)
        metrics.watch("catalog_lag_seconds", "For how long the oldest of them", lambda: self.lag.seconds)

    def _begin(self) -> None:
        self.writer = secrets.token_hex(8)
        self._last = self._settled = self._counted = self._held = 0
        self._told = -1
        self._beyond: set[int] = set()
        self._reached: deque[tuple[int, float]] = deque()

    def take(self, n: int) -> range:
        """The next ``n`` numbers of ``writer``, which is to be asked at the same moment."""
        first = self._last + 1
        self._last += n
        return range(first, self._last + 1)

    def settle(self, writer: str, seqs: Iterable[int]) -> None:
        """Of these it is certain whether they are stored: no insertion with them is under way any more, and the names
        of what is stored are in the catalog."""
        if writer != self.writer:
            self._news.setdefault(writer, 0)
            return
        for seq in seqs:
            if seq == self._settled + 1:
                self._settled = seq
            elif seq > self._settled:
                self._beyond.add(seq)
        while self._settled + 1 in self._beyond:
            self._settled += 1
            self._beyond.remove(self._settled)

    def renew(self) -> None:
        """Begins a new count: some number of this one will never be settled."""
        self._news[self.writer] = self._settled
        self._begin()

    @property
    def lag(self) -> Lag:
        """What of this process is stored and not counted yet; what waits in a spool is not in it."""
        since = self._reached[0][1] if self._reached else 0.0
        events = max(self._settled - self._counted, 0)
        return Lag(events, time.monotonic() - since if events and since else 0.0)

    @property
    def lacks_rollups(self) -> bool:
        """Whether an older version has counted what rollups should have, and this process leads."""
        return self._state.leader == self._process and not self._state.rolled

    def start(self) -> None:
        """Begins to count."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stops counting; another process goes on, or the next to start."""
        if self._task:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait([task])
        with suppress(StoreAway), within(_GOODBYE_SECONDS):
            await self._writers.tell(Beat(self.writer, None, self._settled), self._news)
            if self._state.leader == self._process:
                await self._writers.resign(self._process)

    async def _run(self) -> None:
        pause = self._pace
        while True:
            started = time.monotonic()
            try:
                await self.advance()
                spent = time.monotonic() - started
                pause = min(max(self._pace, spent / _SHARE), self._pace * _LONGEST)
                self._failures = 0
            except StoreAway as error:
                pause = self._pace
                self._failures += 1
                if self._failures == DEAD:  # what is shorter is told by those who store
                    log.warning("the catalog has not been counted for %d rounds: %s", DEAD, error)
            except Exception:
                log.exception("the catalog could not be counted")
                pause = min(pause * 2, _AFTER_FAULTS)
            await asyncio.sleep(pause)

    async def advance(self) -> None:
        """One round: says how far this process is, and counts what there is to count if it leads.

        Raises:
            StoreAway: MongoDB is away; the next round goes on from here.
        """
        async with self._round:
            self._note()
            await self._tell()
            self._watch.look((await self._look()).rows)
            self.processes = max(self._watch.processes(self._state.rows), 1)
            while await self._count():
                await self._look()

    def _note(self) -> None:
        """Notes what is settled by now."""
        if self._settled > (self._reached[-1][0] if self._reached else self._counted):
            self._reached.append((self._settled, self._looked))
        self._looked = time.monotonic()

    def _hold(self, held: bool) -> None:
        """Begins a new count where this one is held back for too long."""
        self._held = self._held + 1 if held else 0
        if self._held >= DEAD or len(self._beyond) > _MOST_BEYOND:
            self.renew()

    async def _tell(self) -> None:
        leads, known = self._state.leader == self._process, self._settled == self._told
        beat: Beat | None = Beat(self.writer, self._process, self._settled)
        if known and not leads and self._rounds % _BEAT_EVERY:
            beat = None
        news, self._news = self._news, {}
        try:
            await self._writers.tell(beat, news)
        except BaseException:
            self._news |= {writer: max(settled, self._news.get(writer, 0)) for writer, settled in news.items()}
            raise
        self._rounds += 1
        self._told = beat.settled if beat else self._told
        self._hold(known and self._settled < self._last)

    async def _look(self) -> State:
        """Takes in how all stands."""
        self._state = await self._writers.state()
        for row in self._state.rows:
            if row.writer == self.writer:
                self._counted = row.counted.size
        while self._reached and self._reached[0][0] <= self._counted:
            self._reached.popleft()
        return self._state

    async def _count(self) -> bool:
        """Counts a block if this process leads; whether to look again at once."""
        state = self._state
        if state.leader == self._process:
            if self._adopted and self._rounds - self._adopted < _ADOPT_EVERY:
                return await self._fold.advance(state, self._watch)
            await self._fold.adopt()
            self._adopted = self._rounds
            return True
        self._adopted = 0
        if self._watch.lives(state.leader, state.rows, _LEADERLESS):
            return False
        return await self._writers.lead(self._process, state.leader)
