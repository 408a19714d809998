"""When an event happened: ISO 8601 or an epoch, a wrong clock set right, nothing in the future (section 5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would be past the year 5138, as milliseconds 1973."""
_SHORTEST_EPOCH_TEXT = 9
"""Fewer digits in a text are a date (``20240131``)."""

_ISO = re.compile(r"\d{4}-?(\d\d-?\d\d|W\d\d(-?\d)?)([T ]\d[\d:.,]*( ?(Z|[+-]\d[\d:]*))?)?", re.ASCII)
"""What Python would read as ISO 8601 is more: any character between date and time, for one."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)

OLDEST_CLAIM = timedelta(days=7)
"""How far back an event with a public key may lie (section 3)."""


def read_time(value: Any) -> datetime:
    """A moment in UTC, to the millisecond.

    Args:
        value: ISO 8601 as text (without a zone: UTC), or seconds or milliseconds since 1970 as number or text.

    Raises:
        ValueError: it is neither.
    """
    value = value.strip().upper() if isinstance(value, str) else value
    try:
        moment = _from_epoch(value) if _is_epoch(value) else _from_text(value)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    except (OverflowError, OSError, TypeError) as error:
        raise ValueError("not a time") from error


def corrected(timestamp: datetime | None, sent_at: datetime | None, received: datetime) -> datetime:
    """When the event happened by the server's clock: moved by the client clock's error, never in the future."""
    if timestamp is None:
        return received
    error = received - sent_at if sent_at else timedelta()
    try:
        return min(timestamp + error, received)
    except OverflowError:  # beyond an end of the calendar
        return received if error > timedelta() else _EARLIEST


def claimed(moment: datetime, received: datetime) -> datetime:
    """The time of an event with a public key, which reaches back seven days and no further."""
    return max(moment, received - OLDEST_CLAIM)


def _is_epoch(value: Any) -> bool:
    if isinstance(value, bool):
        raise ValueError("not a time")
    if isinstance(value, int | float):
        return True
    if not isinstance(value, str):
        raise ValueError("not a time")
    digits = value.lstrip("-").replace(".", "", 1)
    return len(digits) >= _SHORTEST_EPOCH_TEXT and digits.isascii() and digits.isdigit()


def _from_epoch(value: Any) -> datetime:
    number = float(value)
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _from_text(value: str) -> datetime:
    if not _ISO.fullmatch(value):
        raise ValueError("not a time")
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
