"""A spool: what waits in a directory, and what is kept beside it.

All calls block, and are made from one thread at a time. The attributes may be looked at from any thread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from collector.spool.kept import (
    ASIDE,
    DAMAGED,
    RETRY,
    Damaged,
    damaged,
    entries,
    keep_aside,
    keep_damaged,
    move,
    put_aside,
    read_aside,
)
from collector.spool.queue import Queue
from collector.spool.records import HEAD_BYTES, MOST_PAYLOAD
from collector.spool.segments import Segment, examine, sync_directory

log = logging.getLogger("collector.spool")

RESERVE_BYTES = 8 << 20
"""Free bytes of the disk that are not for events: what is set aside and the segments' own entries go there."""
_TRIAL_BYTES = 4096
_AT_ONCE = 20


class SpoolFull(Exception):
    """Neither the spool's own limit nor the disk leaves room. Nothing of what was to be appended is kept."""


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits: records, bytes, and when the oldest was written (milliseconds since 1970; 0: nothing waits).

    Records are those that were acknowledged, whole or not: what of them is lost is found when they are delivered.
    """

    records: int = 0
    bytes: int = 0
    oldest: int = 0


class Spool:
    """The spool of one directory, to be opened before anything else.

    Args:
        directory: made where it is missing.
        most_bytes: what all segments together may hold.

    Attributes:
        depth: what waits now.
        aside: how many records are kept since they can never be stored.
        damaged: what could not be read in all segments that are kept for it.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        self._opened: Queue | None = None
        self.depth = Depth()
        self.aside = 0
        self.damaged = Damaged()

    @property
    def damaged_bytes(self) -> int:
        """Bytes of delivered segments that were no record."""
        return self.damaged.bytes

    @property
    def lost(self) -> int:
        """Acknowledged records that were not there any more when their segment was delivered."""
        return self.damaged.lost

    @property
    def torn_bytes(self) -> int:
        """Bytes that crashes had cut off before they were acknowledged, as found since the spool was opened."""
        return self._opened.torn_bytes if self._opened else 0

    def open(self) -> None:
        """Takes in what an earlier process left; where it is open already, this does nothing.

        Raises:
            OSError: the directory cannot be used.
        """
        if self._opened:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._opened = Queue(self._directory)
        with suppress(OSError):  # for those who look at it from outside
            (self._directory / "limit").write_text(f"{self._most_bytes}\n")
        self._count()
        self.recall()

    def append(self, payloads: Sequence[bytes], share: float = 1.0) -> None:
        """Keeps payloads, all or none; they are on the disk when this returns.

        Args:
            payloads: each of at most ``MOST_PAYLOAD`` bytes.
            share: of all the room, what is taken and what is free, the part that may be taken when these are in.

        Raises:
            SpoolFull: there is no room, or the disk refuses.
            ValueError: a payload is too large.
        """
        if any(len(payload) > MOST_PAYLOAD for payload in payloads):
            raise ValueError(f"a record holds at most {MOST_PAYLOAD} bytes")
        if not payloads:
            return
        self._require_room(sum(HEAD_BYTES + len(payload) for payload in payloads), share)
        try:
            self._queue.append(payloads)
        except OSError as error:
            raise _refused(error) from error
        finally:
            self._measure()

    def check(self) -> None:
        """Tries whether an event would be kept now.

        Raises:
            SpoolFull: it would not.
        """
        self._require_room(_TRIAL_BYTES, 1.0)
        trial = self._directory / "trial"
        try:
            with trial.open("wb") as file:
                file.write(bytes(_TRIAL_BYTES))
                file.flush()
                os.fdatasync(file.fileno())
            trial.unlink()
        except OSError as error:
            raise _refused(error) from error

    def oldest(self) -> Segment | None:
        """The segment to be delivered next, which may have no record that is whole; None when nothing waits.
        ``delivered`` ends it.

        Raises:
            OSError: it cannot be opened now.
        """
        file = self._queue.first()
        return examine(file) if file else None

    def delivered(self, segment: Segment) -> None:
        """Removes a segment of which all is stored or set aside; one that was damaged is kept, as it is, apart. Where
        the disk does not let it go, it is delivered once more after the next start, which is harmless."""
        self._queue.remove(segment.path)
        self._measure()
        self._tell(segment)
        try:
            if segment.damages or segment.lost:
                keep_damaged(segment, self._directory)
                self.damaged = damaged(self._directory)
            else:
                segment.path.unlink(missing_ok=True)
            sync_directory(self._directory)
        except OSError:
            log.exception("a spool file that is delivered cannot be removed")

    def set_aside(self, payload: bytes, reason: str) -> None:
        """Keeps a record that can never be stored out of the way of the others.

        Raises:
            OSError: the disk refuses.
        """
        self.aside += put_aside(self._directory, payload, reason)

    def recall(self) -> int:
        """Appends the records that were set aside and are to be tried again, as far as there is room; how many. A crash
        in between has some tried twice, which is harmless.

        Raises:
            OSError: the disk refuses.
        """
        recalled, waiting = 0, entries(self._directory, RETRY)
        with suppress(SpoolFull):
            for start in range(0, len(waiting), _AT_ONCE):
                recalled += self._recall(waiting[start : start + _AT_ONCE])
        if waiting:
            self._count()
        return recalled

    def adopt(self, directory: Path) -> int:
        """Moves all that another spool holds, which no process uses any more, behind what waits here; how many records.

        Each file is moved by a rename, the oldest first: after a crash in between, adopting it again does the rest.

        Raises:
            ValueError: it is this spool's own directory.
            OSError: they cannot be moved.
        """
        self.open()
        if not directory.is_dir():
            return 0
        if directory.samefile(self._directory):
            raise ValueError("a spool cannot adopt itself")
        try:
            adopted = self._queue.take_in(directory)
            for kind in (ASIDE, RETRY, DAMAGED):
                move(directory, kind, self._directory, kind)
            for changed in (self._directory, directory):
                sync_directory(changed)
        finally:
            self._count()
        return adopted

    def close(self) -> None:
        """Closes the files that are being written; it may be opened again."""
        if self._opened:
            self._opened.close()
            self._opened = None

    @property
    def _queue(self) -> Queue:
        if self._opened is None:
            raise RuntimeError("the spool is not open")
        return self._opened

    def _require_room(self, size: int, share: float) -> None:
        used = self.depth.bytes
        try:
            disk = os.statvfs(self._directory)
        except OSError as error:
            raise _refused(error) from error
        left, free = self._most_bytes - used, disk.f_bavail * disk.f_frsize - RESERVE_BYTES
        if used + size > (used + min(left, free)) * share:
            raise SpoolFull("the disk is full" if free < left else "the spool has reached its limit")

    def _recall(self, paths: list[Path]) -> int:
        rows = {path: read_aside(path) for path in paths}
        payloads = [row["payload"] for row in rows.values() if row]
        self.append(payloads)
        for path, row in rows.items():
            if row:
                path.unlink(missing_ok=True)
            else:
                keep_aside(path)
        return len(payloads)

    def _tell(self, segment: Segment) -> None:
        if segment.torn:
            self._queue.torn_bytes += segment.torn
            log.info("%d bytes at the end of a spool file were cut off before they were acknowledged", segment.torn)
        if segment.damages or segment.lost:
            log.error(
                "%d bytes in %d places of the spool file %s are damaged, and %d acknowledged events are lost",
                segment.damaged_bytes,
                len(segment.damages),
                segment.path.name,
                segment.lost,
            )

    def _measure(self) -> None:
        files = self._queue.files
        oldest = min((file.oldest for file in files if file.oldest), default=0)
        self.depth = Depth(sum(file.records for file in files), sum(file.size for file in files), oldest)

    def _count(self) -> None:
        self._measure()
        self.aside = len(entries(self._directory, ASIDE))
        self.damaged = damaged(self._directory)


def _refused(error: OSError) -> SpoolFull:
    return SpoolFull(error.strerror or "the disk refuses")
