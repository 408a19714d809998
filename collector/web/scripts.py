"""The browser SDK as it is served: compressed beforehand, and under a name of its own for each version."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from tornado.web import RequestHandler

from collector.web.answers import accepted
from collector.web.logs import log_fault
from collector.web.pixel import EVENT, SUFFIX

_SHORT = "public, max-age=3600"
"""Long enough to be cheap, short enough for a fix to arrive."""
_FOREVER = "public, max-age=31536000, immutable"
_SUFFIXES = {"br": ".br", "gzip": ".gz", "": ""}
"""The encodings of the file, the smallest first."""


_PARTS = {"": "footfall.js", "auto": "footfall-auto.js", "check": "footfall-check.js"}
"""The file of each query: at ``?auto`` and ``?check`` the script loads its own parts, when a page asks for them."""

Forms = Mapping[str, bytes]
"""A file in the encodings in which it is sent."""


class Bundle:
    """``footfall.js``, and the parts that it loads on demand, in the forms in which they are sent.

    Args:
        directory: where they lie, with what they are in brotli and gzip beside them.
    """

    def __init__(self, directory: Path) -> None:
        self._parts: Mapping[str, Forms] = {query: _forms(directory / name) for query, name in _PARTS.items()}
        digest = hashlib.sha384(self.forms()[""]).digest()
        self.integrity = "sha384-" + base64.b64encode(digest).decode()
        """What a tag says of the script, so that a browser runs no other (Subresource Integrity)."""
        version = hashlib.sha384(b"".join(forms[""] for forms in self._parts.values())).hexdigest()
        self.path = f"/static/footfall.{version[:16]}.js"
        """The path of this version alone, of its parts too."""

    def forms(self, query: str = "") -> Forms:
        """What is served at a query; the script itself where it names no part. The script asks for a part by ``?auto``
        behind its own address, which may have a query already."""
        return self._parts.get(re.split("[?&]", query)[-1]) or self._parts[""]


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
        self.set_header("Vary", "Accept-Encoding")

    def get(self) -> None:
        """The smallest form that the client can take."""
        self._transforms = []  # Tornado's gzip would pack it for a client that refuses gzip by q=0
        taken = accepted(self.request.headers.get("Accept-Encoding", ""))
        encoding = next(name for name in _SUFFIXES if name in taken or not name)
        if encoding:
            self.set_header("Content-Encoding", encoding)
        self.write(self._bundle.forms(self.request.query)[encoding])

    head = get

    def log_exception(self, typ: object, value: object, tb: object) -> None:
        """As all pages log it."""
        log_fault(typ, value, tb)


def _forms(file: Path) -> Forms:
    return {encoding: file.with_name(file.name + suffix).read_bytes() for encoding, suffix in _SUFFIXES.items()}


def tags(bundle: Bundle, url: str, key: str, script: str = "", endpoint: str = "") -> dict[str, str]:
    """The line for a page in two forms, ``tag`` that takes fixes as they come, ``pinned`` that names this version and
    wants no other, and ``noscript``, which counts page views where no script runs.

    Args:
        url: the collector's address, as browsers reach it.
        script: the path of the script where it is renamed.
        endpoint: the path of events where it is renamed.
    """
    rest = f'data-key="{key}"' + (f' data-endpoint="{endpoint}"' if endpoint else "") + "></script>"
    pinned = f'integrity="{bundle.integrity}" crossorigin="anonymous"'
    moving = f'<script async src="{url}{script or "/static/footfall.js"}" {rest}'
    image = f"{url}{endpoint or EVENT}{SUFFIX}?key={key}"
    # Without the policy another site than the page's learns the page's origin alone.
    shown = 'width="1" height="1" alt="" referrerpolicy="no-referrer-when-downgrade"'
    return {
        "tag": moving,
        "pinned": f'<script async src="{url}{bundle.path}" {pinned} {rest}',
        "noscript": f'<noscript><img src="{image}" {shown}></noscript>',
    }
