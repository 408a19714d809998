"""The end of a process: what waits is sent first, within a bound."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from types import FrameType
from typing import Any, Protocol
from weakref import WeakSet

from ._scope import release_held


class Closable(Protocol):
    """What has something to finish at the end."""

    exit_timeout: float

    def hurry(self) -> None:
        """Begin to finish, and return at once."""

    def flush(self, timeout: float) -> bool:
        """Finish what was begun within *timeout* seconds; whether that succeeded."""

    def close(self, timeout: float) -> bool:
        """Finish within *timeout* seconds; whether that succeeded."""


_closables: WeakSet[Any] = WeakSet()
_hooked: set[int] = set()


def close_at_exit(closable: Closable) -> None:
    """Have *closable* closed when this process ends, for as long as it lives.

    Called where its thread starts, so in the process that sends. The children of multiprocessing end without atexit,
    by finalizers of their own, and those of Celery without even these where they have done ``max_tasks_per_child``.
    """
    _closables.add(closable)
    if os.getpid() in _hooked:
        return
    _hooked.add(os.getpid())
    for name in ("multiprocessing.util", "billiard.util"):
        util = sys.modules.get(name)
        if util is not None:
            util.Finalize(None, close_all, exitpriority=10)
    signals = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(_close_in_celery, weak=False)


def _hurried() -> list[Closable]:
    """All, each of them at work: none waits for another's dead server."""
    release_held()
    closables: list[Closable] = list(_closables)
    for closable in closables:
        closable.hurry()
    return closables


def flush_all(timeout: float) -> None:
    """Have all that waits sent, together within *timeout* seconds."""
    closables, end = _hurried(), time.monotonic() + timeout
    for closable in closables:
        closable.flush(max(0.0, end - time.monotonic()))


def close_all() -> None:
    """Close all, together within the longest time that one of them has."""
    closables = _hurried()
    end = time.monotonic() + max((closable.exit_timeout for closable in closables), default=0.0)
    for closable in closables:
        closable.close(max(0.0, end - time.monotonic()))


def _close_in_celery(**_: Any) -> None:
    close_all()


def flush_on_sigterm() -> None:
    """Send what waits when SIGTERM comes, then do what would have been done. Call it from the main thread.

    Raises ValueError from any other.
    """
    before = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        close_all()
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)


atexit.register(close_all)
