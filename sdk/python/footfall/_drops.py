"""Events that are lost: counted by reason, logged at most once a minute, told to the app."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any, Callable, Optional

from ._fork import renew_after_fork

# Without a handler that does nothing: where an app has none, Python itself shows warnings, like that of a wrong key.
logger = logging.getLogger("footfall")
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
        self._whys: dict[str, str] = {}
        self._logged_at = -LOG_EVERY
        self._logged = 0
        self._telling = threading.local()

    def add(self, event_id: str, reason: str) -> None:
        """Count the event *event_id* as lost for *reason*, and tell of it."""
        self.count(reason)
        self.tell(event_id, reason)

    def count(self, reason: str, why: str = "") -> None:
        """Count one that is lost for *reason*, of which the server says *why*.

        ``tell`` is to follow, where no lock is held.
        """
        with self._lock:
            self.counts[reason] += 1
            if why:
                self._whys[reason] = why

    def tell(self, event_id: str, reason: str) -> None:
        """Log that events are lost, if that was not done a short while ago, and tell the app of this one.

        What is lost by ``on_drop`` itself is not told to it: it might track that too, and never come to an end.
        """
        if reason != PRIVACY:
            self._log(LOG_EVERY)
        if self._on_drop is None or getattr(self._telling, "is_on", False):
            return
        self._telling.is_on = True
        try:
            self._on_drop(event_id, reason)
        except Exception:
            logger.exception("on_drop failed")
        finally:
            self._telling.is_on = False

    def tell_rest(self) -> None:
        """Log what was lost since the last word of it: there may be no next one."""
        self._log(0.0)

    def _log(self, every: float) -> None:
        with self._lock:
            due = self._due(every)
        if due:  # not under the lock: a handler of the app's may hold one of its own, and track
            logger.warning(*due)

    def _due(self, every: float) -> tuple[Any, ...]:
        """What is to be logged now; nothing, where that was done within *every* seconds, or nothing is new."""
        lost = {reason: count for reason, count in self.counts.items() if reason != PRIVACY}
        now, total = time.monotonic(), sum(lost.values())
        since = total - self._logged
        if now - self._logged_at < every or not since:
            return ()
        self._logged_at, self._logged = now, total
        whys = "".join(f"; {reason}: {why}" for reason, why in self._whys.items())
        return "%d events dropped; in all: %s%s", since, lost, whys
