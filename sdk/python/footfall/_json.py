"""JSON as events need it: compact, written fast, and looked through for what may be beyond a collector."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

MAX_LEVELS = 32
"""How deep properties may nest; the properties themselves are the first level."""
# What may be an integer beyond 64 bits. Each begins with a single character: such patterns are soon done.
_LARGE = re.compile(rb":-?[0-9]{19}").search
_LARGE_FIRST = re.compile(rb"\[-?[0-9]{19}").search
_LARGE_NEXT = re.compile(rb",-?[0-9]{19}").search


class Encoder:
    """Writes compact JSON without NaN; what it does not know is given to *default*. A cycle is an error of some kind.

    ``json.JSONEncoder`` makes its encoder in C anew at each call, which takes as long as an event does.
    """

    def __init__(self, default: Callable[[Any], Any]) -> None:
        self._slow = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=default)
        make = getattr(json.encoder, "c_make_encoder", None)
        text = json.encoder.encode_basestring
        # No markers of what is being encoded: threads would take each other's for a cycle. Its depth ends one as well.
        self._fast = make and make(None, default, text, None, ":", ",", False, False, False)

    def encode(self, value: Any) -> str:
        """The text of *value*. Raises TypeError, ValueError, RecursionError."""
        return "".join(self._fast(value, 0)) if self._fast else self._slow.encode(value)


def is_suspect(text: bytes) -> bool:
    """Whether *text* may hold an integer beyond 64 bits, or a NUL in a name: a reason to look at each value."""
    if b"\\u0000" in text or _LARGE(text):
        return True
    return b"[" in text and bool(_LARGE_FIRST(text) or _LARGE_NEXT(text))
