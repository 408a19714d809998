"""The processes of a collector that has several, and processes that stand still."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.support.live import eventually

MODULE = "collector.cli.child"


def command_line(pid: int) -> list[str]:
    """The arguments of a process; none where it is gone, or has ended and nobody has asked for it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def children(parent: int) -> dict[int, int]:
    """The children of a collector by their slot, whose number is their last argument."""
    pids = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = {int(pid): command_line(int(pid)) for pid in pids}
    return {int(line[-1]): pid for pid, line in lines.items() if MODULE in line}


def halt(pid: int) -> None:
    """Has a process stand still; returns once none of its threads runs, which may be a while after the signal."""
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: _stands_still(pid))


@contextlib.contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """A process takes connections, and answers nothing."""
    halt(pid)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    try:
        states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return False
    return set(states) == {"T"}
