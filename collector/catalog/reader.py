"""The answer of ``website_events.properties`` (section 7 of the contract), and the counts behind it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.catalog.caps import Caps, Received, shown
from collector.storage.catalog import Catalog, Entry
from collector.storage.counts import ALL, KINDS, Count, Counts
from collector.storage.spans import Spans
from collector.storage.writers import State, Writers

Names = dict[str, Received]


@dataclass(frozen=True, slots=True)
class Properties:
    """Event names with their property names, each in code-point order, and whether a cap has cut."""

    by_event: dict[str, list[str]]
    truncated: bool


@dataclass(slots=True)
class Counted:
    """How often a name came, and when first and last, in corrected time; None where it has not been counted yet.

    ``types`` says of a property how many of its values were of each JSON type (``KINDS``). Both leave out events that
    are marked as a bot's: ``bots`` is how many came beside them. ``at_least``: events may
    have come before the name was entered, since a cap was reached; a rebuild counts them.
    """

    events: int = 0
    first: datetime | None = None
    last: datetime | None = None
    types: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    at_least: bool = False
    bots: int = 0

    def add(self, row: Count) -> None:
        """Takes in what was counted under one end of retention."""
        self.events += row.events
        self.bots += row.bots
        self.first = min(self.first or row.first, row.first)
        self.last = max(self.last or row.last, row.last)
        for kind, number in row.types.items():
            self.types[kind] += number


@dataclass(frozen=True, slots=True)
class EventCounted:
    """An event name, and each of its property names, in code-point order."""

    all: Counted
    names: dict[str, Counted]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is shown of a list: its ``names``, and of those that were asked for what was counted. ``lag`` is how many
    events of all lists are stored and not counted yet. While a block is being counted, which takes some milliseconds,
    one name may be ahead of another by its events."""

    names: dict[str, list[str]]
    by_event: dict[str, EventCounted]
    truncated: bool
    lag: int


class Reader:
    """Reads the catalog.

    Args:
        catalog: where the names are kept.
        counts: where they are counted.
        writers: how far.
        caps: how much is shown.
    """

    def __init__(self, catalog: Catalog, counts: Counts, writers: Writers, caps: Caps) -> None:
        self._catalog = catalog
        self._counts = counts
        self._writers = writers
        self._caps = caps

    async def properties(self, scope: str) -> Properties:
        """The events and property names of a scope. A cap keeps those first received, ties in code-point order; names
        that only public keys have brought fill at most half of it, and give way to others."""
        return self._shown(await self._catalog.entries(scope))

    async def statistics(self, scope: str, event: str | None = None) -> Statistics:
        """How often, since when and of which types all came that ``properties`` lists, or one event of it."""
        while True:
            before = await self._writers.state()
            untold, rows = await asyncio.gather(
                self._untold(before), self._counts.rows(scope, before.generation, event)
            )
            after = await self._writers.state()
            if before.generation == after.generation:  # else a rebuild has taken away what was being read
                break
        entries = await self._catalog.entries(scope)
        found = self._shown(entries)
        wanted = {name: names for name, names in found.by_event.items() if event in (None, name)}
        partial = {(entry.event, entry.name) for entry in entries if entry.partial >= before.generation}
        return Statistics(found.by_event, _counted(wanted, rows, partial), found.truncated, before.lag + untold)

    async def _untold(self, state: State) -> int:
        """How many events are stored that no writer has told of yet: those of the last seconds."""
        told = [(row.writer, ALL - (Spans.upto(row.settled) | row.counted)) for row in state.rows]
        return await self._counts.number_of(told) if told else 0

    def _shown(self, entries: Iterable[Entry]) -> Properties:
        events, names = _received(entries)
        kept = shown(events, self._caps.events)
        by_event = {event: shown(names[event], self._caps.names) for event in kept}
        by_event = self._within_total(by_event, names)
        count = len(by_event) + sum(map(len, by_event.values()))
        return Properties(by_event, count < len(events) + sum(len(names[event]) for event in events))

    def _within_total(self, by_event: dict[str, list[str]], names: Mapping[str, Names]) -> dict[str, list[str]]:
        if sum(map(len, by_event.values())) <= self._caps.total // 2:
            return by_event
        pairs = {(event, name): names[event][name] for event, kept in by_event.items() for name in kept}
        within: dict[str, list[str]] = {event: [] for event in by_event}
        for event, name in shown(pairs, self._caps.total):
            within[event].append(name)
        return within


def _received(entries: Iterable[Entry]) -> tuple[Names, dict[str, Names]]:
    """When each event and each of its names was received: an entry may stand once for each end of retention."""
    events: Names = {}
    names: defaultdict[str, Names] = defaultdict(dict)
    for entry in entries:
        place = events if entry.name is None else names[entry.event]
        key = entry.event if entry.name is None else entry.name
        place[key] = _both(place[key], entry) if key in place else Received(entry.first, entry.trusted)
    return events, names


def _both(known: Received, entry: Entry) -> Received:
    trusted = [moment for moment in (known.trusted, entry.trusted) if moment]
    return Received(min(known.first, entry.first), min(trusted, default=None))


def _counted(
    by_event: Mapping[str, list[str]], rows: Iterable[Count], partial: set[tuple[str, str | None]]
) -> dict[str, EventCounted]:
    found: defaultdict[tuple[str, str | None], Counted] = defaultdict(Counted)
    for row in rows:
        found[row.event, row.name].add(row)
    for key in partial:
        found[key].at_least = True
    return {
        event: EventCounted(found[event, None], {name: found[event, name] for name in names})
        for event, names in by_event.items()
    }
