"""What this process knows of keys, sessions and lists: in memory, and in a file for outages and for starts in one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cachetools import FIFOCache

from collector.access.known_file import FILE, Content, Entry, Name, files, lately, read, write
from collector.storage.opening import Deployment

log = logging.getLogger("collector.access")

MOMENT = 4.0
"""Seconds for which an answer of MongoDB is believed, from when it was asked."""
REFRESH = 3.0
"""Seconds after which it is asked again, while the answer still holds, so that no request waits."""
MOST = 10_000
"""Beyond this, what was confirmed least lately goes."""
_WRITE_PAUSE = 1.0
_WRITE_AGAIN = 3_600.0
"""Seconds after which a confirmation alone is worth writing."""
_LOOK_PAUSE = 1.0


class Known:
    """Remembers what MongoDB has said, and what the other processes of this host have written down of it.

    Args:
        place: the directory of what this process keeps for itself.
        deployment: the MongoDB that is served.
        hours: how long what was said counts while MongoDB is away.
        now: the time now, in UTC.
    """

    def __init__(self, place: Path, deployment: Deployment, hours: int, now: Callable[[], datetime]) -> None:
        self._place = place
        self._deployment = deployment
        self._seconds = hours * 3600.0
        self._now = now
        self._entries: FIFOCache[Name, Entry] = FIFOCache(MOST)
        self._gone: FIFOCache[Name, tuple[float, float]] = FIFOCache(MOST)
        self._changed = False
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._looking = asyncio.Lock()
        self._looked = -_LOOK_PAUSE
        self._seen: dict[Path, tuple[int, int]] = {}

    def load(self) -> None:
        """Takes in what this process has written before, where it is of this database; begins a file of it else."""
        content = read(self._place / FILE)
        if content and content.deployment.secret == self._deployment.secret:
            self._take(content)
        elif content:
            log.warning("%s is of another database, and is begun anew", self._place / FILE)
        if content is None or content.deployment != self._deployment:
            self._change()

    def belongs_to(self, deployment: Deployment) -> None:
        """Forgets everything where another database is served now."""
        if deployment is self._deployment:
            return
        if deployment.secret != self._deployment.secret:
            self._entries.clear()
            self._gone.clear()
        if deployment != self._deployment:
            self._change()
        self._deployment = deployment

    def get(self, name: Name) -> Entry | None:
        """What was said of it last, however long ago."""
        entry: Entry | None = self._entries.get(name)
        return entry

    def counts(self, entry: Entry) -> bool:
        """Whether it may serve while MongoDB is away."""
        return self._seconds_now() - entry.confirmed < self._seconds

    def ended(self, entry: Entry) -> bool:
        """Whether it is a session that has ended by now."""
        return entry.expires is not None and self._seconds_now() >= entry.expires

    def confirm(self, name: Name, value: Any, expires: float | None, asked: float) -> Entry | None:
        """Takes in what MongoDB has said; None where it has been forgotten since ``asked`` (monotonic seconds)."""
        if name in self._gone and self._gone[name][0] >= asked:
            return None
        now, entry = self._seconds_now(), self.get(name)
        if entry is None:
            entry = Entry(name, None, now)
        news = entry.value != value or entry.expires != expires
        entry.value, entry.expires, entry.confirmed = value, expires, now
        entry.due, entry.until = asked + REFRESH, asked + MOMENT
        self._entries[name] = entry  # which puts it last in the order in which they go
        if news or now - entry.written >= _WRITE_AGAIN:
            self._change()
        return entry

    def forget(self, name: Name) -> None:
        """Takes in that it is unknown, revoked or ended, whatever other files may say from before."""
        self._gone[name] = time.monotonic(), self._seconds_now()
        entry = self._entries.pop(name, None)
        if entry is not None:
            entry.due = entry.until = 0.0
            self._change()

    async def ask_others(self) -> None:
        """Takes in what other processes of this host have written; looked at no more than once a second."""
        async with self._looking:
            if time.monotonic() - self._looked >= _LOOK_PAUSE:
                for content in await asyncio.to_thread(self._others):
                    if content.deployment.secret == self._deployment.secret:
                        self._take(content)
                self._looked = time.monotonic()

    async def close(self) -> None:
        """Returns once what is known is written."""
        self._closing.set()
        if self._writing is not None:
            await asyncio.wait((self._writing,))

    def _seconds_now(self) -> float:
        return self._now().timestamp()

    def _take(self, content: Content) -> None:
        for entry in lately(content.entries, self._seconds_now(), self._seconds):
            mine, gone = self.get(entry.name), self._gone.get(entry.name)
            if (mine is None or mine.confirmed < entry.confirmed) and (gone is None or gone[1] < entry.confirmed):
                self._entries[entry.name] = entry

    def _others(self) -> list[Content]:
        """What has been written since it was read last."""
        found: list[Content] = []
        for path in files(self._place.parent):
            with suppress(OSError):
                state = path.stat()
                mark = state.st_mtime_ns, state.st_ino
                if path != self._place / FILE and self._seen.get(path) != mark:
                    self._seen[path] = mark
                    found += [content] if (content := read(path)) else []
        return found

    def _change(self) -> None:
        self._changed = True
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Writes at once, and what changes meanwhile after a pause."""
        told = False
        try:
            while self._changed:
                self._changed = False
                problem = await self._written()
                if problem and not told:
                    log.warning("%s cannot be written: %s", self._place / FILE, problem)
                told = bool(problem)
                self._changed |= told and not self._closing.is_set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _WRITE_PAUSE)
        finally:
            self._writing = None

    async def _written(self) -> str:
        """Writes what counts; what is in the way, or nothing."""
        entries = lately(self._entries.values(), self._seconds_now(), self._seconds)
        try:
            await asyncio.to_thread(write, self._place / FILE, Content(self._deployment, entries))
        except OSError as error:
            return error.strerror or type(error).__name__
        for entry in entries:
            entry.written = entry.confirmed
        return ""
