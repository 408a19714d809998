"""``console.keys``, ``key_create``, ``key_revoke`` and ``key_origins``: a user's own keys, by the console."""

from __future__ import annotations

from typing import Any

from collector.access.administration import Administration, checked_origins
from collector.access.tokens import prefix
from collector.commands.call import Answer, Call, Services
from collector.commands.shown import iso
from collector.commands.whose import asked_list
from collector.errors import Fault, Refusal, StartupError
from collector.model import Document, Key, MailingList
from collector.storage.keys import KeyRow


class ConsoleKeys:
    """The handler of ``console.keys``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[MailingList | None, set[Fault]]:
        """Finds the list; without one, all keys are asked for."""
        return await asked_list(call, self._services.directory, faults)

    async def run(self, call: Call, content: MailingList | None) -> Answer:
        """The keys that work for the list: its own, and those that are bound to none."""
        self._services.store.require()
        rows = await self._services.store.keys.of_user(call.who.user)
        return Answer(200, {"Keys": [_shown(row) for row in rows if _serves(row.key, content)]})


class ConsoleKeyCreate:
    """The handler of ``console.key_create``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._administration = Administration(services.store)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[MailingList | None, set[Fault]]:
        """Finds the list, which a public key needs, and reads the origins, which a secret one has not."""
        found, unlisted = await asked_list(call, self._services.directory, faults)
        public = call.given.get("Kind") == "public"
        return found, unlisted | (_wrong_origins(call) if public else set())

    async def run(self, call: Call, content: MailingList | None) -> Answer:
        """Makes the key, whose text is shown this once. A secret one may be for all lists, and for events without."""
        self._services.store.require()
        name = call.who.user.name
        if content and call.given["Kind"] == "public":
            text, key = await self._administration.create_public_key(name, content.id, call.given["Origins"])
        else:
            text, key = await self._administration.create_secret_key(name, list_id=content.id if content else None)
        return Answer(200, {"Key": text, "Prefix": key.prefix})


class _OfKey:
    """What is done with a key that there is."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._administration = Administration(services.store)

    async def _own(self, call: Call) -> Key:
        """The key that is named.

        Raises:
            Refusal: there is none, or it is another user's, which is the same.
        """
        self._services.store.require()
        named = prefix(call.given["Prefix"])
        rows = await self._services.store.keys.of_user(call.who.user)
        found = next((row.key for row in rows if row.key.prefix == named), None)
        if found is None:
            raise Refusal(Fault.KEY_NOT_FOUND)
        return found


class ConsoleKeyRevoke(_OfKey):
    """The handler of ``console.key_revoke``."""

    async def check(self, call: Call, faults: set[Fault]) -> tuple[None, set[Fault]]:
        """Nothing beyond the schema."""
        return None, set()

    async def run(self, call: Call, content: None) -> Answer:
        """Ends the key."""
        key = await self._own(call)
        await self._administration.revoke_key(key.prefix)
        return Answer(200, {"Prefix": key.prefix, "Revoked": True})


class ConsoleKeyOrigins(_OfKey):
    """The handler of ``console.key_origins``."""

    async def check(self, call: Call, faults: set[Fault]) -> tuple[None, set[Fault]]:
        """Reads the origins."""
        return None, _wrong_origins(call)

    async def run(self, call: Call, content: None) -> Answer:
        """Replaces the origins of a public key; a secret one has none."""
        key = await self._own(call)
        if key.trust != "public":
            raise Refusal(Fault.KEY_NOT_FOUND)
        origins = await self._administration.set_origins(key, call.given["Origins"])
        return Answer(200, {"Prefix": key.prefix, "Origins": list(origins)})


def _wrong_origins(call: Call) -> set[Fault]:
    given: Any = call.given.get("Origins")
    if not isinstance(given, list) or not all(isinstance(origin, str) for origin in given):
        return {Fault.INVALID_ORIGINS}
    try:
        checked_origins(given)
    except StartupError:
        return {Fault.INVALID_ORIGINS}
    return set()


def _serves(key: Key, mailing_list: MailingList | None) -> bool:
    return mailing_list is None or key.list_id in (None, mailing_list.id)


def _shown(row: KeyRow) -> Document:
    key = row.key
    return {
        "Prefix": key.prefix,
        "Kind": key.trust,
        "ListID": key.list_id,
        "Origins": list(key.origins),
        "Permissions": sorted(key.permissions),
        "RateLimit": key.rate_limit,
        "Created": iso(row.created),
        "LastUsed": row.last_used and iso(row.last_used),
    }
