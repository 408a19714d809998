"""``event.track``: one event, durable before it is answered (section 5 of the contract)."""

from __future__ import annotations

from collector.commands.call import Answer, Call, Services
from collector.commands.showing import Showing
from collector.commands.tracking import Tracking, success
from collector.errors import Fault, Refusal
from collector.ingest.admission import Admitted


class EventTrack:
    """The handler of ``event.track``."""

    def __init__(self, services: Services) -> None:
        self._tracking = Tracking(services)
        self._showing = Showing(services)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Admitted | None, set[Fault]]:
        """Admits the event and finds its list. Raises ``StoreAway`` where a list is not known from before."""
        found = await self._tracking.listed(call.given.get("ListID"), call.who)
        return self._tracking.admitted(call.given, faults, call, found)

    async def run(self, call: Call, content: Admitted) -> Answer:
        """Stores the event, or, of a test event, only says so."""
        (result,) = await self._tracking.stored([content], call)
        if isinstance(result, Refusal):
            raise result
        self._showing.settled(content, result, call.request.parameters if call.request else {})
        return Answer(200, success(content.event, result))
