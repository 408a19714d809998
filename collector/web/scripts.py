"""The browser SDK as it is served: compressed beforehand, and under a name of its own for each version."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from tornado.web import RequestHandler

from collector.web.logs import log_fault

_SHORT = "public, max-age=3600"
"""Long enough to be cheap, short enough for a fix to arrive."""
_FOREVER = "public, max-age=31536000, immutable"
_SUFFIXES = {"br": ".br", "gzip": ".gz", "": ""}
"""The encodings of the file, the smallest first."""


class Bundle:
    """``footfall.js`` in the forms in which it is sent.

    Args:
        directory: where it lies, with what it is in brotli and gzip beside it.
    """

    def __init__(self, directory: Path) -> None:
        self.forms: Mapping[str, bytes] = {
            encoding: (directory / f"footfall.js{suffix}").read_bytes() for encoding, suffix in _SUFFIXES.items()
        }
        digest = hashlib.sha384(self.forms[""]).digest()
        self.integrity = "sha384-" + base64.b64encode(digest).decode()
        """What a tag says of it, so that a browser runs no other (Subresource Integrity)."""
        self.path = f"/static/footfall.{digest.hex()[:16]}.js"
        """The path of this version alone."""


class Script(RequestHandler):
    """The browser SDK, for the pages of any site; its ETag is Tornado's own, of what is sent."""

    known_path = True

    def initialize(self, bundle: Bundle, immutable: bool = False) -> None:
        """
        Args:
            bundle: what is served.
            immutable: the path names this version, and will never be another's.
        """
        self._bundle = bundle
        self.set_header("Cache-Control", _FOREVER if immutable else _SHORT)

    def set_default_headers(self) -> None:
        """Headers of all answers."""
        self.clear_header("Server")
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("X-Content-Type-Options", "nosniff")

    def get(self) -> None:
        """The smallest form that the client can take."""
        taken = accepted(self.request.headers.get("Accept-Encoding", ""))
        encoding = next(name for name in _SUFFIXES if name in taken or not name)
        if encoding:
            self.set_header("Content-Encoding", encoding)
        self.write(self._bundle.forms[encoding])

    head = get

    def log_exception(self, typ: object, value: object, tb: object) -> None:
        """As all pages log it."""
        log_fault(typ, value, tb)


def accepted(header: str) -> set[str]:
    """The encodings that an ``Accept-Encoding`` names and does not refuse by ``q=0``."""
    found = set()
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "").removeprefix("q=").strip("0.") or not weight.strip():
            found.add(name.strip())
    return found


def tag(bundle: Bundle, url: str, key: str, script: str = "", endpoint: str = "") -> tuple[str, str]:
    """The line for a page, in two forms: one that takes fixes as they come, one that is pinned to this version.

    Args:
        url: the collector's address, as browsers reach it.
        script: the path of the script where it is renamed.
        endpoint: the path of events where it is renamed.
    """
    rest = f'data-key="{key}"' + (f' data-endpoint="{endpoint}"' if endpoint else "") + "></script>"
    pinned = f'integrity="{bundle.integrity}" crossorigin="anonymous"'
    moving = f'<script async src="{url}{script or "/static/footfall.js"}" {rest}'
    return moving, f'<script async src="{url}{bundle.path}" {pinned} {rest}'
