"""Segments: the files of a spool, and what is known of them without reading them.

    <number of its first record, 20 digits>-<its mark, 16 hex digits>.seg
    end                     the number that the next record gets

Records are numbered through all segments of a directory. So the names alone tell how many records a segment was given,
and ``end`` how many the last one was: what is missing is known, and so is what a crash cut off, which nobody was
promised. ``end`` is written after the records are on the disk, and is not itself waited for: a killed process leaves it
exact, a power cut may leave an earlier one.
"""

from __future__ import annotations

import os
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from collector.spool.records import HEAD_BYTES, MARK_BYTES, Damage, Record, pack, scan, written_at

SEGMENT_BYTES = 4 << 20
"""A segment that has so many is followed by another. It is delivered as a whole, so it is what is held in memory, and
what is sent again after a crash."""
_NAME = re.compile(r"(\d{20})-([0-9a-f]{16})\.seg")
_BLOCK = 4096


@dataclass(slots=True)
class SegmentFile:
    """A segment as its name and size tell: the number of its first record, how many it was given, its acknowledged
    bytes, and when the first was written (milliseconds since 1970; 0: unknown)."""

    path: Path
    first: int
    records: int = 0
    size: int = 0
    oldest: int = 0

    @property
    def mark(self) -> bytes:
        """What each of its records begins with."""
        return bytes.fromhex(self.path.stem.partition("-")[2])


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that is being delivered.

    ``records`` are those that are whole, in the order in which they came; ``damages`` where something else is; ``lost``
    how many acknowledged records are not there any more; ``surplus`` how many are there that were not acknowledged, and
    that the disk did not take back; ``torn`` the bytes at the end that a crash cut off before they were acknowledged.
    """

    path: Path
    records: list[Record]
    damages: list[Damage]
    lost: int
    surplus: int
    torn: int

    @property
    def damaged_bytes(self) -> int:
        """Bytes of all damages."""
        return sum(damage.end - damage.start for damage in self.damages)


class SegmentWriter:
    """The segment that is being written, which is made here.

    Args:
        directory: in which.
        first: the number of its first record.

    Raises:
        OSError: the disk refuses.
    """

    def __init__(self, directory: Path, first: int) -> None:
        self.file = SegmentFile(segment_path(directory, first, secrets.token_bytes(MARK_BYTES)), first)
        self._mark = self.file.mark
        self._descriptor = os.open(self.file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            sync_directory(directory)
        except BaseException:
            self.close()
            self.file.path.unlink(missing_ok=True)
            raise

    def append(self, payloads: Sequence[bytes], written: int) -> None:
        """Writes records; they are on the disk when this returns.

        Raises:
            OSError: the disk refuses, and may have taken a part. Nothing more must be written to this segment: whether
                its pages are those of the disk is unknown after a failed fsync.
        """
        numbered = enumerate(payloads, self.file.records)
        data = b"".join(pack(payload, number, written, self._mark) for number, payload in numbered)
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fdatasync(self._descriptor)
        self.file.records += len(payloads)
        self.file.size += len(data)
        self.file.oldest = self.file.oldest or written

    def close(self) -> None:
        """Ends the segment."""
        os.close(self._descriptor)


class End:
    """The file ``end`` of a directory, held open."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory / "end", os.O_WRONLY | os.O_CREAT, 0o600)

    def put(self, number: int) -> None:
        """Keeps the number of the next record.

        Raises:
            OSError: the disk refuses. An earlier number stays, which is harmless.
        """
        text = f"{number:020d}".encode()
        os.pwrite(self._descriptor, b"%b %08x\n" % (text, zlib.crc32(text)), 0)

    def close(self) -> None:
        """Closes the file, and waits until it is on the disk as far as that is willing."""
        try:
            os.fdatasync(self._descriptor)
        finally:
            os.close(self._descriptor)


def segment_path(directory: Path, first: int, mark: bytes) -> Path:
    """Where a segment lies."""
    return directory / f"{first:020d}-{mark.hex()}.seg"


def survey(directory: Path) -> tuple[list[SegmentFile], int]:
    """The segments of a directory, oldest first, and the number that the next record gets. Of the segments, the last
    alone is read: it may have more than ``end`` tells.

    Raises:
        OSError: the directory cannot be read.
    """
    end = _end(directory)  # before the names: beside a running collector it must not be ahead of them
    files = [file for path in sorted(directory.iterdir()) if (file := _known(path))]
    for file, following in pairwise(files):
        file.records = following.first - file.first
    if files:
        last = files[-1]
        last.records = max(end - last.first, _whole(last))
        end = last.first + last.records
    return files, end


def examine(file: SegmentFile) -> Segment:
    """Reads a segment.

    Raises:
        OSError: it cannot be opened.
    """
    found = list(scan(_contents(file), file.mark))
    damages = [item for item in found if isinstance(item, Damage)]
    # By their numbers: a block that lies where it does not belong makes nothing double, and changes no order.
    whole = {item.number: item for item in found if isinstance(item, Record)}
    records = [whole[number] for number in sorted(whole)]
    ends_whole = (records[-1].number + 1 if records else 0) >= file.records
    torn = damages.pop() if ends_whole and found and isinstance(found[-1], Damage) else Damage(0, 0)
    lost = file.records - len(records)
    return Segment(file.path, records, damages, max(lost, 0), max(-lost, 0), torn.end - torn.start)


def sync_directory(path: Path) -> None:
    """Waits until a directory's entries are on the disk.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _known(path: Path) -> SegmentFile | None:
    """None where it is no segment, or has been delivered just now."""
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    file = SegmentFile(path, int(named[1]))
    try:
        with path.open("rb") as content:
            file.size = os.fstat(content.fileno()).st_size
            file.oldest = written_at(content.read(HEAD_BYTES), file.mark)
    except FileNotFoundError:
        return None
    except OSError:  # a bad place of the disk: the rest may be readable
        file.size = path.stat().st_size
    return file


def _whole(file: SegmentFile) -> int:
    """How many records a segment has at least been given, by those that are whole."""
    numbers = [item.number for item in scan(_contents(file), file.mark) if isinstance(item, Record)]
    return max(numbers, default=-1) + 1


def _contents(file: SegmentFile) -> bytes:
    """A segment's bytes: of what the disk no longer gives zeros, of a file that has gone none."""
    try:
        with file.path.open("rb") as content:
            try:
                return content.read(file.size)
            except OSError:
                places = range(0, file.size, _BLOCK)
                return b"".join(_block(content.fileno(), place, min(_BLOCK, file.size - place)) for place in places)
    except FileNotFoundError:
        return b""


def _block(descriptor: int, place: int, size: int) -> bytes:
    try:
        return os.pread(descriptor, size, place)
    except OSError:
        return bytes(size)


def _end(directory: Path) -> int:
    try:
        number, _, checksum = (directory / "end").read_bytes().strip().partition(b" ")
        return int(number) if int(checksum, 16) == zlib.crc32(number) else 0
    except (OSError, ValueError):
        return 0
