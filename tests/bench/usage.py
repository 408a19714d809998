"""What processes use, as Linux tells of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

_WHOLE_PROCESS = 2
"""The CPU clock of a process, as ``clock_getcpuclockid`` makes its number; ``/proc`` counts in steps of 10 ms."""
_MONGOD = "mongod"


def cpu(pids: Iterable[int]) -> float:
    """User and system time that running processes have taken so far, all their threads, in seconds."""
    return sum(time.clock_gettime(~pid << 3 | _WHOLE_PROCESS) for pid in pids)


def resident(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def collectors(root: int) -> tuple[int, ...]:
    """The processes of a collector: the one that was started and its descendants, without their mongod."""
    parents = _parents()
    found = [root]
    for pid in found:
        found += [child for child, (name, parent) in parents.items() if parent == pid and name != _MONGOD]
    return tuple(found)


def uses_uvloop(pid: int) -> bool:
    """Whether a process has loaded uvloop."""
    return "uvloop" in Path(f"/proc/{pid}/maps").read_text()


def _parents() -> dict[int, tuple[str, int]]:
    """Name and parent of every process."""
    found: dict[int, tuple[str, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, fields = _stat(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
            found[int(entry.name)] = (name, int(fields[1]))
    return found


def _stat(pid: int) -> tuple[str, list[str]]:
    """The name of a process, and the fields behind it."""
    head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return head.partition("(")[2], tail.split()
