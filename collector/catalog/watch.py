"""Which writers live: seen by whether they change, never by a clock, since clocks differ."""

from __future__ import annotations

from collections.abc import Iterable

from collector.storage.writers import Row

ABSENT = 8
"""Looks without a change after which a process is not counted among those that live."""
DEAD = 30
"""Looks without a change after which nothing that a writer sent is taken to be still on its way. Where one was only
stopped, and goes on, that is right too: what it stores is counted all the same."""


class Watch:
    """Remembers how many looks ago each writer last changed. Only looks at a MongoDB that answers count, so that an
    outage makes nobody look dead."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self, rows: Iterable[Row]) -> None:
        """Takes in one look at the writers that are open."""
        self._seen = {row.writer: (row.beat, self._since(row)) for row in rows}

    def _since(self, row: Row) -> int:
        beat, still = self._seen.get(row.writer, (row.beat, -1))
        return still + 1 if beat == row.beat else 0

    def still(self, row: Row) -> int:
        """How many looks a writer has not changed for; none of one that has not been looked at."""
        return self._seen.get(row.writer, (0, 0))[1]

    def lives(self, process: str, rows: Iterable[Row], patience: int) -> bool:
        """Whether a process has changed something within so many looks."""
        return any(self.still(row) < patience for row in rows if row.process == process)

    def processes(self, rows: Iterable[Row]) -> int:
        """How many processes live."""
        return len({row.process for row in rows if row.process and self.still(row) < ABSENT})
