"""Reading a request: body and query, into parameters (section 2 of the contract)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

from collector.errors import Fault, Refusal
from collector.model import Document
from collector.web.forms import read_form
from collector.web.jsonbody import read_json

_JSON_TYPES = frozenset({"", "application/json", "text/plain"})
_FORM_TYPE = "application/x-www-form-urlencoded"
_GZIP_WINDOW = 31
_PIECE = 1024
"""Bytes given to one call of zlib, which copies what lies behind a member's end: a body may be nothing but ends."""


def inflated(data: bytes, encoding: str, most: int) -> bytes:
    """The body behind its ``Content-Encoding``, which gzip is the only one of.

    Raises:
        Refusal: 415 for another encoding, 413 where it inflates to more than ``most`` bytes, 100000 for no gzip.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip"):
        raise Refusal(Fault.UNSUPPORTED_CONTENT_TYPE)
    try:
        return _gunzipped(data, most)
    except zlib.error as error:
        raise Refusal(Fault.UNREADABLE) from error


def _gunzipped(data: bytes, most: int) -> bytes:
    """All members of a gzip file, one after another."""
    result, rest = bytearray(), memoryview(data)
    while rest:
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            piece, rest = rest[:_PIECE], rest[_PIECE:]
            if not piece:
                raise zlib.error("cut short")
            result += member.decompress(piece, most + 1 - len(result))
            if len(result) > most:
                raise Refusal(Fault.BODY_TOO_LARGE)
        if member.unused_data:
            rest = memoryview(data)[len(data) - len(rest) - len(member.unused_data) :]
    return bytes(result)


def read_parameters(
    body: bytes, content_type: str, query: bytes, fold: Callable[[Mapping[str, Any]], Document]
) -> Document:
    """The parameters of a request; where body and query both name one, the body wins.

    Args:
        query: as it was sent.
        fold: brings names to their documented case.

    Raises:
        Refusal: 415 for a type that is neither JSON nor form, 100000 for what cannot be read.
    """
    try:
        given = fold(_read_body(body, content_type))
        return {**fold(read_form(query.decode())), **given} if query else given
    except ValueError as error:
        raise Refusal(Fault.UNREADABLE) from error


def _read_body(body: bytes, content_type: str) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == _FORM_TYPE and not body.lstrip().startswith(b"{"):
        return read_form(body.decode())
    if kind not in _JSON_TYPES and kind != _FORM_TYPE:
        raise Refusal(Fault.UNSUPPORTED_CONTENT_TYPE)
    value = read_json(body)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
