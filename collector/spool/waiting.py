"""How many acknowledged events wait on this host, as each of several processes knows (section 7 of the contract)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_NAME = "waiting"


class Waiting:
    """The number of one process, kept in a small file in its place, where the others read it.

    The file is written and not waited for: it tells what a running process says, and of one that was killed what it
    said last, until its successor says it anew.

    Args:
        place: the directory of what this process keeps for itself; those of the others are beside it.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._own = 0
        self._said: int | None = None  # another may have said something, which is in the file
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(place / _NAME, os.O_WRONLY | os.O_CREAT, 0o600)

    def set(self, events: int) -> None:
        """Says how many wait here, before they are acknowledged."""
        self._own = events
        if events == self._said:
            return
        self._said = events
        with contextlib.suppress(OSError):  # a full disk; what is told of the spool is not worth an event
            os.pwrite(self._descriptor, b"%020d\n" % events, 0)

    def on_host(self) -> int:
        """How many wait in all processes."""
        beside = (path for path in self._place.parent.iterdir() if path.name != self._place.name)
        return self._own + sum(_read(path / _NAME) for path in beside)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)


def _read(path: Path) -> int:
    """The number of another process; of one that has said nothing yet, or has no place any more, 0."""
    try:
        return int(path.read_bytes())
    except (OSError, ValueError):
        return 0
