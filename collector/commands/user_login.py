"""``user.login``: a session for a name and a password (section 3 of the contract)."""

from __future__ import annotations

from datetime import timedelta

from collector.access.tokens import digest, new_token
from collector.commands.call import Answer, Call, Services
from collector.errors import Fault, Refusal


class UserLogin:
    """The handler of ``user.login``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[None, set[Fault]]:
        """Nothing beyond the schema."""
        return None, set()

    async def run(self, call: Call, content: None) -> Answer:
        """Verifies the password, in the same time for a name that nobody has."""
        self._services.store.require()
        found = await self._services.store.users.find(call.given["Username"])
        stored = found[1] if found else None
        if not await self._services.passwords.verify(stored, call.given["Password"]) or found is None:
            raise Refusal(Fault.INVALID_LOGIN)
        session = new_token("se")
        expires = self._services.clock() + timedelta(hours=self._services.settings.session_hours)
        await self._services.store.sessions.add(digest(session), found[0].id, expires)
        return Answer(200, {"Success": True, "SessionID": session})
