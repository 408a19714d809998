"""Keeping the catalog complete: a name that this process has not met enters it before its event is acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collector.catalog.caps import MOST_EVENTS, MOST_NAMES, SLACK
from collector.model import Event
from collector.storage.catalog import Catalog, Group

Shape = tuple[str, datetime | None, str, frozenset[str]]
"""Scope, end of retention, event, property names: events of one shape bring the same names."""

MOST_SHAPES = 50_000
"""How many shapes a process remembers; it forgets all of them then, and learns again what comes."""


class Learner:
    """Enters new names into the catalog.

    Args:
        catalog: where they are kept.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._met: set[Shape] = set()

    async def learn(self, events: Sequence[Event]) -> None:
        """Returns once every name of these stored events is in the catalog, or beyond its caps."""
        fresh = {_shape(event): event for event in events}
        fresh = {shape: event for shape, event in fresh.items() if shape not in self._met}
        if not fresh:
            return
        full = await self._full({shape[:3] for shape in fresh})
        ids = [event.id for shape, event in fresh.items() if shape[:3] not in full]
        if ids:
            await self._catalog.learn(ids)
        if len(self._met) + len(fresh) > MOST_SHAPES:
            self._met.clear()
        self._met.update(fresh)

    async def _full(self, groups: set[Group]) -> set[Group]:
        """The groups that take no more names. Kept well above what is shown, so that the rule which names are shown
        (the first received) stays exact although collectors write at the same time."""
        counts = await self._catalog.counts(groups)
        full = {group for group, count in counts.items() if count > MOST_NAMES * SLACK}
        unknown = groups - counts.keys()
        for scope, until in {(scope, until) for scope, until, _ in unknown}:
            if await self._catalog.count_events(scope, until) >= MOST_EVENTS * SLACK:
                full |= {group for group in unknown if group[:2] == (scope, until)}
        return full


def _shape(event: Event) -> Shape:
    return (event.scope, event.expire_at, event.name, frozenset(event.properties))
