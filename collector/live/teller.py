"""Telling those who watch what became of events: in the background, bounded, and given up where MongoDB is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from collector.storage.guard import StoreAway, within
from collector.storage.health import Health
from collector.storage.live import Live, Part

log = logging.getLogger("collector.live")

ASK_SECONDS = 1.0
PAUSE = 0.4
"""Seconds between two writes for those who watch."""
ROOM = 25
"""Notices of one scope that are written at a time, of either kind: some 60 a second a process. Others are counted."""
_RECENT = 50
"""Notices of either kind that nobody is known to want, and that are kept until it is asked who does."""
_FORGOTTEN = 30.0
"""Seconds after which an answer about who watches no longer holds, where MongoDB gives none."""
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of an event. ``rare`` are those that leave no trace elsewhere, and have a room of their own;
    ``text`` makes the JSON of it, if anybody wants it."""

    scope: str
    rare: bool
    text: Callable[[], str]
    at: float = field(default_factory=time.monotonic)


class Room:
    """What waits to be told of one scope: the newest, and how many others there were."""

    def __init__(self) -> None:
        self._notices: dict[bool, deque[Notice]] = {rare: deque(maxlen=ROOM) for rare in (False, True)}
        self.left_out = 0

    def add(self, notice: Notice) -> None:
        """Takes a notice; the oldest of its kind goes where there is no room."""
        kind = self._notices[notice.rare]
        self.left_out += len(kind) == ROOM
        kind.append(notice)

    def empty(self) -> tuple[list[Notice], int]:
        """What waits, in the order in which it happened, and how many were left out; nothing waits then."""
        notices = sorted((notice for kind in self._notices.values() for notice in kind), key=lambda notice: notice.at)
        left_out, self.left_out = self.left_out, 0
        for kind in self._notices.values():
            kind.clear()
        return notices, left_out

    def __bool__(self) -> bool:
        return bool(self.left_out or any(self._notices.values()))


class Teller:
    """Tells.

    Args:
        live: where it is told.
        health: whether MongoDB is taken to be there.
    """

    def __init__(self, live: Live, health: Health) -> None:
        self._live = live
        self._health = health
        self._rooms: dict[str, Room] = {}
        self._recent: dict[bool, deque[Notice]] = {rare: deque(maxlen=_RECENT) for rare in (False, True)}
        self._news = False
        self._asked = self._answered = -ASK_SECONDS
        self._working: asyncio.Task[None] | None = None

    def tell(self, notice: Notice) -> None:
        """Takes a notice, and returns at once."""
        room = self._rooms.get(notice.scope)
        if room is None:
            self._recent[notice.rare].append(notice)
        else:
            room.add(notice)
        self._news = True
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    def leave_out(self, scope: str, notices: int) -> None:
        """Counts what is not told."""
        room = self._rooms.get(scope)
        if room is not None:
            room.left_out += notices

    async def close(self) -> None:
        """Stops; what waits is not told any more."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait((self._working,))

    async def _work(self) -> None:
        """Asks and tells until there is nothing new. Of nothing that goes wrong here anybody else is to suffer."""
        try:
            while self._news or any(self._rooms.values()):
                await asyncio.sleep(self._wait())
                try:
                    with within(_PATIENCE):
                        await self._turn()
                except StoreAway:
                    self._forget()
        except Exception:
            log.exception("those who watch cannot be told")
        finally:
            self._working = None

    def _wait(self) -> float:
        """While somebody watches, a pause; else until it is time to ask again."""
        due = max(self._asked + ASK_SECONDS - time.monotonic(), 0.0)
        return min(due, PAUSE) if self._rooms else due

    async def _turn(self) -> None:
        if time.monotonic() - self._asked >= ASK_SECONDS:
            await self._ask()
        if not self._health.away:
            await self._tell()

    async def _ask(self) -> None:
        self._asked, self._news = time.monotonic(), False
        if self._health.away:
            self._forget()
            return
        watched = await self._live.watched()
        self._answered = time.monotonic()
        self._rooms = {scope: self._rooms[scope] if scope in self._rooms else Room() for scope in watched}
        self._catch_up()

    def _catch_up(self) -> None:
        """Puts what has happened since a watcher came, or just before, into its room, and forgets the rest of it: who
        comes after the question was asked need not know what happened before."""
        for rare, notices in self._recent.items():
            wanted = [notice for notice in notices if notice.scope in self._rooms]
            for notice in wanted:
                self._rooms[notice.scope].add(notice)
            left = (notice for notice in notices if notice.at >= self._asked and notice.scope not in self._rooms)
            self._recent[rare] = deque(left, maxlen=_RECENT)

    async def _tell(self) -> None:
        parts = []
        for scope, room in self._rooms.items():
            if room:
                notices, left_out = room.empty()
                parts.append(Part(scope, [notice.text() for notice in notices], left_out))
        if parts:
            await self._live.add(parts)

    def _forget(self) -> None:
        """Nobody is told any more, who has not been heard of for long."""
        for notices in self._recent.values():
            notices.clear()
        if time.monotonic() - self._answered > _FORGOTTEN:
            self._rooms = {}
