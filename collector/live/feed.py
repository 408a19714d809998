"""What the streams of this process show: read from MongoDB for all of them together, and only while there are any."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.storage.guard import StoreAway, within
from collector.storage.live import Live, Row

log = logging.getLogger("collector.live")

_PAUSE = 0.4
_PAUSE_AWAY = 1.0
_WATCH_SECONDS = 3.0
"""How often is said again that somebody watches."""
_OVERLAP = timedelta(seconds=3)
"""How late a row may come to be seen, after the moment that it bears."""
_MOST_WAITING = 500
_PATIENCE = 2.0


class Item(NamedTuple):
    """Something for a stream: notices, how many were left out, and whether MongoDB has gone away, or come back; None
    where nothing has changed about that."""

    notices: Sequence[str] = ()
    left_out: int = 0
    away: bool | None = None


class Stream:
    """What one reader is to see of some scopes. One that reads too slowly misses something, and is told how much."""

    def __init__(self, scopes: Iterable[str], owner: str) -> None:
        self.scopes = frozenset(scopes)
        self.owner = owner
        self.ended = False
        self._waiting: deque[Item] = deque()
        self._left_out = 0
        self._news = asyncio.Event()

    def put(self, item: Item) -> None:
        """Takes an item for the reader."""
        if len(self._waiting) >= _MOST_WAITING:
            self._left_out += len(item.notices) + item.left_out
            item = Item(away=item.away)
        if item != Item():
            self._waiting.append(item)
            self._news.set()

    def end(self) -> None:
        """There will be no more."""
        self.ended = True
        self._news.set()

    async def take(self, seconds: float) -> list[Item]:
        """What there is, or will be within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return []
        self._news.clear()
        items = [*self._waiting, *([Item(left_out=self._left_out)] if self._left_out else [])]
        self._waiting.clear()
        self._left_out = 0
        return items


class Feed:
    """Feeds streams.

    Args:
        live: where notices are read.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._streams: set[Stream] = set()
        self._seen: dict[str, datetime] = {}
        self._since: datetime | None = None
        self._watched: frozenset[str] = frozenset()
        self._said = 0.0
        self.away = False
        self._reading: asyncio.Task[None] | None = None

    def open_of(self, owner: str) -> int:
        """How many streams of an owner are open."""
        return sum(stream.owner == owner for stream in self._streams)

    async def open(self, scopes: Iterable[str], owner: str = "") -> Stream:
        """A new stream. What happens from now on, anywhere, will be in it, or is stored already."""
        stream = Stream(scopes, owner)
        self._streams.add(stream)
        try:
            with within(_PATIENCE):
                await self._say()
        except StoreAway:
            self._turn(away=True)
            stream.put(Item(away=True))
        else:
            self._turn(away=False)  # those before may all have gone while it was away
        if self._reading is None and self._streams:
            self._reading = asyncio.create_task(self._read())
        return stream

    def close(self, stream: Stream) -> None:
        """Ends a stream."""
        self._streams.discard(stream)
        stream.end()

    async def end(self) -> None:
        """Ends all streams."""
        for stream in [*self._streams]:
            self.close(stream)
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait((self._reading,))

    async def _read(self) -> None:
        try:
            while self._streams:
                await asyncio.sleep(_PAUSE_AWAY if self.away else _PAUSE)
                await self._once()
        except Exception:
            log.exception("what happens cannot be shown")
            for stream in [*self._streams]:
                self.close(stream)  # its reader comes again
        finally:
            self._reading, self._since = None, None

    async def _once(self) -> None:
        try:
            with within(_PATIENCE):
                if self._is_due():
                    await self._say()
                rows = await self._new_rows()
        except StoreAway:
            self._turn(away=True)
            return
        self._turn(away=False)
        for row in rows:
            for stream in self._streams:
                if row.scope in stream.scopes:
                    stream.put(Item(row.notices, row.left_out))

    def _is_due(self) -> bool:
        said = self._since is not None and self._scopes() <= self._watched
        return self.away or not said or time.monotonic() - self._said >= _WATCH_SECONDS

    def _scopes(self) -> frozenset[str]:
        return frozenset().union(*(stream.scopes for stream in self._streams))

    async def _say(self) -> None:
        """Says who watches, and learns what time it is there."""
        scopes = self._scopes()
        if not scopes:
            return
        now = await self._live.watch(scopes)
        self._watched, self._said = scopes, time.monotonic()
        if self._since is None:
            self._since = now

    async def _new_rows(self) -> list[Row]:
        """The rows that were not seen before. Their moments are the server's, and a row may be seen after a later
        one."""
        if self._since is None:
            return []
        begin = self._since - _OVERLAP
        self._seen = {key: at for key, at in self._seen.items() if at >= begin}
        rows = await self._live.since(self._watched, begin, [*self._seen])
        for row in rows:
            self._seen[row.id] = row.at
            self._since = max(self._since, row.at)
        return rows

    def _turn(self, away: bool) -> None:
        if away != self.away:
            self.away = away
            for stream in self._streams:
                stream.put(Item(away=away))
