"""Questions about events, answered by plain Python over the same events."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
MISSING = object()
_SMALL = str.maketrans({chr(ord("A") + n): chr(ord("a") + n) for n in range(26)})


@dataclass(frozen=True)
class Happened:
    """An event as a test makes it."""

    event: str
    time: datetime
    properties: Row = field(default_factory=dict)
    uuid: str = "v"
    subscriber: str | None = None
    bot: bool = False
    automatic: bool = False


def stored(events: Iterable[Happened], scope: str, prefix: str = "q") -> list[Row]:
    """Their documents, as a collector stores them."""
    return [_document(event, f"{scope}s:{prefix}{number:07d}", scope) for number, event in enumerate(events)]


def _document(event: Happened, key: str, scope: str) -> Row:
    row: Row = {"_id": key, "scope": scope, "user_id": 1, "event": event.event, "uuid": event.uuid}
    row |= {"properties": event.properties, "trust": "secret", "time": event.time, "received": event.time}
    row |= {"subscriber": event.subscriber} if event.subscriber else {}
    row |= {"bot": True} if event.bot else {}
    return row | ({"automatic": True} if event.automatic else {})


def as_json(value: Any) -> Hashable:
    """The same for equal values of JSON."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("array", tuple(as_json(item) for item in value))
    if isinstance(value, dict):
        return ("object", tuple(sorted((name, as_json(item)) for name, item in value.items())))
    return ("number", Fraction(value))


def meets(event: Happened, asked: Row) -> bool:
    """Whether an event meets a filter."""
    found = event.properties.get(asked["Property"], MISSING)
    return _OPERATORS[asked["Operator"]](found, asked.get("Value"))


def _equals(found: Any, value: Any) -> bool:
    return found is not MISSING and as_json(found) == as_json(value)


def _contains(found: Any, value: Any) -> bool:
    if isinstance(found, list):
        return any(as_json(item) == as_json(value) for item in found)
    return isinstance(found, str) and isinstance(value, str) and value.translate(_SMALL) in found.translate(_SMALL)


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "is_not": lambda found, value: not _equals(found, value),
    "contains": _contains,
    "greater": lambda found, value: _kind(found) == _kind(value) and found > value,
    "less": lambda found, value: _kind(found) == _kind(value) and found < value,
    "is_set": lambda found, _: found is not MISSING,
    "is_not_set": lambda found, _: found is MISSING,
    "one_of": lambda found, value: any(_equals(found, item) for item in value),
}


def selected(events: Iterable[Happened], asked: Row, automatic: bool = False) -> list[Happened]:
    """The events that a question is about. ``From`` and ``To`` are moments."""
    return [
        event
        for event in events
        if asked["From"] <= event.time < asked["To"]
        and asked.get("Event") in (None, event.event)
        and (asked.get("Bots") or not event.bot)
        and (automatic or not event.automatic)
        and all(meets(event, item) for item in asked.get("Filters", ()))
    ]


def values(events: Sequence[Happened], name: str) -> Row:
    """What ``website_events.values`` tells of a property, its values by ``as_json``."""
    found = [event.properties[name] for event in events if name in event.properties]
    counts = Counter(as_json(value) for value in found)
    numbers = [value for value in found if _kind(value) == "number"]
    return {
        "Events": len(found),
        "Missing": len(events) - len(found),
        "Distinct": len(counts),
        "Counts": counts,
        "Numbers": None if not numbers else (len(numbers), min(numbers), median(numbers), max(numbers)),
    }


def beginnings(start: datetime, end: datetime, interval: str, zone: ZoneInfo) -> list[datetime]:
    """When the intervals of a span begin, found by looking at each quarter of an hour."""
    moment = start.replace(minute=0, second=0, microsecond=0) - timedelta(days=9)
    found: dict[Hashable, datetime] = {}
    while moment < end:
        found.setdefault(_name_of_interval(moment.astimezone(zone), interval), moment)
        moment += timedelta(minutes=15)
    ordered = sorted(found.values())
    return ordered[bisect_right(ordered, start) - 1 :]


def _name_of_interval(local: datetime, interval: str) -> Hashable:
    if interval == "week":
        return tuple(local.isocalendar())[:2]
    return (local.date(), local.hour, local.utcoffset()) if interval == "hour" else local.date()


def series(
    events: Sequence[Happened], begins: Sequence[datetime], measure: str, of: str = "", by: str | None = None
) -> dict[Hashable, tuple[Any, list[Any]]]:
    """Total and numbers of each line: by ``as_json`` of its value, by None of events without the property."""
    lines: defaultdict[Hashable, list[tuple[int, Happened]]] = defaultdict(list)
    for event in events:
        value = MISSING if by is None else event.properties.get(by, MISSING)
        lines[None if value is MISSING else as_json(value)].append((bisect_right(begins, event.time) - 1, event))
    return {
        key: (
            _measured([event for _, event in placed], measure, of),
            [_measured([event for at, event in placed if at == place], measure, of) for place in range(len(begins))],
        )
        for key, placed in lines.items()
    }


def _measured(events: Sequence[Happened], measure: str, of: str) -> Any:
    if measure == "visitors":
        return len({event.uuid for event in events})
    if measure == "subscribers":
        return len({event.subscriber for event in events if event.subscriber})
    if measure == "sum":
        found = [event.properties.get(of) for event in events]
        return math.fsum(value for value in found if isinstance(value, int | float) and not isinstance(value, bool))
    return len(events)


def moment(text: str) -> datetime:
    """A moment of an answer."""
    return datetime.fromisoformat(text).astimezone(UTC)
