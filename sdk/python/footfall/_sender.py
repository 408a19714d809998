"""One batch to the collector, and what became of it."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Sequence

from ._answer import Deadline
from ._outcome import Outcome, outcome_of
from ._queue import Event
from ._retry import asked_seconds
from ._transport import Endpoint
from .errors import NetworkError

PATH = "/api/v1/events"
GZIP_FROM = 1024
"""Bytes below which compressing saves no packet."""
MAX_ASKED = 600.0
"""Seconds of a ``Retry-After`` beyond which it is no longer believed."""


class Sender:
    """Posts batches to one endpoint, one at a time, and knows how long to wait after a fault."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint, self._timeout = endpoint, timeout
        self._faults = 0

    def send(self, batch: Sequence[Event], seconds: float | None = None) -> Outcome:
        """Post *batch* once, within *seconds* or the timeout."""
        body = b'{"SentAt":%d,"Events":[%s]}' % (
            time.time_ns() // 1_000_000,
            b",".join(event.text for event in batch),
        )
        outcome = self._posted(batch, body, self._timeout if seconds is None else min(seconds, self._timeout))
        self._faults = self._faults + 1 if outcome.fault and not outcome.halve else 0
        return outcome

    def pause(self, outcome: Outcome) -> float:
        """Seconds to wait after *outcome*: what was asked is the least, and chance keeps clients apart."""
        if not outcome.fault or outcome.halve:
            return 0.0
        jitter = random.uniform(0, min(60.0, 0.5 * 2 ** min(self._faults, 10)))  # noqa: S311 (chance, not a secret)
        return jitter if outcome.wait is None else min(MAX_ASKED, outcome.wait + random.uniform(0, 0.5))  # noqa: S311

    def close(self) -> None:
        """Close the kept connection."""
        self._endpoint.close()

    def _posted(self, batch: Sequence[Event], body: bytes, seconds: float) -> Outcome:
        try:
            zipped = len(body) >= GZIP_FROM
            deadline = Deadline(seconds)
            answer = self._endpoint.post(PATH, _gzip(body) if zipped else body, deadline, zipped)
        except NetworkError as fault:
            return Outcome(again=batch, fault=str(fault))
        return outcome_of(batch, answer, asked_seconds(answer))


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
