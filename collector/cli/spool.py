"""``footfall spool``: what waits while MongoDB is away. It reads the data directory alone, so it works just then."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.config import Settings
from collector.errors import StartupError
from collector.spool.status import retry, status

Rows = list[dict[str, Any]]
Local = Callable[[Settings], dict[str, Any] | Rows]


def spool_status(settings: Settings) -> Rows:
    """What waits in the spool of each process."""
    return [_row(slot, directory, settings) for slot, directory in _spools(settings.data_dir)]


def spool_retry(settings: Settings) -> dict[str, Any]:
    """Has tried again what was set aside."""
    try:
        return {"records": sum(retry(directory) for _, directory in _spools(settings.data_dir))}
    except OSError as error:
        raise StartupError(f"The spool cannot be changed: {error.strerror}") from error


def _spools(data_dir: Path) -> list[tuple[int, Path]]:
    """The spools of the data directory, by the number of their process."""
    found = [path for path in (data_dir / "slots").glob("*/spool") if path.parent.name.isdecimal()]
    return sorted((int(path.parent.name), path) for path in found)


def _row(slot: int, directory: Path, settings: Settings) -> dict[str, Any]:
    try:
        found = status(directory)
    except OSError as error:
        raise StartupError(f"{directory} cannot be read: {error.strerror}") from error
    return {
        "slot": slot,
        "records": found.records,
        "bytes": found.bytes,
        "limit": settings.spool_mb << 20 if found.limit is None else found.limit,
        "oldest_seconds": max(round(time.time() - found.oldest / 1000), 0) if found.oldest else None,
        "set_aside": found.aside,
        "to_retry": found.retried,
        "damaged_bytes": found.damaged.bytes,
        "lost": found.damaged.lost,
        "reasons": found.reasons,
    }
