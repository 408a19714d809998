"""What came of many names on days in which nothing has been counted since they were read: kept, and not read again."""

from __future__ import annotations

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from collector.storage.slots import Mark, Part, SlotCounts, Sums

MOST_NUMBERS = 250_000
"""Numbers that are kept, of eight bytes each. Thirty days of 2,000 names are 60,000, and 120,000 in a zone whose days
begin within those of UTC."""

Parts = tuple[Part, ...]
Marks = frozenset[Mark]


@dataclass(frozen=True, slots=True)
class Known:
    """A day: the names that came, and of each a number for each part of the day, one after another."""

    names: tuple[str, ...]
    numbers: array[int]


class _Key(NamedTuple):
    scope: str
    generation: int
    day: datetime
    parts: Parts
    bots: bool


class KnownDays:
    """Reads what came of all names of a scope, a UTC day at a time.

    What all events together come to on a day (its marks) is read each time: nothing is counted of a name that does not
    change them. But while a block is being counted they may change after those of a name, or before: a day is kept if
    the blocks in its marks had all been counted when it was read.

    Args:
        slots: the counts.
        most: how many numbers are kept.
    """

    def __init__(self, slots: SlotCounts, most: int = MOST_NUMBERS) -> None:
        self._slots = slots
        self._most = most
        self._kept: OrderedDict[_Key, tuple[Marks, Known]] = OrderedDict()
        self._size = 0
        self._names: tuple[str, ...] = ()

    async def read(
        self, scope: str, generation: int, block: int, days: Mapping[datetime, Parts], bots: bool
    ) -> dict[datetime, Known]:
        """What came on these days, as far as anything did.

        Args:
            block: the blocks before this one have all been counted.
            days: each with the parts of it that are counted apart.
            bots: whether bots are counted too.
        """
        marks = await self._marks(scope, generation, days)
        keys = {day: _Key(scope, generation, day, days[day], bots) for day in marks}
        known = {day: found for day, key in keys.items() if (found := self._found(key, marks[day]))}
        for day, found in (await self._read(keys[day] for day in marks if day not in known)).items():
            known[day] = found
            if all(mark.block < block for mark in marks[day]):
                self._keep(keys[day], marks[day], found)
        return known

    async def _marks(self, scope: str, generation: int, days: Collection[datetime]) -> dict[datetime, Marks]:
        found = defaultdict[datetime, set[Mark]](set)
        for mark in await self._slots.marks(scope, generation, (min(days), max(days))):
            found[mark.day].add(mark)
        return {day: frozenset(of_day) for day, of_day in found.items()}

    def _found(self, key: _Key, marks: Marks) -> Known | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] != marks:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    async def _read(self, keys: Iterable[_Key]) -> dict[datetime, Known]:
        """From the counts, those at once whose parts are the same."""
        alike = defaultdict[Parts, list[_Key]](list)
        for key in keys:
            alike[key.parts].append(key)
        known: dict[datetime, Known] = {}
        for parts, some in alike.items():
            days = [key.day for key in some]
            rows = await self._slots.sums(some[0].scope, some[0].generation, days, parts, some[0].bots)
            together = _together(rows)
            known |= {day: self._known(together[day]) for day in days}
        return known

    def _known(self, found: Mapping[str, Sequence[int]]) -> Known:
        names = tuple(sorted(found))
        if names == self._names:  # most days have the names of the day before
            names = self._names
        self._names = names
        return Known(names, array("q", (number for name in names for number in found[name])))

    def _keep(self, key: _Key, marks: Marks, found: Known) -> None:
        before = self._kept.pop(key, None)
        self._size += len(found.numbers) - (len(before[1].numbers) if before else 0)
        self._kept[key] = (marks, found)
        while self._size > self._most:
            self._size -= len(self._kept.popitem(last=False)[1][1].numbers)


def _together(rows: Iterable[Sums]) -> defaultdict[datetime, dict[str, Sequence[int]]]:
    """By day and name: of which there may be a row for each end of retention."""
    days = defaultdict[datetime, dict[str, Sequence[int]]](dict)
    for row in rows:
        before = days[row.day].get(row.event)
        numbers = row.numbers if before is None else [sum(pair) for pair in zip(before, row.numbers, strict=True)]
        days[row.day][row.event] = numbers
    return days
