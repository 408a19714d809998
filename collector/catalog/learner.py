"""Keeping the catalog complete: a name that this process has not met enters it before its event is acknowledged."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from collector.catalog.caps import MOST_EVENTS, MOST_NAMES, SLACK
from collector.model import Event
from collector.storage.catalog import Catalog, Group

Shape = tuple[Group, bytes]
"""An event's group and a digest of its property names: events of one shape bring the same names. A digest, since the
names themselves may be 64 KiB an event."""

MOST_SHAPES = 50_000
"""How many shapes a process remembers; it forgets all of them then, and learns again what comes."""

LEASE = 2.0
"""Seconds for which what is remembered is believed without asking whether the catalog is being made anew."""


class Learner:
    """Enters new names into the catalog.

    Args:
        catalog: where they are kept.
        monotonic: seconds, by a clock that never goes back.
    """

    def __init__(self, catalog: Catalog, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._catalog = catalog
        self._monotonic = monotonic
        self._met: dict[Shape, datetime] = {}
        self._generation = -1
        self._believed_until = -float("inf")

    async def learn(self, events: Sequence[Event]) -> None:
        """Returns once every name of these stored events is in the catalog, or beyond its caps."""
        await self._renew()
        fresh = self._fresh(events)
        if not fresh:
            return
        full = await self._full({group for group, _ in fresh})
        ids = [event.id for (group, _), event in fresh.items() if group not in full]
        if ids:
            await self._catalog.learn(ids)
        if len(self._met) >= MOST_SHAPES:
            self._met.clear()
        self._met |= {shape: event.received for shape, event in fresh.items()}

    def _fresh(self, events: Sequence[Event]) -> dict[Shape, Event]:
        """Of each shape that is new here, or was received before those that are not, the event received first."""
        fresh: dict[Shape, Event] = {}
        for event in events:
            shape = _shape(event)
            known = fresh[shape].received if shape in fresh else self._met.get(shape)
            if known is None or event.received < known:
                fresh[shape] = event
        return fresh

    async def _renew(self) -> None:
        """Forgets everything when a rebuild has begun: it may take away names whose events are gone."""
        asked = self._monotonic()
        if asked < self._believed_until:
            return
        generation = await self._catalog.generation()
        if generation != self._generation:
            self._met.clear()
            self._generation = generation
        self._believed_until = asked + LEASE

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
    names = "\0".join(sorted(event.properties))  # no name holds a NUL
    # ...but no properties, and one whose name is empty, are not the same.
    digest = hashlib.blake2b(f"{len(event.properties)}\0{names}".encode(), digest_size=16).digest()
    return ((event.scope, event.expire_at, event.name), digest)
