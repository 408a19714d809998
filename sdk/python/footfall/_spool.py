"""Events on disk until they are settled: what a process leaves, however it ends, the next one sends.

Every event is written when it is tracked, by one ``write`` without a buffer: it costs the caller a few microseconds, as
a line in a log does, and from then on a SIGKILL takes nothing away. Written only when the queue cannot deliver, the
events of the last half second would be lost just when a process dies of what nobody foresaw. ``fsync`` is for what
waits longer, since the collector does not take it: the thread that sends does it, and no caller waits for the disk. So
a power cut may take the last seconds.

A process has two files at a time: one of events that the queue holds too, and a late one of those it had no room for,
which is read when it has. A file whose events are all settled is emptied or deleted. Whether a process has died is told
by its lock alone. Sending an event again, which the dead one may have sent, does no harm: it carries its ``EventID``.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from ._drops import logger
from ._queue import Event
from ._segment import HEAD_BYTES, Segment, created, synced, taken

SUFFIX = ".footfall"
SCAN_EVERY = 60.0
"""Seconds between two looks for the files of processes that have died meanwhile."""
STEP = 256 << 10
"""Bytes that a process writes before it looks again how much the folder holds."""


class Spool:
    """The files of one client in *folder*, which other clients and processes may share.

    All of it may be called from any thread, and raises nothing.

    Attributes:
        missed: How many events could not be written.
    """

    def __init__(self, folder: str, max_bytes: int, url: str, key: str) -> None:
        self._folder, self._max_bytes = Path(folder), max_bytes
        # What one key left must not be sent with another: it may be another site's.
        self._owner = blake2b(f"{url}\0{key}".encode(), digest_size=8).hexdigest()
        self._segment_bytes = max(1, max_bytes // 16)
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._name, self._files = f"{self._owner}-{os.getpid()}-{time.time_ns():x}", 0
        self._current: Segment | None = None
        self._later: Segment | None = None
        self._full: deque[Segment] = deque()  # late files that take no more
        self._reading: Segment | None = None
        self._open: set[Segment] = set()
        self._unsynced: set[Segment] = set()
        self.missed = self._room = 0
        self._told, self._scanned, self._again_at = "", -SCAN_EVERY, 0.0
        self._unsaid = ""

    def renew(self) -> None:
        """In a forked child: leave the parent's files to the parent."""
        for segment in self._open:
            segment.leave()
        self._begin()

    @property
    def late(self) -> int:
        """How many events wait on disk alone, or come from there and are not settled."""
        with self._lock:
            segments = [self._later, self._reading, *self._full]
            return sum(segment.waiting for segment in segments if segment is not None)

    def keep(self, event: Event, is_late: bool) -> Event:
        """*event*, on disk now; as it came where that is not possible. *is_late*: the queue has no room for it."""
        with self._lock:
            try:
                segment = self._segment(is_late, len(event.text) + HEAD_BYTES)
                segment.append(event.text)
                self._unsynced.add(segment)
            except OSError as fault:
                self.missed += 1
                self._tell(fault)
                return event
            self._room -= len(event.text) + HEAD_BYTES
            return Event(event.id, event.text, segment)

    def settle(self, events: Iterable[Event]) -> None:
        """The collector has *events*, or never will: they need not be kept."""
        with self._lock:
            for segment in [event.segment for event in events if event.segment is not None]:
                segment.waiting -= 1
                if segment.waiting <= 0:
                    self._finish(segment)

    def sync(self) -> None:
        """Have what waits outlive a power cut, as far as that can be; without the lock, since a disk may be slow."""
        with self._lock:
            paths = [segment.path for segment in self._unsynced if segment.waiting > 0]
            self._unsynced.clear()
        for path in [*paths, self._folder] if paths else []:  # the folder for the names of new files
            with suppress(OSError):
                synced(path)

    def has_leftovers(self) -> bool:
        """Whether a process has died here and left something."""
        with suppress(OSError):
            for segment in self._orphans():
                segment.leave()
                return True
        return False

    def next(self) -> list[Event]:
        """Some of the events that wait on disk alone: this process's late ones, then those of the dead."""
        with self._lock:
            if self._later is not None:
                self._full.append(self._later)
                self._later = None
            segment = self._reading = self._full.popleft() if self._full else self._orphan()
        return [] if segment is None else self._events(segment)

    def close(self) -> None:
        """Leave what is not settled to whoever comes next."""
        with self._lock:
            for segment in list(self._open):
                if segment.waiting <= 0:
                    segment.remove()
                else:
                    segment.leave()
            missed = self.missed
            self._begin()
            self.missed = missed

    def say(self) -> None:
        """Log what is to be told, where no lock is held: a handler of the app's may hold one of its own, and track."""
        with self._lock:
            fault, self._unsaid = self._unsaid, ""
        if fault:
            logger.error("Events are not kept on disk: %s", fault)

    def _segment(self, is_late: bool, size: int) -> Segment:
        if time.monotonic() < self._again_at:
            raise OSError(self._told)
        self._rotate()
        if self._room < size:
            self._room = self._allowed()
        if self._room < size:
            raise OSError(f"{self._folder} holds its {self._max_bytes} bytes")
        if is_late:
            self._later = segment = self._later or self._created()
        else:
            self._current = segment = self._current or self._created()
        return segment

    def _rotate(self) -> None:
        if self._current is not None and self._current.size >= self._segment_bytes:
            self._current = None
        if self._later is not None and self._later.size >= self._segment_bytes:
            self._full.append(self._later)
            self._later = None

    def _created(self) -> Segment:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files += 1
        segment = created(self._folder / f"{self._name}-{self._files}{SUFFIX}")
        self._open.add(segment)
        return segment

    def _allowed(self) -> int:
        """Bytes that may be written before the next look."""
        held = 0
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            held = sum(_size(entry) for entry in entries if entry.name.endswith(SUFFIX))
        return min(STEP, self._max_bytes - held)

    def _finish(self, segment: Segment) -> None:
        if segment is self._current or segment is self._later:
            with suppress(OSError):
                segment.empty()
        else:
            self._open.discard(segment)
            segment.remove()

    def _orphan(self) -> Segment | None:
        if time.monotonic() - self._scanned < SCAN_EVERY:
            return None
        with suppress(OSError):
            for segment in self._orphans():
                self._open.add(segment)
                return segment
        self._scanned = time.monotonic()
        return None

    def _orphans(self) -> Iterator[Segment]:
        with os.scandir(self._folder) as entries:
            names = sorted((entry.name for entry in entries if entry.name.endswith(SUFFIX)), key=_age)
        for name in names:
            if name.startswith(f"{self._owner}-"):
                with suppress(OSError):
                    yield taken(self._folder / name)

    def _events(self, segment: Segment) -> list[Event]:
        """What is in *segment*. What is damaged is lost, and said; what cannot be read stays for another time."""
        try:
            found = segment.read()
        except OSError as fault:
            if segment in self._open:  # else the client was closed meanwhile
                self._tell(fault)
                self.say()
            segment.waiting = 0
            return []
        events = [event for text in found.texts if (event := _event(text, segment))]
        if found.damaged:
            logger.warning("%d bytes of a file in %s could not be read", found.damaged, self._folder)
        with self._lock:
            segment.waiting = len(events)
            if not events:
                self._finish(segment)
        return events

    def _tell(self, fault: OSError) -> None:
        """Have *fault* said once, and try nothing for a second: an app's calls must not each wait for a sick disk."""
        now = time.monotonic()
        if now < self._again_at:
            return
        self._again_at = now + 1.0
        if str(fault) != self._told:
            self._told = self._unsaid = str(fault)


def _age(name: str) -> tuple[int, int]:
    """By which files are read: the first process's first, and its own as it made them."""
    try:
        _, _, began, number = name[: -len(SUFFIX)].split("-")
        return int(began, 16), int(number)
    except ValueError:
        return 0, 0


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _event(text: bytes, segment: Segment) -> Event | None:
    try:
        return Event(json.loads(text)["EventID"], text, segment)
    except (ValueError, KeyError, TypeError):
        return None
