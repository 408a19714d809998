"""Spools of a test's own, and what they deliver."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from collector.spool import Segment, Spool

MIB = 1 << 20
_opened: list[Spool] = []


def opened(directory: Path, most_bytes: int = 64 * MIB) -> Spool:
    """A spool, ready to be used."""
    spool = Spool(directory, most_bytes)
    spool.open()
    _opened.append(spool)
    return spool


def close_all() -> None:
    """Closes all that were opened here."""
    while _opened:
        _opened.pop().close()


def reopened(spool: Spool, directory: Path) -> Spool:
    """The spool as the next process finds it."""
    spool.close()
    return opened(directory)


def segments(spool: Spool) -> Iterator[Segment]:
    """What a spool delivers, each segment removed when it was looked at."""
    while segment := spool.oldest():
        yield segment
        spool.delivered(segment)


def drained(spool: Spool) -> list[bytes]:
    """The payloads that a spool delivers; nothing is left in it."""
    return [record.payload for segment in segments(spool) for record in segment.records]


def files(directory: Path) -> list[Path]:
    """The files of the segments, oldest first."""
    return sorted(directory.glob("*.seg"))


def payloads(count: int, start: int = 0, size: int = 0) -> list[bytes]:
    """Payloads that tell their numbers, filled up to a size."""
    return [f"event {number}".encode().ljust(size, b".") for number in range(start, start + count)]


def process(program: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """A process of its own that uses spools, behind the command ``before``."""
    command = [*before, sys.executable, "-c", program, *arguments]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root)


def printed(program: str, *arguments: str, before: tuple[str, ...] = ()) -> str:
    """What such a process prints, which must end well."""
    with process(program, *arguments, before=before) as running:
        stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 0, stderr.decode()
    return stdout.decode()
