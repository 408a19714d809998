"""``console.live``: what somebody at the console may watch."""

from __future__ import annotations

from collector.commands.call import Answer, Call, Services
from collector.commands.showing import anywhere
from collector.commands.whose import asked_list, scope_of
from collector.errors import Fault
from collector.model import MailingList


class ConsoleLive:
    """The handler of ``console.live``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[MailingList | None, set[Fault]]:
        """Finds the list; another user's is as unknown as one that does not exist."""
        return await asked_list(call, self._services.directory, faults)

    async def run(self, call: Call, content: MailingList | None) -> Answer:
        """The scopes: the list's, or that of what has none; and what names none of the user's lists."""
        return Answer(200, {"Scopes": [scope_of(content, call), anywhere(call.who.user.id)]})
