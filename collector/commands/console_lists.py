"""``console.list_create`` and ``console.list_update``: a user's own lists, by the console."""

from __future__ import annotations

from collector.access.administration import Administration, checked_name, checked_zone
from collector.commands.call import Answer, Call, Services
from collector.commands.console_session import shown_list
from collector.commands.whose import asked_list
from collector.errors import Fault, StartupError
from collector.model import MailingList


class ConsoleListCreate:
    """The handler of ``console.list_create``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._administration = Administration(services.store)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[None, set[Fault]]:
        """Reads name and time zone."""
        return None, _wrong(call)

    async def run(self, call: Call, content: None) -> Answer:
        """Makes the list."""
        self._services.store.require()
        zone = call.given.get("TimeZone", "UTC")
        made = await self._administration.create_list(call.given["Name"], call.who.user.name, time_zone=zone)
        return Answer(200, shown_list(made))


class ConsoleListUpdate:
    """The handler of ``console.list_update``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._administration = Administration(services.store)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[MailingList | None, set[Fault]]:
        """Finds the list; another user's is as unknown as one that does not exist."""
        found, unlisted = await asked_list(call, self._services.directory, faults)
        return found, unlisted | _wrong(call)

    async def run(self, call: Call, content: MailingList) -> Answer:
        """Changes what is given, of the list as it is now."""
        self._services.store.require()
        name, zone = call.given.get("Name"), call.given.get("TimeZone")
        return Answer(200, shown_list(await self._administration.update_list(content.id, name=name, time_zone=zone)))


def _wrong(call: Call) -> set[Fault]:
    """What the schema does not say of names and zones."""
    wrong = set()
    for name, check, fault in (
        ("Name", checked_name, Fault.INVALID_NAME),
        ("TimeZone", checked_zone, Fault.INVALID_TIME_ZONE),
    ):
        value = call.given.get(name)
        try:
            if isinstance(value, str):
                check(value)
        except StartupError:
            wrong.add(fault)
    return wrong
