"""What a spool keeps for a person to look at, beside its segments:

    aside/<digest>.json     a record that can never be stored, with the reason
    retry/<digest>.json     one that is to be tried again
    damaged/<segment>.<stretches>-<bytes>-<lost>.damaged    a segment of which a part could not be read, as it was found

Everything here is made by renaming, so that it is there as a whole or not at all, and doing it again changes nothing. A
command may move records from ``aside`` to ``retry`` while a collector works on both.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.spool.segments import Segment, sync_directory

ASIDE, RETRY, DAMAGED = "aside", "retry", "damaged"
_NAME = re.compile(r"(\d{20}-[0-9a-f]{16})\.(\d+)-(\d+)-(\d+)\.damaged")


@dataclass(frozen=True, slots=True)
class Damaged:
    """What was damaged in all segments that were delivered: stretches, their bytes, and acknowledged records lost."""

    stretches: int = 0
    bytes: int = 0
    lost: int = 0


def damaged(directory: Path) -> Damaged:
    """What the names in ``damaged`` tell."""
    named = [found for path in entries(directory, DAMAGED) if (found := _NAME.fullmatch(path.name))]
    return Damaged(*(sum(int(found[place]) for found in named) for place in (2, 3, 4)))


def keep_damaged(segment: Segment, directory: Path) -> Path:
    """Takes a segment out of the spool as it is: a rename, which needs no room on the disk.

    Raises:
        OSError: it cannot be moved.
    """
    counts = f"{len(segment.damages)}-{segment.damaged_bytes}-{segment.lost}"
    kept = _made(directory / DAMAGED) / f"{segment.path.stem}.{counts}.damaged"
    if segment.path.exists():
        segment.path.rename(kept)
    else:  # somebody has removed it: the loss is told all the same
        kept.touch(mode=0o600)
    return kept


def put_aside(directory: Path, payload: bytes, reason: str) -> bool:
    """Keeps a record, with the reason why it can never be stored; on the disk when this returns. False where it was
    kept already, before a crash.

    Raises:
        OSError: the disk refuses.
    """
    aside = _made(directory / ASIDE)
    path = aside / f"{hashlib.sha256(payload).hexdigest()[:32]}.json"
    text = json.dumps({"at": time.time(), "reason": reason, "record": base64.b64encode(payload).decode("ascii")})
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 # of a descriptor, whose mode is private
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    new = not path.exists()
    temporary.replace(path)
    sync_directory(aside)
    return new


def read_aside(path: Path) -> dict[str, Any] | None:
    """A record that was set aside: ``at`` (seconds since 1970), ``reason``, ``payload``; None where it is none, or has
    been moved."""
    try:
        row = json.loads(path.read_bytes())
        return {"at": row["at"], "reason": row["reason"], "payload": base64.b64decode(row["record"], validate=True)}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_aside(path: Path) -> None:
    """Puts back what is to be tried again and cannot be read."""
    with contextlib.suppress(FileNotFoundError):
        path.replace(_made(path.parents[1] / ASIDE) / path.name)


def entries(directory: Path, kind: str) -> list[Path]:
    """The files of one kind, by name."""
    suffix = ".damaged" if kind == DAMAGED else ".json"
    with contextlib.suppress(FileNotFoundError):
        return sorted(path for path in (directory / kind).iterdir() if path.suffix == suffix)
    return []


def move(source: Path, kind: str, target: Path, to: str) -> int:
    """Moves all of one kind, of one spool or to another, and says how many.

    Raises:
        OSError: they cannot be moved.
    """
    moved = 0
    for path in entries(source, kind):
        with contextlib.suppress(FileNotFoundError):  # somebody else is moving them as well
            path.replace(_made(target / to) / path.name)
            moved += 1
    for changed in (target / to, source / kind) if moved else ():
        sync_directory(changed)
    return moved


def _made(directory: Path) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory
