"""One file of the spool: records that are only appended, and a lock which tells that somebody looks after them.

A record is a mark, the length and the CRC-32 of a text, and the text. The mark holds the byte 0xFF, which no UTF-8 text
does: after a torn or damaged record the next one is found by it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MARK = b"\xffFF1"
_HEAD = struct.Struct(">4sII")
HEAD_BYTES = _HEAD.size


class Found(NamedTuple):
    """What is in a file.

    Attributes:
        texts: Its whole records.
        damaged: Its bytes that belong to none.
    """

    texts: list[bytes]
    damaged: int


class Segment:
    """An open file under its lock. Raises OSError from all that writes.

    Attributes:
        path: Where it is.
        size: Its bytes.
        waiting: How many of its events have not been settled yet.
    """

    def __init__(self, path: Path, number: int) -> None:
        self.path, self._number = path, number
        self.size, self.waiting = os.fstat(number).st_size, 0

    def append(self, text: bytes) -> None:
        """Add one record, and have it outlive the process: in the kernel's hands, not yet on the disk itself."""
        record = _HEAD.pack(MARK, len(text), zlib.crc32(text)) + text
        try:
            if os.write(self._number, record) < len(record):
                raise OSError("no room for a whole record")
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._number, self.size)
            raise
        self.size += len(record)
        self.waiting += 1

    def read(self) -> Found:
        """All that is in it."""
        data = os.pread(self._number, self.size, 0)
        texts = list(records(data))
        return Found(texts, len(data) - sum(_HEAD.size + len(text) for text in texts))

    def empty(self) -> None:
        """Forget its records, all of them settled."""
        os.ftruncate(self._number, 0)
        self.size = 0

    def remove(self) -> None:
        """Delete it, its lock until then its own."""
        with suppress(OSError):
            self.path.unlink()
        self.leave()

    def leave(self) -> None:
        """Leave it to whoever comes, or in a forked child to the parent, whose lock stays."""
        number, self._number = self._number, -1
        with suppress(OSError):
            os.close(number)


def created(path: Path) -> Segment:
    """A new file. Raises OSError where it cannot be made, is there, or where files cannot be locked."""
    return _locked(path, os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600))


def taken(path: Path) -> Segment:
    """The file of a process that has ended. Raises OSError where one still looks after it, or it is gone."""
    return _locked(path, os.open(path, os.O_RDWR | os.O_APPEND))


def synced(path: Path) -> None:
    """Have the file or folder *path* outlive a power cut. Raises OSError."""
    # By a descriptor of its own: a segment's may be closed meanwhile, and its lock has to go with it.
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _locked(path: Path, number: int) -> Segment:
    try:
        if fcntl is None:
            raise OSError("files cannot be locked on this system")
        # Of the open file, not of the process: another client of this process is kept out too.
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(number).st_nlink == 0:
            raise OSError("another process has finished it")
    except OSError:
        os.close(number)
        raise
    return Segment(path, number)


def records(data: bytes) -> Iterator[bytes]:
    """The whole records in *data*, whatever stands between them."""
    at = data.find(MARK)
    while at >= 0 and at + _HEAD.size <= len(data):
        _, length, checksum = _HEAD.unpack_from(data, at)
        start, end = at + _HEAD.size, at + _HEAD.size + length
        text = data[start:end]
        whole = len(text) == length and zlib.crc32(text) == checksum
        if whole:
            yield text
        at = data.find(MARK, end if whole else at + 1)
