"""What a client may hold and send at once, and what it has done."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """How much waits, how much is sent at once, how long anything takes (bytes and seconds)."""

    max_events: int = 100_000
    max_bytes: int = 32 << 20
    batch_events: int = 500
    batch_bytes: int = 1 << 20
    interval: float = 0.5
    exit_timeout: float = 2.0


class Stats(NamedTuple):
    """What a client has done in this process.

    Attributes:
        queued: Events that wait, or are under way.
        sent: Events that the collector has.
        dropped: Events that are lost, by reason: ``queue full``, ``too large``, ``invalid``, ``refused``,
            ``closed``, ``privacy``.
        retries: Requests that have to be made again.
        last_error: What the last fault was; empty where there was none.
        spooled: Events that wait in the spool alone, or were read from there and are under way.
        unspooled: Events that the spool could not keep. They are not lost by that.
    """

    queued: int
    sent: int
    dropped: dict[str, int]
    retries: int
    last_error: str
    spooled: int = 0
    unspooled: int = 0
