"""The identifiers of events, ``<start>-<n>`` (section 5 of the wire contract).

``start`` is made once a process: the milliseconds since 1970 in hexadecimal, then chance. ``n`` counts up by one, from
1.
"""

from __future__ import annotations

import itertools
import os
import time

from ._fork import notice_fork, renew_after_fork


class EventIds:
    """One process's numbering of its events."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin a new numbering, as a forked child must."""
        milliseconds = time.time_ns() // 1_000_000
        self._start = f"{milliseconds:012x}{os.urandom(8).hex()}"
        self._numbers = itertools.count(1)

    def next(self) -> str:
        """The next identifier; safe to call from any thread, since one step of ``itertools.count`` is atomic."""
        notice_fork()
        return f"{self._start}-{next(self._numbers)}"


event_ids = EventIds()
