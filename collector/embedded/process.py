"""Other processes, by their number: recognising one, and ending it, without ever taking a stranger for it.

A number is given to another process once its own has ended. So nothing here goes by the number alone: a ``mongod`` is
ours when its command line names our database directory.
"""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collector.errors import StartupError

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the system tells of it."""

    parent: int
    command: str
    """Its command line, a space between the arguments; empty once it has ended or is just ending."""


def look_up(pid: int) -> Process | None:
    """The process of this number, or None where there is none."""
    return _from_proc(pid) if Path("/proc/self/stat").exists() else _from_ps(pid)


async def end_process(pid: int, command: str, patience: float = 1.0) -> None:
    """Ends the process ``pid`` if its command line holds ``command``; a stranger is left alone.

    Args:
        pid: its number.
        command: what must stand in its command line, spaces around it included.
        patience: seconds in which it may end by itself, before SIGTERM; 15 s after that comes SIGKILL.

    Raises:
        StartupError: it does not end, or belongs to another user.
    """
    with _handle(pid, command) as process:
        # Looked up after the handle was taken: from here on the handle is this very process or nothing.
        if process is None or not is_running(pid, command):
            return
        for number, seconds in ((None, patience), (signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            if number is not None:
                _send(process, number, pid)
            if await _gone(process, seconds):
                return
    raise StartupError(f"An earlier mongod (process {pid}) does not end")


def is_running(pid: int, command: str) -> bool:
    """Whether there is a process ``pid`` whose command line holds ``command``."""
    process = look_up(pid)
    return process is not None and command in f" {process.command} "


class _Handle(Protocol):
    def send(self, number: signal.Signals) -> None: ...

    def gone(self) -> bool: ...


class _ByDescriptor:
    """A process by a descriptor, which never comes to mean another (Linux)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def send(self, number: signal.Signals) -> None:
        if sys.platform == "linux":
            signal.pidfd_send_signal(self._descriptor, number)

    def gone(self) -> bool:
        return bool(self._poll.poll(0))


class _ByNumber:
    """A process by its number and command line, for systems that have no descriptors of processes."""

    def __init__(self, pid: int, command: str) -> None:
        self._pid = pid
        self._command = command

    def send(self, number: signal.Signals) -> None:
        if not self.gone():
            os.kill(self._pid, number)

    def gone(self) -> bool:
        return not is_running(self._pid, self._command)


@contextmanager
def _handle(pid: int, command: str) -> Iterator[_Handle | None]:
    if sys.platform != "linux":
        yield _ByNumber(pid, command)
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    except OSError:  # a kernel, or a sandbox, without this call
        yield _ByNumber(pid, command)
        return
    try:
        yield _ByDescriptor(descriptor)
    finally:
        os.close(descriptor)


def _send(process: _Handle, number: signal.Signals, pid: int) -> None:
    try:
        with suppress(ProcessLookupError):
            process.send(number)
    except PermissionError as error:
        raise StartupError(f"An earlier mongod (process {pid}) is still running, as another user") from error


async def _gone(process: _Handle, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not process.gone():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


def _from_proc(pid: int) -> Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    _state, parent, *_ = stat.rpartition(")")[2].split()
    return Process(int(parent), os.fsdecode(command.replace(b"\0", b" ")).strip())


def _from_ps(pid: int) -> Process | None:
    ps = shutil.which("ps")
    if ps is None:
        return None
    found = subprocess.run(  # noqa: S603 - a program of the system, and a number
        [ps, "-ww", "-o", "ppid=,command=", "-p", str(pid)], capture_output=True, check=False
    )
    parent, _, command = os.fsdecode(found.stdout).strip().partition(" ")
    return Process(int(parent), command.strip()) if parent.isdecimal() else None
