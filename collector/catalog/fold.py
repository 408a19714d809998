"""Counting what writers have stored, in blocks, each exactly once whoever dies on the way.

One process at a time leads; that it is one only spares work. What is right rests on the document in which blocks are
written down, one after another, before they are counted (``storage.writers``), and on the counts, each of which knows
the last block that is in it (``storage.counts``).
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.catalog.learner import Learner
from collector.catalog.watch import DEAD, Watch
from collector.storage.counts import Counts
from collector.storage.guard import within
from collector.storage.slots import SlotCounts
from collector.storage.spans import Spans
from collector.storage.writers import Part, Row, State, Writers

MOST = 10_000
"""Events in a block."""
_MOST_UNLEARNED = 1_000
"""The same of events that have to be read, for their names."""
_MOST_SPANS = 500
_BLOCK_SECONDS = 20.0
"""Far more than a block takes; an end that comes while MongoDB hangs may have to wait for it."""


class Fold:
    """Brings the counts forward, one block after another.

    Args:
        writers: what has been stored, and what of it is counted.
        counts: the counts.
        slots: the same by time.
        learner: enters the names of events whose writer died before it had.
    """

    def __init__(self, writers: Writers, counts: Counts, slots: SlotCounts, learner: Learner) -> None:
        self._writers = writers
        self._counts = counts
        self._slots = slots
        self._learner = learner
        self._done = (-1, -1)

    async def advance(self, state: State, watch: Watch) -> bool:
        """One step from a state that was read after the last; whether there may be more to do at once.

        Raises:
            StoreAway: which is as if the process had died here.
        """
        done, self._done = self._done, (-1, -1)
        if done != (state.generation, state.block):
            # Another's, or one of which it is unknown how far it came.
            await self.count(state.generation, state.block, state.parts)
            self._done = (state.generation, state.block)
            return True
        parts = await self._next(state.rows, watch)
        if parts and not await self._writers.begin(state, parts):
            return False
        if parts:
            await self.count(state.generation, state.block + 1, parts)
        self._done = (state.generation, state.block + bool(parts))
        return bool(parts)

    async def adopt(self) -> None:
        """Looks for writers that died before they could say that they were there."""
        known = await self._writers.settled()
        unknown = [writer for writer in await self._counts.writers() if writer not in known]
        await self._writers.tell(None, dict.fromkeys(unknown, 0))

    async def count(self, generation: int, block: int, parts: Iterable[Part]) -> None:
        """Counts a block, or what is missing of it, and notes it with its writers."""
        parts = list(parts)
        if not parts:
            return
        with within(_BLOCK_SECONDS):
            await self._learn([part for part in parts if part.unlearned])
            events = [(part.writer, part.numbers) for part in parts]
            await self._counts.add(generation, block, events)
            await self._slots.add(generation, block, events)
            await self._writers.counted(generation, block, parts)

    async def _learn(self, parts: list[Part]) -> None:
        if parts:
            await self._learner.learn(await self._counts.stored([(part.writer, part.numbers) for part in parts]))

    async def _next(self, rows: Iterable[Row], watch: Watch) -> list[Part]:
        """What the next block is to count."""
        parts: list[Part] = []
        room, spans = MOST, _MOST_SPANS
        for row in rows:
            part = await self._of(row, watch, room, spans)
            if part.numbers:
                parts.append(part)
                room -= part.numbers.size
                spans -= len(part.numbers.parts)
            if room <= 0 or spans <= 0:
                break
        return parts

    async def _of(self, row: Row, watch: Watch, room: int, spans: int) -> Part:
        """What of one writer can be counted: what is settled; of one that has ended, or of which there is news, then
        what else is there."""
        numbers = (Spans.upto(row.settled) - row.counted).beginning(room, spans)
        if numbers:
            return Part(row.writer, numbers, row.counted | numbers)
        dead = watch.still(row) >= DEAD
        if not dead and not row.look:
            return Part(row.writer, Spans(), row.counted)
        numbers = await self._counts.numbers(row.writer, row.counted, min(room, _MOST_UNLEARNED))
        numbers = numbers.beginning(room, spans)
        if not numbers:
            await (self._writers.close(row) if dead else self._writers.looked(row))
        return Part(row.writer, numbers, row.counted | numbers, unlearned=True)
