"""``console.session``: who is logged in at the console, and which lists there are."""

from __future__ import annotations

from collector.commands.call import Answer, Call, Services
from collector.errors import Fault
from collector.model import Document, MailingList, user_scope


class ConsoleSession:
    """The handler of ``console.session``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[None, set[Fault]]:
        """Nothing beyond the schema."""
        return None, set()

    async def run(self, call: Call, content: None) -> Answer:
        """The user's lists, and whether there are events without one."""
        store, user = self._services.store, call.who.user
        store.require()
        lists = await store.lists.of_user(user.id)
        unlisted = await store.events.any_of(user_scope(user.id))
        return Answer(200, {"User": user.name, "Lists": [shown_list(one) for one in lists], "NoList": unlisted})


def shown_list(found: MailingList) -> Document:
    """A list as the console shows it."""
    return {"ListID": found.id, "Name": found.name, "TimeZone": found.time_zone}
