"""``website_events.catalog``: the events of a list and their properties, counted and described."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collector.catalog.examples import Examples
from collector.catalog.reader import Counted, EventCounted, Statistics
from collector.catalog.rollups import Rolled
from collector.catalog.similar import similar
from collector.commands.asked import says_yes
from collector.commands.call import Answer, Call, Services
from collector.commands.whose import asked_list, scope_of
from collector.errors import Fault
from collector.model import Document
from collector.zones import day_edges, zone_named

DAYS = 30
_NEW = timedelta(days=7)
_AT_A_TIME = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: ``list_id`` None is the user's events without a list, ``event`` None all events."""

    scope: str
    list_id: int | None
    zone: ZoneInfo
    event: str | None
    examples: bool


class WebsiteEventsCatalog:
    """The handler of ``website_events.catalog``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._examples = Examples(services.store.newest)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Asked | None, set[Fault]]:
        """Finds list and time zone; another user's list is as unknown as one that does not exist."""
        given = call.given
        found, wrong = await asked_list(call, self._services.directory, faults)
        zone = zone_named(given.get("TimeZone", found.time_zone if found else "UTC"))
        if zone is None:
            return None, wrong | {Fault.INVALID_TIME_ZONE}
        event, examples = given.get("Event"), says_yes(given.get("Examples"))
        list_id, scope = (found.id if found else None), scope_of(found, call)
        return Asked(scope, list_id, zone, event, examples and event is not None), wrong

    async def run(self, call: Call, content: Asked) -> Answer:
        """Reads the catalog, and what it has been counted to."""
        self._services.store.require()
        found = await self._services.reader.statistics(content.scope, content.event)
        edges = day_edges(call.received.astimezone(content.zone).date(), DAYS, content.zone)
        rolled = await self._services.rollups.counts(content.scope, list(found.by_event), edges, bots=False)
        body = {
            "ListID": content.list_id,
            "TimeZone": content.zone.key,
            "Truncated": found.truncated,
            "Pending": self._services.pending(),
            "Lag": found.lag,
            "Complete": rolled.complete,
            "Days": [edge.date().isoformat() for edge in edges[:-1]],
            "Events": await self._described(call, content, found, rolled),
        }
        return Answer(200, body)

    async def _described(self, call: Call, content: Asked, found: Statistics, rolled: Rolled) -> list[Document]:
        describing, alike = _Describing(call.received - _NEW), similar(found.names)
        events: list[Document] = []
        for name, counted in found.by_event.items():
            if len(events) % _AT_A_TIME == 0:
                await asyncio.sleep(0)  # others are served meanwhile: a catalog may have 100,000 names
            event = describing.event(name, counted, rolled.counts[name], alike.get(name, ()))
            if content.examples:
                await self._exemplify(content, event["Properties"], counted.all.last or call.received)
            events.append(event)
        return events

    async def _exemplify(self, content: Asked, properties: list[Document], until: datetime) -> None:
        assert content.event is not None
        names = [row["Property"] for row in properties]
        found = await self._examples.of(content.scope, content.event, names, until)
        for row in properties:
            row["Examples"] = found[row["Property"]]


class _Describing:
    """Says of events and properties what has been counted of them.

    Args:
        since: what came since then for the first time is new.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._similar: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def event(self, name: str, counted: EventCounted, days: Sequence[int], alike: Sequence[str]) -> Document:
        """An event, its numbers by day, and its properties."""
        described = self._said(counted.all, alike)
        return {"Event": name, **described, "Days": days, "Properties": self._properties(counted)}

    def _properties(self, counted: EventCounted) -> list[Document]:
        alike, events = self._alike(tuple(counted.names)), counted.all.events
        return [
            {
                "Property": name,
                **self._said(row, alike.get(name, ())),
                "Share": min(row.events / events, 1.0) if events else 0.0,
                "Types": {kind: number for kind, number in row.types.items() if number},
            }
            for name, row in counted.names.items()
        ]

    def _alike(self, names: tuple[str, ...]) -> dict[str, list[str]]:
        """Of names that many events share it is found out once."""
        if names not in self._similar:
            self._similar[names] = similar(names)
        return self._similar[names]

    def _said(self, counted: Counted, alike: Sequence[str]) -> Document:
        """What is said of an event and of a property alike. What has not been counted yet came just now."""
        return {
            "Count": counted.events,
            "Bots": counted.bots,
            "AtLeast": counted.at_least,
            "FirstSeen": _moment(counted.first),
            "LastSeen": _moment(counted.last),
            "New": counted.first is None or counted.first >= self._since,
            "Similar": list(alike),
        }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
