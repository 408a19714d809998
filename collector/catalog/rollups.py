"""How many events came when, from what has been counted in quarters of an hour; no event is looked at for it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.storage.slots import SLOTS, Day, SlotCounts
from collector.storage.writers import State, Writers

SLOT = timedelta(minutes=15)
"""What can be told apart."""
_SECONDS = SLOT.total_seconds()


@dataclass(frozen=True, slots=True)
class Rolled:
    """Numbers of events: of each name that was asked for (None: of all events together) one for each interval.

    ``lag`` is how many events of all lists are stored and not counted yet, mostly those of the last two seconds.
    ``complete`` False: what was stored before an upgrade is still being counted, and is missing here.
    """

    counts: dict[str | None, list[int]]
    lag: int
    complete: bool


class Rollups:
    """Reads the rollups. One document an event name and UTC day is read, at most: what it takes does not grow with the
    number of events.

    Args:
        slots: the counts.
        writers: how far they are.
    """

    def __init__(self, slots: SlotCounts, writers: Writers) -> None:
        self._slots = slots
        self._writers = writers

    async def counts(self, scope: str, events: Sequence[str] | None, edges: Sequence[datetime], bots: bool) -> Rolled:
        """How many events came in each interval between two neighbouring edges, the first moment included, the last
        not, by corrected time. Automatic identifies are not counted.

        Args:
            scope: ``model.list_scope`` or ``model.user_scope``.
            events: names of events, each counted apart; None: all events together, under the key None, those too whose
                names a cap has kept out of the catalog.
            edges: two or more moments in any zone, ascending. They had better be whole quarters of an hour, which the
                hours, days and weeks of all time zones of today are: the last is rounded up to one, the others down.
            bots: whether events that are marked as a bot's are counted too.

        Raises:
            StoreAway: MongoDB is away.
        """
        names = list[str | None](events) if events is not None else [None]
        days, state = await self._days(scope, names, edges, bots)
        counts = {name: [0] * (len(edges) - 1) for name in names}
        slots = _slots(edges)
        for day in days:
            _add(counts[day.event], day, slots)
        return Rolled(counts, state.lag, state.rolled)

    async def _days(
        self, scope: str, names: Sequence[str | None], edges: Sequence[datetime], bots: bool
    ) -> tuple[list[Day], State]:
        """What there is from the day of the first edge to that of the last, and how far it is."""
        first = edges[0].astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            state = await self._writers.state()
            days = await self._slots.days(scope, state.generation, names, (first, edges[-1]), bots)
            after = await self._writers.state()
            if state.generation == after.generation:  # else a rebuild has taken away what was being read
                return days, after


def _slots(edges: Iterable[datetime]) -> list[int]:
    """Edges as numbers of slots since 1970."""
    *starts, end = (edge.timestamp() / _SECONDS for edge in edges)
    return [*map(math.floor, starts), math.ceil(end)]


def _add(counts: list[int], day: Day, edges: Sequence[int]) -> None:
    """Adds what came on a day to the intervals that meet it."""
    begin = round(day.day.timestamp() / _SECONDS)
    at, place = max(begin, edges[0]), bisect_right(edges, max(begin, edges[0])) - 1
    while at < begin + SLOTS and place < len(counts):
        counts[place] += sum(day.slots[at - begin : edges[place + 1] - begin])
        place += 1
        at = edges[place]
