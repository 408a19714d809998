"""``website_events.values``: the values of one property."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collector.commands.asked import Asked, Asking, name_of, number_of
from collector.commands.call import Answer, Call, Services
from collector.commands.shown import iso
from collector.errors import Fault
from collector.questions.distribution import Distribution, distribution
from collector.questions.gathering import Extent

VALUES, MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Content:
    """What is asked: a property's most frequent values, so many."""

    asked: Asked
    property: str
    limit: int


class WebsiteEventsValues:
    """The handler of ``website_events.values``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = Asking(services.directory)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads what is asked. Raises ``StoreAway`` where a list is not known from before."""
        asked, wrong = await self._asking.read(call, faults)
        name, unnamed = name_of(call.given, "Property", Fault.MISSING_PROPERTY)
        limit = number_of(call.given.get("Limit"), VALUES, MOST, wrong)
        wrong |= unnamed
        if asked is None or name is None or limit is None or wrong:
            return None, wrong
        return Content(asked, name, limit), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """Looks at the events."""
        self._services.store.require()
        store, seconds = self._services.store, self._services.settings.question_seconds
        found, extent = await distribution(store.questions, content.asked.selection, content.property, seconds)
        return Answer(200, _shown(content, found, extent))


def _shown(content: Content, found: Distribution, extent: Extent) -> dict[str, Any]:
    return {
        "ListID": content.asked.list_id,
        "Event": content.asked.selection.event,
        "Property": content.property,
        "From": iso(extent.start),
        "To": iso(content.asked.selection.end),
        "Events": found.all.events,
        "Missing": found.all.missing,
        "Distinct": found.all.distinct,
        "Values": [{"Value": counted.value, "Count": counted.count} for counted in found.all.top(content.limit)],
        "Numbers": found.numbers.summary(),
        "Exact": found.exact,
        "Scanned": extent.scanned,
        "Complete": extent.complete,
    }
