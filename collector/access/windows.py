"""The windows of rate limits: 60 s each, and beginning at the same moments everywhere."""

from __future__ import annotations

import functools
import hashlib
import hmac
import math
from collections.abc import Callable

WINDOW = 60
"""Seconds. All windows begin at the same moments, so that what ended is dropped as a whole."""
MARK_BYTES = 12


class Window:
    """One window, and the names that MongoDB is given in it: keyed hashes that all hosts make alike, and that tell
    nothing of those in another window.

    Args:
        number: windows since 1970.
        secret: of the database; asked for when the first name is made.
    """

    def __init__(self, number: int, secret: Callable[[], bytes]) -> None:
        self.number = number
        self.start = number * WINDOW
        self.end = self.start + WINDOW
        self._secret = secret

    def name(self, text: str) -> str:
        """That of a budget, or of a client."""
        return f"{hashlib.blake2b(text.encode(), digest_size=16, key=self._key).hexdigest()}/{self.number}"

    def mark(self, text: str) -> bytes:
        """That of an address which a client claims."""
        return hashlib.blake2b(text.encode(), digest_size=MARK_BYTES, key=self._key).digest()

    @functools.cached_property
    def _key(self) -> bytes:
        return hmac.digest(self._secret(), b"limits/%d" % self.number, "sha256")

    def left(self, now: float) -> int:
        """Whole seconds after which it has ended: rounded up, so that who waits for them gets in; at least 1."""
        return max(math.ceil(self.end - now), 1)
