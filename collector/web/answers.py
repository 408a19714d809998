"""Writing an answer of the API: its bytes and headers."""

from __future__ import annotations

import gzip
import time
from functools import cache
from http.client import responses

import orjson
from tornado.httputil import HTTPHeaders, ResponseStartLine, format_timestamp

from collector.commands.call import Answer

EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
ALLOWED_METHODS = "GET, POST, OPTIONS"
_ZIPPED_FROM = 2_048
"""Bytes from which an answer is worth compressing."""


def headers_of(answer: Answer, browsers: bool) -> HTTPHeaders:
    """The headers of an answer.

    Args:
        browsers: whether pages of other sites may read it (section 9 of the contract).
    """
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/json"
    headers["Cache-Control"] = "no-store"
    headers["Date"] = _date(int(time.time()))
    if browsers:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED
    for name, value in answer.headers.items():
        headers[name] = value
    return headers


def preflight_headers(browsers: bool) -> HTTPHeaders:
    """The headers of the answer to a preflight, which holds for a day."""
    headers = HTTPHeaders({"Date": _date(int(time.time()))})
    if browsers:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED
        headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        headers["Access-Control-Allow-Headers"] = "Content-Type, Content-Encoding, Authorization"
        headers["Access-Control-Max-Age"] = "86400"
    return headers


def body_of(answer: Answer, encodings: str, headers: HTTPHeaders) -> bytes:
    """The bytes of an answer, a large one compressed where its reader takes that; noted in the headers.

    Args:
        encodings: the request's ``Accept-Encoding``.
    """
    body = orjson.dumps(answer.body)
    if len(body) >= _ZIPPED_FROM and "gzip" in accepted(encodings):
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    headers["Content-Length"] = str(len(body))
    return body


def accepted(header: str) -> set[str]:
    """The encodings that an ``Accept-Encoding`` names and does not refuse by ``q=0``."""
    found = set()
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "").removeprefix("q=").strip("0.") or not weight.strip():
            found.add(name.strip())
    return found


@cache
def start_line(status: int) -> ResponseStartLine:
    """The first line of an answer."""
    return ResponseStartLine("", status, responses.get(status, "Unknown"))


_dates: dict[int, str] = {}


def _date(second: int) -> str:
    """The time as HTTP writes it, made once a second."""
    if second not in _dates:
        _dates.clear()
        _dates[second] = format_timestamp(second)
    return _dates[second]
