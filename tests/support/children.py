"""The processes of a collector that has several."""

from __future__ import annotations

from pathlib import Path

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
