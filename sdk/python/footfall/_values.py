"""Python values as JSON: what a caller gives is copied, never changed, and converted where JSON has no such type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Callable
from uuid import UUID

MAX_LEVELS = 32
"""How deep properties may nest; the properties themselves are the first level."""


def snapshot(values: Mapping[str, Any], what: str) -> dict[str, Any]:
    """A copy of *values* made of JSON's types alone.

    Raises TypeError or ValueError for what JSON cannot hold, naming it as *what* (``"property"``) and its name.
    """
    copy = {}
    for name, value in values.items():
        try:
            copy[_name(name)] = _plain(value, 2)
        except (TypeError, ValueError) as fault:
            kind = TypeError if isinstance(fault, TypeError) else ValueError
            raise kind(f"{what} {name!r}: {fault}") from None
    return copy


def _plain(value: Any, level: int) -> Any:
    if not isinstance(value, (Mapping, list, tuple)):
        return _scalar(value)
    if level > MAX_LEVELS:
        raise ValueError(f"nested deeper than {MAX_LEVELS} levels, or within itself")
    if isinstance(value, Mapping):
        return {_name(name): _plain(member, level + 1) for name, member in value.items()}
    return [_plain(member, level + 1) for member in value]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a name is a string, not {type(name).__name__}")
    return _text(name)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None
    return value


def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer has at most 64 bits, its sign included")
    return value


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"JSON has no {value}")
    return value


def _decimal(value: Decimal) -> float:
    # By how it is written, so that a column of prices stays of one type; and int() of 1E+999999999 would never end.
    return _integer(int(value)) if value.as_tuple().exponent == 0 else _number(float(value))


def _datetime(value: datetime) -> str:
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()


# The first that fits decides: a datetime is a date to Python.
_CONVERSIONS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, _text),
    (int, _integer),
    (float, _number),
    (datetime, _datetime),
    (date, date.isoformat),
    (Decimal, _decimal),
    (UUID, str),
)
