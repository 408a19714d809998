"""JSON that means exactly what it says."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

_LONG_INTEGER = re.compile(rb"\d{19}")
"""orjson makes floats of integers beyond 64 bits; from 19 digits on json, which is slower, is asked instead."""


def read_json(data: bytes) -> Any:
    """The value of a JSON text in UTF-8. Of a name given twice in one object the later counts.

    Raises:
        ValueError: it is not JSON; NaN, lone surrogates, numbers beyond a double and nesting beyond reason included.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    value = orjson.loads(data)
    if not _LONG_INTEGER.search(data):
        return value
    try:
        return json.loads(data, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
