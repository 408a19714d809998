"""How many events came when, from what has been counted in quarters of an hour; no event is looked at for it."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from collector.catalog.caps import Caps
from collector.catalog.known_days import KnownDays
from collector.storage.catalog import Catalog
from collector.storage.slots import SLOTS, Part, SlotCounts
from collector.storage.writers import State, Writers

SLOT = timedelta(minutes=15)
"""What can be told apart."""
_SECONDS = SLOT.total_seconds()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MANY = 20
"""Names from which on it is worth while to read all there are, and to keep them."""


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
    number of events. Of many names what came on a day is kept, and read again when something has been counted in it.

    Args:
        catalog: which names are counted.
        slots: the counts.
        writers: how far they are.
        caps: how many names that may be.
        many: from how many names on days are kept.
    """

    def __init__(self, catalog: Catalog, slots: SlotCounts, writers: Writers, caps: Caps, many: int = _MANY) -> None:
        self._catalog = catalog
        self._caps = caps
        self._slots = slots
        self._writers = writers
        self._known = KnownDays(slots)
        self._many = many

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
        while True:
            state = await self._writers.state()
            if events is not None and len(events) >= self._many:
                counts = await self._of_many(state, scope, events, edges, bots)
            else:
                counts = await self._of_few(state, scope, [None] if events is None else events, edges, bots)
            after = await self._writers.state()
            if state.generation == after.generation:  # else a rebuild has taken away what was being read
                return Rolled(counts, after.lag, after.rolled)

    async def all_of(self, scope: str, event: str) -> bool:
        """Whether all events of a name are counted: of one that a cap keeps out of the catalog none are, and of one
        that it kept out at first those since. Nothing is lost by False where there are no such events.

        Raises:
            StoreAway: MongoDB is away.
        """
        entry = await self._catalog.event(scope, event)
        if entry is None:
            return not await self._may_be_left_out(scope)
        return entry.partial < (await self._writers.state()).generation

    async def _may_be_left_out(self, scope: str) -> bool:
        """Whether some cap may keep new names out; the ends of retention have one each."""
        kept = self._caps.kept
        events, total = await self._catalog.sizes(scope)
        return events >= kept.events.claimed or total >= kept.total.claimed

    async def _of_few(
        self, state: State, scope: str, names: Sequence[str | None], edges: Sequence[datetime], bots: bool
    ) -> dict[str | None, list[int]]:
        counts = _nothing(names, edges)
        slots = _slots(edges)
        for day in await self._slots.days(scope, state.generation, names, (_day(edges[0]), edges[-1]), bots):
            for place, (first, end) in _parts(day.day, slots):
                counts[day.event][place] += sum(day.slots[first:end])
        return counts

    async def _of_many(
        self, state: State, scope: str, names: Sequence[str], edges: Sequence[datetime], bots: bool
    ) -> dict[str | None, list[int]]:
        counts = _nothing(names, edges)
        slots = _slots(edges)
        placed = {day: found for day in _days(slots) if (found := _parts(day, slots))}
        parts = {day: tuple(part for _, part in found) for day, found in placed.items()}
        for day, known in (await self._known.read(scope, state.generation, state.block, parts, bots)).items():
            await asyncio.sleep(0)  # others are served meanwhile
            for number, (place, _) in enumerate(placed[day]):
                for name, count in zip(known.names, known.numbers[number :: len(parts[day])], strict=True):
                    if name in counts:
                        counts[name][place] += count
        return counts


def _nothing(names: Iterable[str | None], edges: Sequence[datetime]) -> dict[str | None, list[int]]:
    return {name: [0] * (len(edges) - 1) for name in names}


def _slots(edges: Iterable[datetime]) -> list[int]:
    """Edges as numbers of slots since 1970."""
    *starts, end = (edge.timestamp() / _SECONDS for edge in edges)
    return [*map(math.floor, starts), math.ceil(end)]


def _day(moment: datetime) -> datetime:
    """When the UTC day of a moment began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _days(edges: Sequence[int]) -> list[datetime]:
    """The UTC days from that of the first edge on."""
    first, end = edges[0] // SLOTS, -(-edges[-1] // SLOTS)
    return [_EPOCH + timedelta(days=number) for number in range(first, end)]


def _parts(day: datetime, edges: Sequence[int]) -> list[tuple[int, Part]]:
    """The intervals that meet a day, by their places, and what of the day is in each."""
    begin = (day - _EPOCH) // SLOT
    end = begin + SLOTS
    first = max(bisect_right(edges, begin) - 1, 0)
    return [
        (place, (max(low - begin, 0), min(high - begin, SLOTS)))
        for place, (low, high) in enumerate(pairwise(edges[first : bisect_left(edges, end) + 1]), start=first)
        if low < high
    ]
