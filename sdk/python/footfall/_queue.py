"""What waits to be sent: bounded by count and bytes, filled by any thread and emptied by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._segment import Segment


class Event(NamedTuple):
    """One event as it is sent.

    Attributes:
        id: Its ``EventID``.
        text: Itself, as JSON in UTF-8.
        segment: The file that it is kept in; None where it is in memory alone.
    """

    id: str
    text: bytes
    segment: Segment | None = None


OVERHEAD = 200
"""The bytes that an event takes in memory beside its text: its objects and its identifier."""


class Queue:
    """Events in their order. Its owner's lock guards it. ``bytes`` is what they take in memory."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events, self._max_bytes = max_events, max_bytes
        self._events: deque[Event] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    def has_room(self, event: Event) -> bool:
        """Whether *event* may be put into it."""
        return self.bytes + len(event.text) + OVERHEAD <= self._max_bytes and len(self._events) < self._max_events

    def put(self, event: Event) -> bool:
        """Whether there was room for *event*."""
        if not self.has_room(event):
            return False
        self._events.append(event)
        self.bytes += len(event.text) + OVERHEAD
        return True

    def take(self, max_events: int, max_bytes: int) -> list[Event]:
        """The oldest events that make one batch; at least one, where there is one."""
        batch: list[Event] = []
        size = 0
        while self._events and len(batch) < max_events:
            size += len(self._events[0].text) + 1
            if batch and size > max_bytes:
                break
            event = self._events.popleft()
            self.bytes -= len(event.text) + OVERHEAD
            batch.append(event)
        return batch

    def put_back(self, events: Iterable[Event]) -> None:
        """Make *events* the next to be taken. They were in it before, or are few, so they always have room."""
        returned = list(events)
        self._events.extendleft(reversed(returned))
        self.bytes += sum(len(event.text) + OVERHEAD for event in returned)
