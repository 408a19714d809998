"""Hours, days and weeks of a time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Interval = Literal["hour", "day", "week"]

MOST = 5_000
"""Intervals that are counted apart."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class TooMany(ValueError):
    """There are too many intervals in the span."""


def edges(start: datetime, end: datetime, interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """The moments, in UTC, at which the intervals begin that lie between two moments, in whole or in part; and where
    the last one ends. A day is one of the zone, of 23 or 25 hours where clocks change; a week begins on Monday.

    Raises:
        TooMany: see there.
        OverflowError: the calendar of the zone does not reach so far.
    """
    found: list[datetime] = []
    for edge in _EDGES[interval](start, zone):
        if not found or edge > found[-1]:  # a zone that changes sides of the date line leaves a day out
            found.append(edge)
        if edge >= end:
            return found
        if len(found) > MOST:
            break
    raise TooMany


def local(moment: datetime, zone: ZoneInfo, to: str = "seconds") -> str:
    """A moment as its zone's clocks show it, with their offset, to the second or the millisecond."""
    return moment.astimezone(zone).isoformat(timespec=to)


def _hours(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    edge = _full_hour(start, zone)
    while True:
        yield edge
        following = _full_hour(edge + _HOUR, zone)
        # Where clocks change by half an hour, an hour may begin at half past.
        edge = following if following > edge and _is_full(following, zone) else edge + _HOUR


def _full_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    shown = moment.astimezone(zone)
    return moment - timedelta(minutes=shown.minute, seconds=shown.second, microseconds=shown.microsecond)


def _is_full(moment: datetime, zone: ZoneInfo) -> bool:
    shown = moment.astimezone(zone)
    return (shown.minute, shown.second) == (0, 0)


def _days(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    return _midnights(start.astimezone(zone).date(), _DAY, zone)


def _weeks(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day = start.astimezone(zone).date()
    return _midnights(day - timedelta(days=day.weekday()), 7 * _DAY, zone)


def _midnights(day: date, step: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    """The beginnings of days. One that clocks leave out or show twice is the first moment of its day."""
    while True:
        yield datetime.combine(day, time(), zone).astimezone(UTC)
        day += step


_EDGES: dict[Interval, Callable[[datetime, ZoneInfo], Iterator[datetime]]] = {
    "hour": _hours,
    "day": _days,
    "week": _weeks,
}
INTERVALS = tuple(_EDGES)
