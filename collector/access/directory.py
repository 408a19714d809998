"""Keys, sessions and lists, looked up in MongoDB and remembered for a moment.

A moment is short enough for a revoked key to end in time (5 s), and long enough to spare a busy site the look-ups.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cachetools import TTLCache

from collector.access.tokens import digest
from collector.model import Caller, MailingList
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from collector.storage.keys import key_of

MOMENT = 4.0
"""Seconds for which an answer of MongoDB is believed."""
MOST = 10_000
_USE_NOTED_EVERY = timedelta(minutes=1)
_ASK = object()


class Directory:
    """Knows callers and lists.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: TTLCache[tuple[str, str | int], Any] = TTLCache(MOST, MOMENT)
        self._noting: set[asyncio.Task[None]] = set()

    async def by_key(self, key: str) -> Caller | None:
        """The caller with this key; None for one that is unknown or revoked.

        Raises:
            StoreAway: it is not remembered, and MongoDB is away.
        """
        caller: Caller | None = await self._remembered(("key", digest(key)), self._find_key)
        return caller

    async def by_session(self, session: str) -> Caller | None:
        """The caller with this session; None for one that is unknown or has ended."""
        caller: Caller | None = await self._remembered(("session", digest(session)), self._find_session)
        return caller

    async def list_of(self, list_id: int, caller: Caller) -> MailingList | None:
        """A list, where it is the caller's."""
        found = await self._remembered(("list", list_id), self._store.lists.get)
        return found if found and found.user_id == caller.user.id else None

    def end_session(self, session: str) -> None:
        """Has a session that MongoDB no longer knows end at once in this process."""
        self._known[("session", digest(session))] = None

    async def close(self) -> None:
        """Returns once nothing is under way."""
        if self._noting:
            await asyncio.wait(self._noting)

    async def _remembered(self, name: tuple[str, Any], find: Callable[[Any], Awaitable[Any]]) -> Any:
        found = self._known.get(name, _ASK)
        if found is _ASK:
            found = await find(name[1])
            if found is not None:  # what is unknown is not remembered: a key made now must work now
                found = self._known.setdefault(name, found)  # a session that has ended meanwhile stays ended
        return found

    async def _find_key(self, hashed: str) -> Caller | None:
        row = await self._store.keys.find(hashed)
        user = await self._store.users.get(row["user_id"]) if row else None
        if row is None or user is None:
            return None
        self._note_use(hashed, row["last_used"])
        key = key_of(row, user)
        return Caller(user, key.permissions, key)

    async def _find_session(self, hashed: str) -> Caller | None:
        user_id = await self._store.sessions.user_of(hashed)
        user = await self._store.users.get(user_id) if user_id is not None else None
        return Caller(user, user.permissions) if user else None

    def _note_use(self, hashed: str, last: datetime | None) -> None:
        """Notes a key's use beside the request, which does not wait for it."""
        now = datetime.now(UTC)
        if last is not None and now - last < _USE_NOTED_EVERY:
            return
        task = asyncio.create_task(self._used(hashed, now))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _used(self, hashed: str, at: datetime) -> None:
        try:
            await self._store.keys.used(hashed, at)
        except StoreAway:
            return  # the next use says it again
