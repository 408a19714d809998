"""Comparing what MongoDB holds with what was acknowledged."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pymongo import DESCENDING

from tests.bench.client import Result
from tests.support.live import eventually

_SECONDS = 300.0
"""Time for a spool to drain."""


class Wrong(Exception):
    """The collector has not done what it was measured for."""


class Account:
    """What a database must hold of what is sent from now on.

    Args:
        database: in which nothing else is written meanwhile.
    """

    def __init__(self, database: Any) -> None:
        self._events = database["events"]
        self._before = self._count()
        self._acknowledged: list[str] = []
        self._refused: set[str] = set()
        self._announced = range(1)

    def add(self, result: Result, newcomers: int, whole: bool = True) -> Result:
        """Enters the answers to a load that has named so many new addresses; fewer where not all of it was sent."""
        self._acknowledged += result.acknowledged
        self._refused.update(result.refused)
        least, most = self._announced[0], self._announced[-1] + newcomers
        self._announced = range(least + newcomers if whole and not result.refused else least, most + 1)
        return result

    def add_all(self, result: Result, newcomers: int) -> Result:
        """Enters the answers to a load of which every event must be acknowledged.

        Raises:
            Wrong: one is not.
        """
        if result.refused:
            raise Wrong(f"{len(result.refused)} events were not acknowledged: {dict(result.statuses)}")
        return self.add(result, newcomers)

    def check(self) -> int:
        """How many events were acknowledged: each of them is stored once, what was refused at most once, and every new
        address is announced once.

        Raises:
            Wrong: it is not so.
        """
        eventually(lambda: self._count() - self._before >= len(self._acknowledged) + self._announced[0], _SECONDS)
        stored, announced = self._stored()
        lost = [name for name in self._acknowledged if not stored[name]]
        doubled = [name for name, times in stored.items() if times > 1]
        strange = stored.keys() - set(self._acknowledged) - self._refused
        if lost or doubled or strange or len(set(self._acknowledged)) < len(self._acknowledged):
            raise Wrong(f"{len(lost)} events are lost, {len(doubled)} stored twice, {len(strange)} never acknowledged")
        if announced not in self._announced:
            raise Wrong(f"{announced} addresses were announced, instead of {self._announced}")
        return len(self._acknowledged)

    def _stored(self) -> tuple[Counter[str], int]:
        """The EventIDs of what has come since the beginning, found by its place, without an index; and how many
        automatic identifies there are among it."""
        rows = self._events.find({}, {"event_id": 1, "automatic": 1}).sort("$natural", DESCENDING)
        new = self._count() - self._before
        found = list(rows.limit(new)) if new else []  # a limit of 0 is none
        return Counter(row["event_id"] for row in found if "automatic" not in row), sum(
            "automatic" in row for row in found
        )

    def _count(self) -> int:
        return int(self._events.estimated_document_count())
