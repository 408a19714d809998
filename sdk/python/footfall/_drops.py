"""Events that are lost: counted by reason, logged at most once a minute, told to the app."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any, Callable, Optional

from ._fork import renew_after_fork

logger = logging.getLogger("footfall")
logger.addHandler(logging.NullHandler())
LOG_EVERY = 60.0
PRIVACY = "privacy"
"""The reason that is no fault: the visitor wishes it so."""
OnDrop = Callable[[str, str], object]
"""Receives an event's id and the reason."""


class Drops:
    """Counts what was dropped. An error of *on_drop* is logged and goes no further."""

    def __init__(self, on_drop: Optional[OnDrop]) -> None:  # noqa: UP045 (evaluated at run time on 3.9)
        self._on_drop = on_drop
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew, as in a forked child: what the parent lost is the parent's to count."""
        self._lock = threading.RLock()  # a finalizer may lose an event while its thread counts another
        self.counts: Counter[str] = Counter()
        self._logged_at = -LOG_EVERY
        self._logged = 0
        self._telling = threading.local()

    def add(self, event_id: str, reason: str) -> None:
        """Count the event *event_id* as lost for *reason*, and tell of it."""
        self.count(reason)
        self.tell(event_id, reason)

    def count(self, reason: str) -> None:
        """Count one that is lost for *reason*; ``tell`` is to follow, where no lock is held."""
        with self._lock:
            self.counts[reason] += 1

    def tell(self, event_id: str, reason: str) -> None:
        """Log that events are lost, if that was not done a short while ago, and tell the app of this one.

        What is lost by ``on_drop`` itself is not told to it: it might track that too, and never come to an end.
        """
        with self._lock:
            due = reason != PRIVACY and self._due()
        if due:  # not under the lock: a handler of the app's may hold one of its own, and track
            logger.warning(*due)
        if self._on_drop is None or getattr(self._telling, "is_on", False):
            return
        self._telling.is_on = True
        try:
            self._on_drop(event_id, reason)
        except Exception:
            logger.exception("on_drop failed")
        finally:
            self._telling.is_on = False

    def _due(self) -> tuple[Any, ...]:
        """What is to be logged now; nothing, where that was done a short while ago."""
        now, total = time.monotonic(), sum(self.counts.values())
        if now - self._logged_at < LOG_EVERY:
            return ()
        since, self._logged_at, self._logged = total - self._logged, now, total
        return "%d events dropped; in all: %s", since, dict(self.counts)
