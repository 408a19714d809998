"""Going through a span of time, newest first, in slices, within a limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

_FIRST = timedelta(minutes=1)
"""Short enough for the busiest list to come on, even if what is looked for is rare."""
_TARGET = 1 / 10
"""What a slice should take of the limit: that much is lost at most, or nearly, where it is cut."""
_SMALLEST = timedelta(seconds=1)
_MOST_GROWTH, _LEAST_GROWTH = 8.0, 0.25


class Full(Exception):
    """What a slice has found has no room beside what there is; without it nothing has changed."""


class Slices:
    """The slices of a span. Iterating gives the beginning and end of each; one counts as done when the next is asked
    for, and so not where an exception has cut its work. How long it took decides how large the next is.

    Args:
        start: the beginning of the span.
        end: its end, where it begins.
        seconds: what all of it may take.
        now: a clock in seconds.
    """

    def __init__(
        self, start: datetime, end: datetime, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._seconds = seconds
        self._now = now
        self._deadline = now() + seconds
        self.reached = end

    @property
    def complete(self) -> bool:
        """Whether all of the span is done; ``reached`` is how far it is."""
        return self.reached <= self._start

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._deadline - self._now()

    def __iter__(self) -> Iterator[tuple[datetime, datetime]]:
        size = _FIRST
        while not self.complete and self.left > 0 and size >= _SMALLEST:
            begin = self.reached - min(size, self.reached - self._start)
            began, self._again = self._now(), False
            yield begin, self.reached
            if self._again:
                size = (self.reached - begin) / 4
                continue
            self.reached = begin
            size *= self._growth(self._now() - began)

    def again(self) -> None:
        """Has what this slice was be looked at in smaller ones, down to a second."""
        self._again = True

    def _growth(self, taken: float) -> float:
        wanted = self._seconds * _TARGET / max(taken, 1e-6)
        return max(_LEAST_GROWTH, min(_MOST_GROWTH, wanted))
