"""``website_events.properties``: what is tracked in a list (section 7 of the contract)."""

from __future__ import annotations

from collector.commands.call import Answer, Call, Services
from collector.commands.tracking import list_number
from collector.errors import Fault
from collector.model import MailingList, list_scope


class WebsiteEventsProperties:
    """The handler of ``website_events.properties``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[MailingList | None, set[Fault]]:
        """Finds the list; another user's is as unknown as one that does not exist."""
        list_id = list_number(call.given.get("ListID"))  # None too for a number beyond all lists
        found = None if list_id is None else await self._services.directory.list_of(list_id, call.who)
        return found, (set() if found or faults else {Fault.LIST_NOT_FOUND})

    async def run(self, call: Call, content: MailingList) -> Answer:
        """Reads the catalog."""
        self._services.store.require()
        found = await self._services.reader.properties(list_scope(content.id))
        headers = {"X-Footfall-Truncated": "true"} if found.truncated else {}
        if pending := self._services.pending():
            headers["X-Footfall-Pending"] = str(pending)
        return Answer(200, {"ListID": content.id, "Properties": found.by_event}, headers)
