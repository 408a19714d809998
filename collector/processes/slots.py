"""Slots: what each collector process keeps for itself, ``slots/<number>`` in the data directory."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from collector.access.known_file import hand_over
from collector.embedded.datadir import make_private, unusable
from collector.errors import StartupError
from collector.spool import Spool

log = logging.getLogger("collector.processes")

PATIENCE = 30.0
"""Seconds for which a process is waited for whose parent was killed, and which stores what it has in flight."""
_POLL_SECONDS = 0.05


class Slot:
    """A directory that one process at a time has.

    An exclusive ``flock`` on the file ``lock`` in there: the kernel ends it with its process, however that ends.

    Args:
        data_dir: the data directory.
        number: from 0.
    """

    def __init__(self, data_dir: Path, number: int) -> None:
        self.path = data_dir / "slots" / str(number)

    @contextlib.asynccontextmanager
    async def held(self, seconds: float = PATIENCE) -> AsyncIterator[Path]:
        """The directory, for this process alone; made where it is missing.

        Args:
            seconds: how long to wait for another process that has it.

        Raises:
            StartupError: another process keeps it, or it cannot be created or written.
        """
        lock = await self._taken(time.monotonic() + seconds)
        try:
            yield self.path
        finally:
            os.close(lock)

    async def _taken(self, deadline: float) -> int:
        while True:
            lock = self._opened()
            if self._is_ours(lock):
                return lock
            os.close(lock)
            if time.monotonic() >= deadline:
                raise StartupError(f"{self.path} is in use by another process")
            await asyncio.sleep(_POLL_SECONDS)

    def _opened(self) -> int:
        make_private(self.path)
        try:
            return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(self.path, error) from error

    def _is_ours(self, lock: int) -> bool:
        """Whether the lock could be taken, and is not that of a directory which has been removed meanwhile."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(lock), (self.path / "lock").stat())
        except (BlockingIOError, FileNotFoundError):
            return False
        except OSError as error:
            raise unusable(self.path, error) from error


async def adopt_leftovers(data_dir: Path, processes: int, most_bytes: int) -> None:
    """Moves what waits in the spools of slots that an earlier run with more processes has left into that of slot 0, and
    removes them.

    Args:
        data_dir: the data directory.
        processes: how many slots there are now.
        most_bytes: what a spool may hold; what is moved is moved all the same.

    Raises:
        StartupError: one is in use, or cannot be moved.
    """
    for number in _beyond(data_dir, processes):
        async with Slot(data_dir, 0).held() as first, Slot(data_dir, number).held() as left:
            try:
                moved = await asyncio.to_thread(_adopt, first, left, most_bytes)
            except OSError as error:
                raise unusable(left, error) from error
        log.info("slot %d is not used any more; slot 0 takes over its spool (%d events)", number, moved)


def _beyond(data_dir: Path, processes: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        names = [path.name for path in (data_dir / "slots").iterdir()]
        return sorted(int(name) for name in names if name.isdecimal() and int(name) >= processes)
    return []


def _adopt(first: Path, left: Path, most_bytes: int) -> int:
    spool = Spool(first / "spool", most_bytes)
    try:
        moved = spool.adopt(left / "spool")
    finally:
        spool.close()
    hand_over(left, first)
    shutil.rmtree(left)
    return moved
