"""Keeping the catalog complete: a name that this process has not met enters it before its event is acknowledged."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.catalog.caps import Caps
from collector.metrics import Metrics
from collector.model import Event, Trust
from collector.storage.catalog import WHOLE, Catalog, Group, Standing
from collector.storage.entering import Limit

log = logging.getLogger("collector.catalog")

Place = tuple[str, datetime | None]
"""Scope, end of retention."""
Shape = tuple[Group, Trust, bytes]
"""An event's group, its trust, and a digest of its property names: events of one shape bring the same names. A digest,
since the names themselves may be 64 KiB an event."""

MOST_SHAPES = 50_000
"""How many shapes a process remembers; it forgets all of them then, and learns again what comes."""

LEASE = 2.0
"""Seconds for which what is remembered is believed without asking whether the catalog is being made anew."""

_TRUSTS: tuple[Trust, ...] = ("secret", "public")
_MOST_TOLD = 10_000
_CAPS = {"events": "%d event names", "names": "%d property names of an event", "total": "%d names altogether"}


@dataclass(frozen=True, slots=True)
class _Cap:
    """One cap that a new name of a group meets, and how many names there are under it."""

    kind: str
    standing: Standing
    kept: Limit
    most: int

    def takes(self, trust: Trust) -> bool:
        """Whether one more name is entered."""
        own = trust == "secret"
        return self.standing.own < self.kept.own if own else self.standing.claimed < self.kept.claimed

    @property
    def cuts(self) -> bool:
        """Whether there are names that it does not show."""
        own, claimed = self.standing.own, self.standing.claimed
        return own > self.most or claimed > min(self.most // 2, self.most - own)


@dataclass(frozen=True, slots=True)
class _Room:
    """Who may bring new names to a group, and whether names may have come to it that were not entered."""

    takers: frozenset[Trust]
    partial: bool


class Learner:
    """Enters new names into the catalog.

    Args:
        catalog: where they are kept.
        metrics: what is counted.
        caps: how many are.
        monotonic: seconds, by a clock that never goes back.
    """

    def __init__(
        self, catalog: Catalog, metrics: Metrics, caps: Caps, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._catalog = catalog
        self._metrics = metrics
        self._caps = caps
        self._monotonic = monotonic
        self._met: dict[Shape, datetime] = {}
        self._totals: dict[Place, Standing] = {}
        self._generation = -1
        self._believed_until = -float("inf")
        self._told: set[tuple[str, str]] = set()

    async def learn(self, events: Sequence[Event]) -> None:
        """Returns once every name of these stored events is in the catalog, or beyond its caps."""
        await self._renew()
        fresh = self._fresh(events)
        if not fresh:
            return
        rooms = await self._rooms({group for group, _, _ in fresh})
        new: dict[bool, list[str]] = {False: [], True: []}
        known: list[str] = []
        for (group, trust, _), event in fresh.items():
            room = rooms[group]
            (new[room.partial] if trust in room.takers else known).append(event.id)
        await self._enter(new, known)
        if len(self._met) >= MOST_SHAPES:
            self._met.clear()
        self._met |= {shape: event.received for shape, event in fresh.items()}

    async def _enter(self, new: dict[bool, list[str]], known: list[str]) -> None:
        if new[False]:
            await self._catalog.learn(new[False])
        if new[True]:
            await self._catalog.learn(new[True], partial=self._generation)
        if known:
            await self._catalog.confirm(known)

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
        self._totals.clear()
        self._believed_until = asked + LEASE

    async def _rooms(self, groups: set[Group]) -> dict[Group, _Room]:
        """The room that each group has. Kept well above what is shown, so that the rule which names are shown (the
        first received) stays exact although collectors write at the same time."""
        standings = await self._catalog.standings(groups)
        places = {group[:2] for group in groups}
        totals = {place: await self._total(place) for place in places}
        events = {
            place: await self._catalog.events(*place) if self._lacks(place, groups, standings) else Standing()
            for place in places
        }
        return {
            group: self._room(group, standings.get(group, Standing()), events[group[:2]], totals[group[:2]])
            for group in groups
        }

    @staticmethod
    def _lacks(place: Place, groups: set[Group], standings: dict[Group, Standing]) -> bool:
        return any(group[:2] == place and not standings.get(group, Standing()).entered for group in groups)

    def _room(self, group: Group, standing: Standing, events: Standing, total: Standing) -> _Room:
        caps, kept = self._caps, self._caps.kept
        met = [_Cap("total", total, kept.total, caps.total), _Cap("names", standing, kept.names, caps.names)]
        if not standing.entered:
            met.append(_Cap("events", events, kept.events, caps.events))
        for cap in met:
            if cap.cuts:
                self._tell(group[0], cap)
        takers = frozenset(trust for trust in _TRUSTS if all(cap.takes(trust) for cap in met))
        return _Room(takers, standing.partial != WHOLE or len(takers) < len(_TRUSTS))

    async def _total(self, place: Place) -> Standing:
        """Counted once a lease, since it is all of the list."""
        if place not in self._totals:
            self._totals[place] = await self._catalog.total(*place)
        return self._totals[place]

    def _tell(self, scope: str, cap: _Cap) -> None:
        self._metrics.beyond_caps.labels(cap.kind).inc()
        if (scope, cap.kind) not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add((scope, cap.kind))
            log.warning("%s has more names than the catalog shows (%s)", scope, _CAPS[cap.kind] % cap.most)


def _shape(event: Event) -> Shape:
    names = "\0".join(sorted(event.properties))  # no name holds a NUL
    # ...but no properties, and one whose name is empty, are not the same.
    digest = hashlib.blake2b(f"{len(event.properties)}\0{names}".encode(), digest_size=16).digest()
    return ((event.scope, event.expire_at, event.name), event.trust, digest)
