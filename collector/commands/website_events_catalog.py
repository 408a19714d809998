"""``website_events.catalog``: the events of a list and their properties, counted and described."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from collector.catalog.examples import Examples
from collector.catalog.reader import Counted, EventCounted
from collector.catalog.similar import similar
from collector.commands.asked import says_yes
from collector.commands.call import Answer, Call, Services
from collector.commands.whose import asked_list, scope_of
from collector.errors import Fault
from collector.model import Document
from collector.zones import day_edges, zone_named

DAYS = 30
_NEW = timedelta(days=7)


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
        found = await self._services.reader.statistics(content.scope)
        names = [event for event in found.by_event if content.event in (None, event)]
        today = call.received.astimezone(content.zone).date()
        edges = day_edges(today, DAYS, content.zone)
        rolled = await self._services.rollups.counts(content.scope, names, edges, bots=False)
        alike = similar(found.by_event)
        events = []
        for name in names:
            counted, since = found.by_event[name], call.received - _NEW
            properties = _properties(counted, since)
            if content.examples:
                await self._exemplify(content, properties, counted.all.last or call.received)
            described = _described(counted.all, since, alike.get(name, ()))
            events.append({"Event": name, **described, "Days": rolled.counts[name], "Properties": properties})
            await asyncio.sleep(0)  # others are served meanwhile: a catalog may have 100,000 names
        body = {
            "ListID": content.list_id,
            "TimeZone": content.zone.key,
            "Truncated": found.truncated,
            "Pending": self._services.pending(),
            "Lag": found.lag,
            "Complete": rolled.complete,
            "Days": [edge.date().isoformat() for edge in edges[:-1]],
            "Events": events,
        }
        return Answer(200, body)

    async def _exemplify(self, content: Asked, properties: list[Document], until: datetime) -> None:
        assert content.event is not None
        names = [row["Property"] for row in properties]
        found = await self._examples.of(content.scope, content.event, names, until)
        for row in properties:
            row["Examples"] = found[row["Property"]]


def _properties(counted: EventCounted, since: datetime) -> list[Document]:
    alike, events = similar(counted.names), counted.all.events
    return [
        {
            "Property": name,
            **_described(row, since, alike.get(name, ())),
            "Share": min(row.events / events, 1.0) if events else 0.0,
            "Types": {kind: number for kind, number in row.types.items() if number},
        }
        for name, row in counted.names.items()
    ]


def _described(counted: Counted, since: datetime, alike: Sequence[str]) -> dict[str, Any]:
    """What is said of an event and of a property alike. What has not been counted yet came just now."""
    return {
        "Count": counted.events,
        "Bots": counted.bots,
        "AtLeast": counted.at_least,
        "FirstSeen": _moment(counted.first),
        "LastSeen": _moment(counted.last),
        "New": counted.first is None or counted.first >= since,
        "Similar": list(alike),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
