"""A spool seen from outside: beside the collector that uses it, and without one. No more is read than the names and the
last segment."""

from __future__ import annotations

import contextlib
import heapq
from dataclasses import dataclass
from pathlib import Path

from collector.spool.kept import ASIDE, RETRY, Damaged, damaged, entries, move, read_aside
from collector.spool.segments import survey

MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Status:
    """What a spool holds.

    ``records`` and ``bytes`` wait, the oldest since ``oldest`` (milliseconds since 1970; 0: nothing waits), of at most
    ``limit`` bytes (None: unknown); ``aside`` were set aside, the last of them for ``reasons``, newest first;
    ``retried`` are to be tried again.
    """

    records: int
    bytes: int
    oldest: int
    limit: int | None
    aside: int
    reasons: list[str]
    retried: int
    damaged: Damaged


def status(directory: Path) -> Status:
    """What the spool in a directory holds now.

    Raises:
        OSError: it cannot be read.
    """
    files, _ = survey(directory)
    aside = entries(directory, ASIDE)
    return Status(
        records=sum(file.records for file in files),
        bytes=sum(file.size for file in files),
        oldest=min((file.oldest for file in files if file.oldest), default=0),
        limit=_limit(directory),
        aside=len(aside),
        reasons=_reasons(aside),
        retried=len(entries(directory, RETRY)),
        damaged=damaged(directory),
    )


def retry(directory: Path) -> int:
    """Has the records that were set aside tried again, by the collector that runs or at its next start; how many.

    Raises:
        OSError: they cannot be moved.
    """
    return move(directory, ASIDE, directory, RETRY)


def _reasons(aside: list[Path]) -> list[str]:
    newest = heapq.nlargest(MOST_REASONS, aside, key=_changed)
    return [str(row["reason"]) for path in newest if (row := read_aside(path))]


def _changed(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _limit(directory: Path) -> int | None:
    try:
        return int((directory / "limit").read_text())
    except (OSError, ValueError):
        return None
