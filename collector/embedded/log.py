"""The log of the embedded mongod, ``mongod.log`` in the data directory: kept small, and read when mongod fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from collector.embedded.datadir import unusable

_LARGE = 20 * 2**20
"""Bytes at which the log is put aside as ``mongod.log.1``, in place of an earlier one."""

_TAIL = 256 * 2**10


class MongodLog:
    """A log file that mongod appends to.

    Args:
        path: the file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark = 0

    def open(self) -> BinaryIO:
        """The file for what a starting mongod says before it opens its log itself. What comes now is ``since()``.

        Raises:
            StartupError: it cannot be written.
        """
        try:
            self.rotate()
            file = os.fdopen(os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab")
        except OSError as error:
            raise unusable(self.path, error) from error
        self._mark = self.path.stat().st_size
        return file

    def rotate(self) -> bool:
        """Puts a large file aside. Returns whether it did: a running mongod must then be told to open it anew."""
        if not self.path.exists() or self.path.stat().st_size < _LARGE:
            return False
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        return True

    def since(self) -> str:
        """What was written since ``open()``, or the end of it if that is much."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(min(self._mark, size), size - _TAIL))
            return file.read().decode(errors="replace")
