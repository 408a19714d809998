"""What an exchange with the collector comes to, and how long it may take."""

from __future__ import annotations

import time
from typing import NamedTuple


class Answer(NamedTuple):
    """An HTTP answer, whatever its status.

    Attributes:
        status: As in HTTP.
        body: Without compression.
        retry_after: The header ``Retry-After``; empty where there is none.
    """

    status: int
    body: bytes
    retry_after: str = ""


class Deadline:
    """The end of a call."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def allows(self, seconds: float) -> bool:
        """Whether a wait of *seconds* leaves time to do something afterwards."""
        return time.monotonic() + seconds < self._end

    def left(self) -> float:
        """The seconds left. Raises TimeoutError where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left
