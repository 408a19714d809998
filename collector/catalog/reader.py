"""The answer of ``website_events.properties`` (section 7 of the contract)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from collector.catalog.caps import MOST_EVENTS, MOST_NAMES
from collector.storage.catalog import Catalog, Entry


@dataclass(frozen=True, slots=True)
class Properties:
    """Event names with their property names, each in code-point order, and whether a cap has cut."""

    by_event: dict[str, list[str]]
    truncated: bool


class Reader:
    """Reads the catalog.

    Args:
        catalog: where it is kept.
        most_events: event names shown of a list.
        most_names: property names shown of an event.
    """

    def __init__(self, catalog: Catalog, most_events: int = MOST_EVENTS, most_names: int = MOST_NAMES) -> None:
        self._catalog = catalog
        self._most_events = most_events
        self._most_names = most_names

    async def properties(self, scope: str) -> Properties:
        """The events and property names of a scope. A cap keeps those first received, ties in code-point order."""
        events, names = _first_received(await self._catalog.entries(scope))
        kept = _cut(events, self._most_events)
        shown = {event: _cut(names.get(event, {}), self._most_names) for event in kept}
        truncated = len(kept) < len(events) or any(len(shown[event]) < len(names.get(event, ())) for event in kept)
        return Properties(shown, truncated)


def _first_received(entries: Iterable[Entry]) -> tuple[dict[str, datetime], dict[str, dict[str, datetime]]]:
    """When each event and each of its names was first received: an entry may stand once for each end of retention."""
    events: dict[str, datetime] = {}
    names: dict[str, dict[str, datetime]] = {}
    for entry in entries:
        place = events if entry.name is None else names.setdefault(entry.event, {})
        key = entry.event if entry.name is None else entry.name
        place[key] = min(place.get(key, entry.first), entry.first)
    return events, names


def _cut(first: dict[str, datetime], most: int) -> list[str]:
    return sorted(sorted(first, key=lambda name: (first[name], name))[:most])
