"""Time zones, by the names that IANA gives them: a list's days are those of its zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def zone_named(name: object) -> ZoneInfo | None:
    """The zone of a name such as ``Europe/Berlin``, case included; None where there is none."""
    return ZoneInfo(name) if isinstance(name, str) and name in _names() else None


@cache
def _names() -> frozenset[str]:
    """Looking for them takes long."""
    return frozenset(available_timezones())


def day_edges(last: date, days: int, zone: ZoneInfo) -> list[datetime]:
    """When each of so many days begins in a zone, ascending, and when the ``last`` of them ends. One has 23 or 25 hours
    where clocks are changed; where they jump at midnight, the day begins with the jump."""
    first = last - timedelta(days=days - 1)
    dates = [first + timedelta(days=number) for number in range(days + 1)]
    return [datetime(on.year, on.month, on.day, tzinfo=zone) for on in dates]
