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
    """Events that came together, since when they wait (seconds of the monotonic clock), and their results."""

    def __init__(self, events: Sequence[Pending], since: float) -> None:
        self.events = events
        self.since = since
        self.bytes = sum(len(pending.encoded) for pending in events)
        self.results: asyncio.Future[Sequence[Result]] = asyncio.get_running_loop().create_future()


def hand_out(group: Sequence[Delivery], results: Sequence[Result]) -> None:
    """Gives each who waits what it waits for."""
    start = 0
    for delivery in group:
        end = start + len(delivery.events)
        if not delivery.results.done():
            delivery.results.set_result(results[start:end])
        start = end
