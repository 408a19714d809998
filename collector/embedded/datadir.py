"""The data directory, and who works in it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from collector.errors import StartupError

Role = Literal["serve", "admin"]

_POLL_SECONDS = 0.05


class DirectoryInUse(StartupError):
    """Another process works in the data directory."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a data directory: what kind of process, and its number."""

    role: Role
    pid: int


class DataDirectory:
    """A directory in which one process works at a time.

    An exclusive ``flock`` on the file ``lock`` in there: the kernel ends it with its process, however that ends. It is
    not handed on to programs that the process starts.

    Args:
        path: the directory; made with mode 700 where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    async def acquire(self, role: Role, wait: float) -> None:
        """Takes the directory for this process, until ``release()``.

        Args:
            role: ``serve`` for a server, which stays; ``admin`` for a command, which is soon done.
            wait: seconds to wait while a command has the directory. A server is not waited for.

        Raises:
            DirectoryInUse: another process has it.
            StartupError: it cannot be created or written.
        """
        if self._lock is not None:
            raise RuntimeError("This data directory has been acquired already")
        lock = _opened(self.path)
        try:
            await self._wait(lock, time.monotonic() + wait)
            _sign(lock, role, self.path)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def release(self) -> None:
        """Gives the directory back; harmless where it is not held."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        os.ftruncate(lock, 0)
        os.close(lock)

    async def _wait(self, lock: int, deadline: float) -> None:
        while not _taken(lock, self.path):
            holder = _read(lock)
            # A dead holder's name stands there until the one who has the lock now has signed.
            serves = holder is not None and holder.role == "serve" and _alive(holder.pid)
            if serves or time.monotonic() >= deadline:
                raise DirectoryInUse(_in_use(self.path, holder))
            await asyncio.sleep(_POLL_SECONDS)


def make_private(path: Path) -> None:
    """Creates a directory, and those above it, that only this user can enter (mode 700).

    Raises:
        StartupError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: OSError) -> StartupError:
    """Why a file or directory of the data directory cannot be used, in one line."""
    return StartupError(f"{path} cannot be created or written: {error.strerror or error}")


def holder_of(path: Path) -> Holder | None:
    """Who signed the lock of the data directory ``path`` last. They may be gone: after a crash the name stays."""
    try:
        lock = os.open(path / "lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        return _read(lock)
    finally:
        os.close(lock)


def _opened(path: Path) -> int:
    make_private(path)
    try:
        # Python opens files close-on-exec, so that no child process keeps the lock when this one is gone.
        return os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(path, error) from error


def _taken(lock: int, path: Path) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise unusable(path / "lock", error) from error
    return True


def _sign(lock: int, role: Role, path: Path) -> None:
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{role} {os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise unusable(path / "lock", error) from error


def _read(lock: int) -> Holder | None:
    role, _, pid = os.pread(lock, 64, 0).decode("ascii", "replace").strip().partition(" ")
    for known in get_args(Role):
        if role == known and pid.isdecimal():
            return Holder(known, int(pid))
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's process, but one that lives
    return True


def _in_use(path: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"The data directory {path} is in use by another process"
    other = "collector" if holder.role == "serve" else "footfall command"
    return f"The data directory {path} is in use by another {other} (process {holder.pid})"
