"""Keys, sessions and lists, looked up in MongoDB and remembered for a moment, and for long while MongoDB is away.

A moment is short enough for a revoked key to end in time (5 s), and long enough to spare a busy site the look-ups. What
is in use is looked up again ahead of its end, so that no request waits.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cachetools import FIFOCache

from collector.access.known import MOST, Known
from collector.access.known_file import Entry, Name
from collector.access.tokens import digest
from collector.model import Caller, MailingList
from collector.storage.connection import Store
from collector.storage.guard import StoreAway, within
from collector.storage.keys import key_of

_PATIENCE = 2.0
"""Seconds that a look-up may take."""
_USE_NOTED_EVERY = timedelta(minutes=1)

Found = tuple[Any, float | None]
"""What MongoDB has, and when it ends, in seconds since 1970."""


class Directory:
    """Knows callers and lists.

    Args:
        store: where they are kept.
        known: what is known of them.
        breaks: whether what is known serves while MongoDB is away, for events that can be kept meanwhile.
    """

    def __init__(self, store: Store, known: Known, breaks: bool) -> None:
        self._store = store
        self._known = known
        self._breaks = breaks
        # By their texts, in memory alone: so that a request needs no digest.
        self._texts: dict[str, FIFOCache[str, Entry]] = {"key": FIFOCache(MOST), "session": FIFOCache(MOST)}
        self._asking: dict[Name, asyncio.Task[Entry | None]] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def by_key(self, key: str) -> Caller | None:
        """The caller with this key; None for one that is unknown or revoked.

        Raises:
            StoreAway: MongoDB is away, and the key is not known from before.
        """
        entry = await self._by_text("key", key)
        return entry.value if entry else None

    async def by_session(self, session: str) -> Caller | None:
        """The caller with this session; None for one that is unknown or has ended.

        Raises:
            StoreAway: MongoDB is away, and the session is not known from before.
        """
        entry = await self._by_text("session", session)
        return entry.value if entry and not self._known.ended(entry) else None

    async def list_of(self, list_id: int, caller: Caller) -> MailingList | None:
        """A list, where it is the caller's.

        Raises:
            StoreAway: MongoDB is away, and the list is not known from before.
        """
        entry = self._known.get(("list", list_id))
        if entry is None or time.monotonic() >= entry.due:
            entry = await self._current(("list", list_id))
        return entry.value if entry and entry.value.user_id == caller.user.id else None

    def owns(self, list_id: int, caller: Caller) -> bool:
        """Whether a list is known to be the caller's, without asking."""
        entry = self._known.get(("list", list_id))
        return entry is not None and entry.value.user_id == caller.user.id

    def end_session(self, session: str) -> None:
        """Has a session that MongoDB no longer knows end at once in this process."""
        self._known.forget(("session", digest(session)))

    async def close(self) -> None:
        """Returns once nothing is under way, and what is known is written."""
        while under_way := [task for task in (*self._noting, *self._asking.values()) if not task.done()]:
            await asyncio.wait(under_way)
        await self._known.close()

    async def _by_text(self, kind: str, text: str) -> Entry | None:
        texts = self._texts[kind]
        entry: Entry | None = texts.get(text)
        if entry is not None and time.monotonic() < entry.due:
            return entry
        entry = await self._current(entry.name if entry else (kind, digest(text)))
        if entry is None:
            texts.pop(text, None)
        else:
            texts[text] = entry
        return entry

    async def _current(self, name: Name) -> Entry | None:
        """What is known now: what is remembered, while it is looked up again, or what a look-up says."""
        self._known.belongs_to(self._store.deployment)
        if self._store.health.away:
            return await self._from_before(name)
        entry, now = self._known.get(name), time.monotonic()
        if entry is not None and now < entry.until:
            if now >= entry.due:  # else it was said just now, to requests that have not gone on yet
                self._begun(name)
            return entry
        try:
            return await self._asked(name)
        except StoreAway:
            if not self._breaks:
                raise
            return await self._from_before(name)

    async def _from_before(self, name: Name) -> Entry:
        entry = self._known.get(name)
        if entry is None or not self._known.counts(entry):
            await self._known.ask_others()
            entry = self._known.get(name)
        if entry is None or not self._known.counts(entry):
            raise StoreAway(f"a {name[0]} is not known from before")
        return entry

    async def _asked(self, name: Name) -> Entry | None:
        """What a look-up says, which requests of one moment share. One that began before, and found nothing, may have
        missed what was made just now: it is done once more."""
        if running := self._asking.get(name):
            entry = await asyncio.shield(running)
            if entry is not None:
                return entry
        return await asyncio.shield(self._begun(name))

    def _begun(self, name: Name) -> asyncio.Task[Entry | None]:
        """The look-up that is under way, or a new one."""
        task = self._asking.get(name)
        if task is None:
            task = self._asking[name] = asyncio.create_task(self._ask(name))
            task.add_done_callback(_seen)
        return task

    async def _ask(self, name: Name) -> Entry | None:
        asked = time.monotonic()
        try:
            with within(_PATIENCE):
                found = await self._find(name)
        except StoreAway as error:
            if self._breaks:
                self._store.health.lost(error)
            raise
        finally:
            del self._asking[name]
        if found is not None:
            return self._known.confirm(name, *found, asked)
        if self._known.get(name) is not None:
            self._known.forget(name)
        return None

    async def _find(self, name: Name) -> Found | None:
        kind, value = name
        if kind == "list":
            found = await self._store.lists.get(int(value))
            return (found, None) if found else None
        return await (self._find_key(str(value)) if kind == "key" else self._find_session(str(value)))

    async def _find_key(self, hashed: str) -> Found | None:
        row = await self._store.keys.find(hashed)
        user = await self._store.users.get(row["user_id"]) if row else None
        if row is None or user is None:
            return None
        self._note_use(hashed, row["last_used"])
        key = key_of(row, user)
        return Caller(user, key.permissions, key), None

    async def _find_session(self, hashed: str) -> Found | None:
        session = await self._store.sessions.find(hashed)
        user = await self._store.users.get(session[0]) if session else None
        return (Caller(user, user.permissions), session[1].timestamp()) if session and user else None

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


def _seen(task: asyncio.Task[Entry | None]) -> None:
    """Of a look-up ahead of time nobody may wait: its failure is told by the next one."""
    if not task.cancelled():
        task.exception()
