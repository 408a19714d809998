"""An event on its way to being stored, and who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from collector.errors import Refusal
from collector.model import Event, Outcome
from collector.storage.events import encode, packed, unpacked

Result = Outcome | Refusal


@dataclass(slots=True)
class Pending:
    """An event that waits to be stored, and its BSON.

    ``number`` is its writer's token and its number there, given when it is first to be stored; ``before`` the same of
    an earlier try whose outcome nobody knows; ``identified`` whether an automatic identify has been stored for it.
    All hold when it is stored again, after a fault that a neighbour brought.
    """

    event: Event
    encoded: bytes
    number: tuple[str, int] | None = None
    before: tuple[str, int] | None = None
    identified: bool = False

    @classmethod
    def of(cls, event: Event) -> Pending:
        """Encodes the event alone, so that one that BSON refuses costs no other.

        Raises:
            Unstorable: BSON refuses it.
        """
        return cls(event, encode(event))

    @classmethod
    def from_record(cls, payload: bytes) -> Pending:
        """What ``record`` has made.

        Raises:
            ValueError: it is no such thing.
        """
        event, encoded, before = unpacked(payload)
        return cls(event, encoded, before=before)

    def record(self) -> bytes:
        """All of it as it waits in a spool."""
        return packed(self.encoded, self.number or self.before)


class Delivery:
    """What a call waits for: the results of its events, in order."""

    def __init__(self, events: int) -> None:
        self.results: list[Result | None] = [None] * events
        self._left = events
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def arrived(self, place: int, result: Result) -> None:
        """Takes one result; the last ends the wait."""
        self.results[place] = result
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True)
class Waiting:
    """An event in the queue: whose it is, and since when (seconds of the monotonic clock)."""

    pending: Pending
    delivery: Delivery
    place: int
    since: float


def hand_out(group: Sequence[Waiting], results: Sequence[Result]) -> None:
    """Gives each who waits what it waits for."""
    for waiting, result in zip(group, results, strict=True):
        waiting.delivery.arrived(waiting.place, result)
