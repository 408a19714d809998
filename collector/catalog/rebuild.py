"""Making the catalog anew from the events, beside running collectors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from collector.catalog.caps import Caps
from collector.catalog.learner import LEASE
from collector.storage.catalog import Catalog
from collector.storage.counts import Counts
from collector.storage.guard import within
from collector.storage.slots import SlotCounts
from collector.storage.spans import Spans
from collector.storage.writers import Part, Writers

_MARGIN = 0.5
_SECONDS = 86_400.0
MOST = 100_000
"""Events in a block."""
_MOST_SPANS = 500
_ALL = 2**62
_CLOSE = 10_000
"""How few events may be left to the collectors when the new counts take the place of the old."""
_ROUNDS = 100


class Rebuild:
    """One rebuild: of the names, and of the counts, which it makes as another generation beside those that collectors
    keep bringing forward. They take their place when they are as far.

    Args:
        catalog: the names.
        counts: their counts.
        slots: the same by time.
        writers: what is counted.
        caps: how much is kept.
    """

    def __init__(self, catalog: Catalog, counts: Counts, slots: SlotCounts, writers: Writers, caps: Caps) -> None:
        self._catalog = catalog
        self._counts = counts
        self._slots = slots
        self._writers = writers
        self._caps = caps
        self._generation = 0
        self._block = 0
        self._last: list[Part] = []
        self._counted: dict[str, Spans] = {}

    async def run(self) -> int:
        """Makes the catalog of all lists anew; how many names it then has. Takes a few seconds at least.

        First every collector must forget which names it takes for entered: one whose events have been deleted leaves
        the catalog, and has to come back with the next event that brings it. A rebuild that ends on the way has
        changed no count.
        """
        self._generation = await self._catalog.begin_generation()
        await asyncio.sleep(LEASE + _MARGIN)
        with within(_SECONDS):
            return await self.make(self._generation)

    async def make(self, generation: int) -> int:
        """The same once every collector has heard of the generation."""
        self._generation = generation
        there = await self._stored()
        entries = await self._catalog.rebuild(generation, self._caps.kept)
        await self._count(there)
        for _ in range(_ROUNDS):
            settled = await self._settled()
            if sum(numbers.size for numbers in settled.values()) < _CLOSE:
                break
            await self._count(settled)
        await self._writers.change(generation, self._block, self._last)
        await self._drop_before((await self._writers.state()).generation)
        return entries

    async def _drop_before(self, generation: int) -> None:
        """Forgets all but the counts that stand, and so those just made where a later rebuild was faster."""
        await self._counts.drop_before(generation)
        await self._slots.drop_before(generation)
        await self._writers.drop_before(generation)

    async def _stored(self) -> dict[str, Spans]:
        """All that is stored by now, by writers. The catalog that is made after this has the names of all of it."""
        settled = await self._writers.settled()
        stored: dict[str, Spans] = {}
        for writer in await self._counts.writers():
            known = Spans.upto(settled.get(writer, 0))
            stored[writer] = known | await self._counts.numbers(writer, known, _ALL)
        return stored

    async def _settled(self) -> dict[str, Spans]:
        """What collectors have stored since, and entered into the catalog."""
        state = await self._writers.state()
        return {row.writer: Spans.upto(row.settled) - self._counted.get(row.writer, Spans()) for row in state.rows}

    async def _count(self, numbers: dict[str, Spans]) -> None:
        for parts in self._blocks(numbers):
            self._block, self._last = self._block + 1, parts
            events = [(part.writer, part.numbers) for part in parts]
            await self._counts.add(self._generation, self._block, events)
            await self._slots.add(self._generation, self._block, events)
            await self._writers.counted(self._generation, self._block, parts)

    def _blocks(self, numbers: dict[str, Spans]) -> Iterator[list[Part]]:
        parts: list[Part] = []
        for writer, spans in numbers.items():
            left = spans
            while left:
                taken = left.beginning(MOST - _size(parts), _MOST_SPANS)
                left -= taken
                counted = self._counted[writer] = self._counted.get(writer, Spans()) | taken
                parts.append(Part(writer, taken, counted))
                if _size(parts) >= MOST or sum(len(part.numbers.parts) for part in parts) >= _MOST_SPANS:
                    yield parts
                    parts = []
        if parts:
            yield parts


def _size(parts: list[Part]) -> int:
    return sum(part.numbers.size for part in parts)
