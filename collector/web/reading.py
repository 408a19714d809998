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
    result = bytearray()
    while data:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            result += member.decompress(data, most + 1 - len(result))
        except zlib.error as error:
            raise Refusal(Fault.UNREADABLE) from error
        if len(result) > most:
            raise Refusal(Fault.BODY_TOO_LARGE)
        if not member.eof:
            raise Refusal(Fault.UNREADABLE)
        data = member.unused_data
    return bytes(result)


def read_parameters(
    body: bytes, content_type: str, query: str, fold: Callable[[Mapping[str, Any]], Document]
) -> Document:
    """The parameters of a request; where body and query both name one, the body wins.

    Args:
        fold: brings names to their documented case.

    Raises:
        Refusal: 415 for a type that is neither JSON nor form, 100000 for what cannot be read.
    """
    try:
        given = fold(_read_body(body, content_type))
        return {**fold(read_form(query)), **given} if query else given
    except (ValueError, UnicodeError, RecursionError) as error:
        raise Refusal(Fault.UNREADABLE) from error


def _read_body(body: bytes, content_type: str) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == _FORM_TYPE and not body.lstrip().startswith(b"{"):
        return read_form(body.decode("ascii", errors="strict") if body.isascii() else body.decode())
    if kind not in _JSON_TYPES and kind != _FORM_TYPE:
        raise Refusal(Fault.UNSUPPORTED_CONTENT_TYPE)
    value = read_json(body)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
