"""Python values as JSON, one by one: converted where JSON has no such type, settled or named where there is none."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Set
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Callable
from uuid import UUID

from ._fork import importing
from ._json import MAX_LEVELS


def snapshot(values: Mapping[str, Any], what: str, *, strict: bool = True) -> dict[str, Any]:
    """A copy of *values* made of JSON's types alone.

    Raises TypeError or ValueError for what JSON cannot hold, naming it as *what* (``"property"``) and its name; unless
    *strict*, it is settled instead.
    """
    walk, copy = _Walk(strict), {}
    for name, value in list(values.items()):
        try:
            copy[walk.name(name)] = walk.value(value, 2)
        except (TypeError, ValueError) as fault:
            kind = TypeError if isinstance(fault, TypeError) else ValueError
            raise kind(f"{what} {name!r}: {fault}") from None
    return copy


class _TooMany(ValueError):
    """An event that would be refused for its size, whatever else is made of it."""


class _Walk:
    """Looks at each value; what cannot be is an error where *strict*, else something that can."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._left = 100_000  # one event may not hold up the app: beyond this it would be refused for its size

    def value(self, value: Any, level: int) -> Any:
        if value is None or type(value) is bool:
            return value
        try:
            value = _wholly_opened(value)
            return self._nested(value, level) if isinstance(value, (Mapping, list, tuple)) else _scalar(value)
        except _TooMany:
            raise
        except Exception as fault:  # also of an app's own method: it costs this value, and not its event
            return self._settled(fault, _text_of(value))

    def _nested(self, value: Any, level: int) -> Any:
        self._left -= len(value) + 1
        if self._left < 0:
            raise _TooMany("too many values")
        if level > MAX_LEVELS:
            return self._settled(ValueError(f"nested deeper than {MAX_LEVELS} levels, or within itself"), "(too deep)")
        if isinstance(value, Mapping):
            return {self.name(name): self.value(member, level + 1) for name, member in list(value.items())}
        return [self.value(member, level + 1) for member in list(value)]

    def name(self, name: Any) -> str:
        try:
            return _name(name.value if isinstance(name, Enum) else name)
        except (TypeError, ValueError) as fault:
            return str(self._settled(fault, _mended(_said(name)).replace("\0", "�")))

    def _settled(self, fault: Exception, otherwise: Any) -> Any:
        if self._strict:
            raise fault
        return otherwise


def _wholly_opened(value: Any) -> Any:
    """*value* opened as often as there is something in it, like a set within an Enum."""
    for _ in range(MAX_LEVELS):
        opened = _opened(value)
        if opened is value:
            break
        value = opened
    return value


def _opened(value: Any) -> Any:
    """What is in an Enum, a set, a dataclass, a pydantic model and their like; *value* itself where it is none."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Set) and not isinstance(value, Mapping):
        return sorted(value, key=_order)
    if isinstance(value, (type, memoryview)):
        return value
    return next((what(value) for mark, what in _OPENINGS if hasattr(value, mark)), value)


def _order(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return ""


def _fields(value: Any) -> dict[str, Any]:
    with importing:
        from dataclasses import fields  # noqa: PLC0415 (who has a dataclass has imported it)

    # A field that is no attribute has no value yet.
    names = [field.name for field in fields(value)]
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _text_of(value: Any) -> str | float | None:
    """What is kept of a value that JSON cannot hold."""
    kind = type(value)  # an object may lie about its class, or raise
    if issubclass(kind, (int, float, Decimal)):
        return _nearest(value)
    return _mended(value if issubclass(kind, str) else _said(value))


def _said(value: Any) -> str:
    try:
        return str(value)[:1000]
    except Exception:
        return type(value).__name__


def _nearest(value: Any) -> float | None:
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _mended(text: str) -> str:
    return str.encode(text, errors="replace").decode()


def converted(value: Any) -> Any:
    """*value* as something that JSON has a type for, its members as they are. Raises TypeError or ValueError."""
    opened = _opened(value)
    if opened is not value:
        return opened
    return dict(value) if isinstance(value, Mapping) else _scalar(value)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a name is a string, not {type(name).__name__}")
    if "\0" in name:
        raise ValueError("a name holds no NUL")
    return _text(name)


# What a subclass of str, int or float has made of itself is not asked: these make plain ones.
def _text(value: str) -> str:
    try:
        str.encode(value)
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None
    return str.__str__(value)


def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("an integer has at most 64 bits, its sign included")
    return int.__index__(value)


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"JSON has no {value}")
    return float.__float__(value)


def _decimal(value: Decimal) -> float:
    # By how it is written, so that a column of prices stays of one type; and int() of 1E+999999999 would never end.
    return _integer(int(value)) if value.as_tuple().exponent == 0 else _number(float(value))


def _datetime(value: datetime) -> str:
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()


def _bytes(value: bytes | bytearray | memoryview) -> str:
    """Text where they are text, else base64."""
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        return b64encode(bytes(value)).decode()


# The first that fits decides: a datetime is a date to Python.
_CONVERSIONS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (str, _text),
    (int, _integer),
    (float, _number),
    (datetime, _datetime),
    (date, date.isoformat),
    (Decimal, _decimal),
    (UUID, str),
    ((bytes, bytearray, memoryview), _bytes),
)
# By what they have: none of these packages is imported for it.
_OPENINGS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("__dataclass_fields__", _fields),
    ("__attrs_attrs__", lambda value: {field.name: getattr(value, field.name) for field in value.__attrs_attrs__}),
    ("model_dump", lambda value: value.model_dump()),  # pydantic
    ("__fields_set__", lambda value: value.dict()),  # pydantic 1
    ("tolist", lambda value: value.tolist()),  # numpy's numbers and arrays, and the like of them
)
