"""Footfall's SDK for Python.

import footfall

footfall.configure("https://footfall.example.com", "sk_…")
footfall.track("order_placed", {"total": 19.9}, email="ada@example.com")
"""

from ._answer import Answer
from ._client import Client
from ._default import atrack_now, close, configure, conversion, flush, flushes, identify, page, track, track_now
from ._exit import flush_on_sigterm
from ._limits import Limits, Stats
from ._scope import Web, bind_context, set_page
from ._transport import Transport
from ._verdict import Verdict
from ._version import __version__
from .errors import ApiError, FootfallError, NetworkError

__all__ = [
    "Answer",
    "ApiError",
    "Client",
    "FootfallError",
    "Limits",
    "NetworkError",
    "Stats",
    "Transport",
    "Verdict",
    "Web",
    "__version__",
    "atrack_now",
    "bind_context",
    "close",
    "configure",
    "conversion",
    "flush",
    "flush_on_sigterm",
    "flushes",
    "identify",
    "page",
    "set_page",
    "track",
    "track_now",
]
