"""The segments of a directory, one after another: written to at one end, taken away at the other."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from collector.spool.records import HEAD_BYTES
from collector.spool.segments import SEGMENT_BYTES, End, SegmentFile, SegmentWriter, segment_path, survey


class Queue:
    """Segments, oldest first.

    Args:
        directory: in which they lie, and which is there.

    Attributes:
        files: what is known of each.
        torn_bytes: bytes that crashes had cut off before they were acknowledged.

    Raises:
        OSError: the directory cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.torn_bytes = 0
        self.files, self._next = survey(directory)
        self._drop_empty(self.files)
        self._end = End(directory)
        self._writer: SegmentWriter | None = None

    def append(self, payloads: Sequence[bytes]) -> None:
        """Writes records, all or none; they are on the disk when this returns.

        Raises:
            OSError: the disk refuses.
        """
        before = len(self.files), self._next, replace(self.files[-1]) if self.files else None
        try:
            self._write(payloads)
        except OSError:
            self._take_back(*before, len(payloads))
            raise
        self._put_end()

    def first(self) -> SegmentFile | None:
        """The oldest segment, to which nothing more is written from now on."""
        if self._writer and self._writer.file is self.files[0]:
            self.seal()
        return self.files[0] if self.files else None

    def remove(self, path: Path) -> None:
        """Forgets a segment. Its file is the caller's."""
        self.files = [file for file in self.files if file.path != path]

    def take_in(self, directory: Path) -> int:
        """Moves the segments of another directory behind these, the oldest first; how many records they have.

        Raises:
            OSError: one cannot be moved; those before it have been.
        """
        self.seal()
        before = self._next
        files, _ = survey(directory)
        self._drop_empty(files)
        for file in files:
            moved = replace(file, path=segment_path(self._directory, self._next, file.mark), first=self._next)
            file.path.rename(moved.path)
            self.files.append(moved)
            self._next += moved.records
            # Not before the rename: the segment that is the last until then would seem to have lost what this one has.
            self._put_end()
        return self._next - before

    def seal(self) -> None:
        """Ends the segment that is being written."""
        if self._writer:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        """Closes the files."""
        self.seal()
        with contextlib.suppress(OSError):
            self._end.close()

    def _write(self, payloads: Sequence[bytes]) -> None:
        written = time.time_ns() // 1_000_000
        for part in _parts(payloads, self._writer.file.size if self._writer else 0):
            if self._writer is None:
                self._writer = SegmentWriter(self._directory, self._next)
                self.files.append(self._writer.file)
            self._writer.append(part, written)
            self._next += len(part)
            if self._writer.file.size >= SEGMENT_BYTES:
                self.seal()

    def _take_back(self, files: int, number: int, last: SegmentFile | None, records: int) -> None:
        """Undoes what a failed append has done, as far as the disk lets. What stays is not known here any more, and may
        be delivered after the next start though nobody was promised it."""
        self.seal()
        self._next = number
        for file in self.files[files:]:
            try:
                file.path.unlink(missing_ok=True)
            except OSError:
                self._next = number + records  # its numbers are not given twice
        del self.files[files:]
        if last:
            self.files[-1] = last
            with contextlib.suppress(OSError):
                os.truncate(last.path, last.size)

    def _drop_empty(self, files: list[SegmentFile]) -> None:
        """Removes a last segment of which nothing was acknowledged: the number of its first record is given again."""
        if files and not files[-1].records:
            empty = files.pop()
            self.torn_bytes += empty.size
            empty.path.unlink()

    def _put_end(self) -> None:
        with contextlib.suppress(OSError):
            self._end.put(self._next)


def _parts(payloads: Sequence[bytes], filled: int) -> Iterator[list[bytes]]:
    """The payloads for each segment, of which the first is filled so far."""
    part: list[bytes] = []
    for payload in payloads:
        part.append(payload)
        filled += HEAD_BYTES + len(payload)
        if filled >= SEGMENT_BYTES:
            yield part
            part, filled = [], 0
    if part:
        yield part
