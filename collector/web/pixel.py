"""The image that counts a page view where no script runs (``<noscript>``).

It is ``event.track`` with parameters that are made here, so that nothing but a page view comes this way, and goes
through the same gate. Whatever the answer, its body is an image: a page must not show a broken one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tornado.httputil import HTTPHeaders

from collector import __version__
from collector.commands.openapi import responses
from collector.errors import Fault, Refusal
from collector.model import Document
from collector.web.forms import read_form
from collector.web.masking import masked

COMMAND = "event.track"
EVENT = "/api/v1/event"
SUFFIX = ".gif"
"""Behind a path of events: the path of its image."""
GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""One transparent dot."""
_UNWANTED = ("Sec-GPC", "DNT")

_IMAGE: Document = {"image/gif": {}}
PATHS: Document = {
    EVENT + SUFFIX: {
        "get": {
            "operationId": f"{COMMAND}.image",
            "summary": "Counts a page view where no script runs. Whatever the status, the body is one transparent dot.",
            "parameters": [
                {
                    "name": "key",
                    "in": "query",
                    "required": True,
                    "description": "A public key.",
                    "schema": {"type": "string"},
                },
                {
                    "name": "url",
                    "in": "query",
                    "description": "The page's address; the Referer where absent.",
                    "schema": {"type": "string"},
                },
            ],
            "responses": responses(_IMAGE, _IMAGE),
        }
    }
}
"""What ``/openapi.json`` says of the image."""


def unwanted(headers: HTTPHeaders) -> str | None:
    """The header by which the visitor asks not to be tracked; None where there is none."""
    return next((name for name in _UNWANTED if headers.get(name, "").strip() == "1"), None)


def page_view(query: bytes, referer: str | None, fold: Callable[[Mapping[str, Any]], Document]) -> Document:
    """The parameters of the page view that an image stands for.

    Args:
        query: as it was sent: ``key``, and ``url`` where it is not to be the page's that shows the image.
        referer: that page.
        fold: brings names to their documented case.

    Raises:
        Refusal: 100000, the query cannot be read.
    """
    try:
        given = fold(read_form(query.decode()))
        url = given.get("url")
        address = masked(url if isinstance(url, str) and url else referer or "")
        properties = _campaign(address) | ({"$current_url": address} if address else {})
    except ValueError as error:
        raise Refusal(Fault.UNREADABLE) from error
    lib = {"$lib": f"footfall-pixel/{__version__}"}
    return {"APIKey": given.get("key"), "Event": "page_view", "Properties": properties | lib}


def as_image(headers: HTTPHeaders) -> bytes:
    """The body of any answer, noted in its headers."""
    headers["Content-Type"] = "image/gif"
    headers["Content-Length"] = str(len(GIF))
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return GIF


def _campaign(address: str) -> Document:
    """The ``utm_…`` arguments of an address, as the browser SDK sends them."""
    pairs = parse_qsl(address.partition("?")[2], keep_blank_values=True)
    return {name: value for name, value in pairs if name.startswith("utm_")}
