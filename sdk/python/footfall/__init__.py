"""Footfall's SDK for Python.

import footfall

client = footfall.Client("https://footfall.example.com", "sk_…")
client.track("order_placed", {"total": 19.9}, email="ada@example.com")
"""

from ._client import Client
from ._verdict import Verdict
from ._version import __version__
from .errors import ApiError, FootfallError, NetworkError

__all__ = ["ApiError", "Client", "FootfallError", "NetworkError", "Verdict", "__version__"]
