"""``user.logout``: ends a session (section 3 of the contract)."""

from __future__ import annotations

from typing import Any

from collector.access.tokens import digest
from collector.commands.call import Answer, Call, Services
from collector.errors import Fault, Refusal


class UserLogout:
    """The handler of ``user.logout``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[str, set[Fault]]:
        """The session; one that cannot be is like one that has ended."""
        session: Any = call.given.get("SessionID")
        return (session if isinstance(session, str) else ""), set()

    async def run(self, call: Call, content: str) -> Answer:
        """Ends it, at once in this process and within a moment in others."""
        self._services.store.require()
        if not await self._services.store.sessions.end(digest(content)):
            raise Refusal(Fault.AUTHENTICATION)
        self._services.directory.end_session(content)
        return Answer(200, {"Success": True})
