"""Lines of a chart: a number for each interval, for each value of a property, in bounded memory."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from collector.model import Document
from collector.questions.slices import Full
from collector.questions.values import Earlier, same, size_of

Number = int | float
MOST_CELLS = 200_000
"""Numbers that are kept apart, before the values with the smallest go into one."""
MOST_HEADS = 300_000
"""People of an interval and value that are known apart. An answer ends where more would have to be."""
MOST_BYTES = 32 << 20
_AT_A_TIME = 10_000
_LEAST, _GREATEST = -(2**63), 2**63 - 1


@dataclass(slots=True)
class Line:
    """The numbers of a value by interval, and in all."""

    value: Any = None
    total: Number = 0
    counts: dict[int, Number] = field(default_factory=dict)

    def add(self, place: int, number: Number) -> None:
        """Adds to an interval."""
        self.total += number
        self.counts[place] = self.counts.get(place, 0) + number

    def merge(self, other: Line) -> None:
        """Adds all of another line."""
        for place, number in other.counts.items():
            self.add(place, number)


@dataclass(slots=True)
class Lines:
    """The lines of the largest values, the largest first; ``other`` and ``missing`` where there are other values, and
    events without the property. ``exact`` False: there were so many values that small ones count as others."""

    top: list[Line]
    other: Line | None = None
    missing: Line | None = None
    exact: bool = True


class Amounts:
    """Numbers and sums: what two slices have of them adds up."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, Line] = {}
        self._missing = Line()
        self._other = Line()
        self._cells = 0
        self._bytes = 0

    async def take(self, rows: Sequence[Document]) -> None:
        """Takes in rows with an ``n``."""
        for row in rows:
            key = row["_id"]
            line = self._line(key["v"]) if "v" in key else self._missing
            before = len(line.counts)
            line.add(int(key["b"]), row["n"])
            self._cells += len(line.counts) - before
        self._fit()

    def merge(self, other: Amounts) -> None:
        """Adds up."""
        self._missing.merge(other._missing)
        self._other.merge(other._other)
        for line in other._lines.values():
            mine = self._line(line.value)
            before = len(mine.counts)
            mine.merge(line)
            self._cells += len(mine.counts) - before
        self._fit()

    async def lines(self, most: int) -> Lines:
        """The largest by their totals."""
        top = nlargest(most, self._lines.values(), key=lambda line: (line.total, Earlier(line.value)))
        exact = not self._other.counts
        shown = {id(line) for line in top}
        others = [line for line in self._lines.values() if id(line) not in shown]
        for line in others:
            self._other.merge(line)
        return Lines(
            top,
            self._other if others or not exact else None,
            self._missing if self._missing.counts else None,
            exact,
        )

    def _line(self, value: Any) -> Line:
        key = same(value)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(value)
            self._bytes += size_of(value)
        return line

    def _fit(self) -> None:
        """Has the smaller half go into one, where there is too much."""
        if self._cells <= MOST_CELLS and self._bytes <= MOST_BYTES:
            return
        kept = nlargest(len(self._lines) // 2, self._lines.items(), key=lambda item: item[1].total)
        keys = {key for key, _ in kept}
        for key, line in self._lines.items():
            if key not in keys:
                self._other.merge(line)
        self._lines = dict(kept)
        self._cells = sum(len(line.counts) for line in self._lines.values())
        self._bytes = sum(size_of(line.value) for line in self._lines.values())


Names = Callable[[Sequence[Document]], Awaitable[Iterable[str | None]]]
"""Who is behind each row; None for nobody."""


class Heads:
    """Different people: one who is met twice counts once, in an interval, and in all.

    A person is known by 64 bits of a hash; that two of a million share theirs is one chance in 30 million.

    Args:
        names: who is behind a row.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._numbers: dict[Hashable, int] = {}
        self._values: list[Any] = [None]
        self._met: set[tuple[int, int, int]] = set()
        self._bytes = 0

    async def take(self, rows: Sequence[Document]) -> None:
        """Takes in rows with a visitor."""
        for row, name in zip(rows, await self._names(rows), strict=True):
            if name is not None:
                key = row["_id"]
                number = self._number(key["v"]) if "v" in key else 0
                self._met.add((number, int(key["b"]), hash(name)))
        self._fit()

    def merge(self, other: Heads) -> None:
        """Brings both together, or leaves all as it is."""
        if len(self._met) + len(other._met) > MOST_HEADS or self._bytes + other._bytes > MOST_BYTES:
            raise Full
        numbers = [0, *(self._number(value) for value in other._values[1:])]
        self._met.update((numbers[number], place, head) for number, place, head in other._met)

    async def lines(self, most: int) -> Lines:
        """The largest by how many people they have in all."""
        totals = Counter(number for number, _ in {(number, head) for number, _, head in self._met} if number)
        await asyncio.sleep(0)
        largest = nlargest(most, totals, key=lambda number: (totals[number], Earlier(self._values[number])))
        top = {number: Line(self._values[number]) for number in largest}
        others = set[tuple[int, int]]()
        missing = Line()
        for turn, (number, place, head) in enumerate(self._met):
            if turn % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            if number and number not in top:
                others.add((place, head))
            else:
                (top[number] if number else missing).add(place, 1)
        for number, line in top.items():
            line.total = totals[number]
        missing.total = len({head for number, _, head in self._met if not number})
        return Lines(list(top.values()), _heads(others), missing if missing.counts else None)

    def _number(self, value: Any) -> int:
        key = same(value)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._values)
            self._values.append(value)
            self._bytes += size_of(value)
        return number

    def _fit(self) -> None:
        if len(self._met) > MOST_HEADS or self._bytes > MOST_BYTES:
            raise Full


def _heads(met: set[tuple[int, int]]) -> Line | None:
    """The line of people met in intervals."""
    if not met:
        return None
    line = Line()
    for place, _ in met:
        line.add(place, 1)
    line.total = len({head for _, head in met})
    return line


def shown(lines: Lines, places: int, broken_down: bool) -> list[Document]:
    """Lines as they are answered, with a number for each of so many intervals."""
    if not broken_down:
        return [_row(lines.missing or Line(), places)]
    rows = [_row(line, places) for line in lines.top]
    rows += [{**_row(lines.other, places), "Other": True}] if lines.other else []
    return rows + ([{**_row(lines.missing, places), "Missing": True}] if lines.missing else [])


def _row(line: Line, places: int) -> Document:
    counts = [_sent(line.counts.get(place, 0)) for place in range(places)]
    return {"Value": line.value, "Total": _sent(line.total), "Counts": counts}


def _sent(number: Number) -> Number | None:
    """A number as JSON has it: a sum may be beyond 64 bits, where it is a double, and beyond those."""
    if not _LEAST <= number <= _GREATEST:
        number = float(number)
    return number if math.isfinite(number) else None
