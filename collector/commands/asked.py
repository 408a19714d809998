"""The parameters that questions about events share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from collector.access.directory import Directory
from collector.commands.call import Call
from collector.commands.tracking import list_number
from collector.commands.whose import asked_list, scope_of
from collector.errors import Fault
from collector.ingest.checks import LONGEST_NAME, check_properties
from collector.ingest.times import read_time
from collector.model import Document
from collector.storage.questions.filters import OPERATORS, Filter
from collector.storage.questions.selection import Selection
from collector.zones import zone_named

DAYS = timedelta(days=30)
"""How far back a question reaches that does not say."""
_INSTANT = timedelta(milliseconds=1)
MOST_FILTERS = 20
MOST_ALTERNATIVES = 100
MOST_PARTS = 2_000
"""Values, and values within values, of all filters together: each is a part of a pipeline, which has an end."""
_VALUELESS = frozenset({"is_set", "is_not_set"})
_NO = frozenset({"", "0", "false"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about: the list, None for the events without one, the events, and the viewer's zone."""

    list_id: int | None
    selection: Selection
    zone: ZoneInfo


class Asking:
    """Reads the parameters of questions.

    Args:
        directory: knows lists.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def read(self, call: Call, faults: set[Fault]) -> tuple[Asked | None, set[Fault]]:
        """What is asked about, or all that is wrong beyond ``faults``, which the schema found.

        Raises:
            StoreAway: the list is not known from before.
        """
        given = call.given
        found, wrong = await asked_list(call, self._directory, faults)
        start, end = _attempt(_span, (given, call.received), Fault.INVALID_SPAN, wrong) or (None, None)
        filters = _attempt(read_filters, given.get("Filters", []), Fault.INVALID_FILTERS, wrong)
        zone = zone_named(given.get("TimeZone", found.time_zone if found else "UTC"))
        if zone is None:
            wrong.add(Fault.INVALID_TIME_ZONE)
        if faults or wrong or start is None or end is None or filters is None or zone is None:
            return None, wrong
        bots = says_yes(given.get("Bots"))
        selection = Selection(scope_of(found, call), start, end, given.get("Event"), tuple(filters), bots)
        return Asked(found.id if found else None, selection, zone), wrong


def says_yes(flag: Any) -> bool:
    """Whether a switch is on: unless it is one of the ways to say no, which a query writes as text, in any case."""
    return flag is not None and flag != 0 and str(flag).lower() not in _NO


def name_of(given: Document, parameter: str, missing: Fault | None) -> tuple[str | None, set[Fault]]:
    """A parameter that names a property, any name an event can have; what is wrong with it."""
    value = given.get(parameter)
    if value is None:
        return None, {missing} if missing else set()
    return value, set() if _is_name(value) else {Fault.INVALID_PROPERTY}


def number_of(value: Any, default: int | None, most: int | None, wrong: set[Fault]) -> int | None:
    """A ``Limit``; what is wrong with it is added to ``wrong``."""
    if value is None:
        return default
    number = list_number(value)
    if number is None or (most is not None and number > most):
        wrong.add(Fault.INVALID_LIMIT)
        return None
    return number


def read_filters(given: Any) -> list[Filter]:
    """``Filters``, as an array or as a JSON text.

    Raises:
        ValueError: they are none.
    """
    rows = _json(given) if isinstance(given, str) else given
    if not isinstance(rows, list) or len(rows) > MOST_FILTERS:
        raise ValueError("not filters")
    filters = [_filter(row) for row in rows]
    if sum(_parts(item.value) for item in filters) > MOST_PARTS:
        raise ValueError("too much in all")
    return filters


def _parts(value: Any) -> int:
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_parts, within))


def _filter(row: Any) -> Filter:
    if not isinstance(row, dict) or row.keys() - {"Property", "Operator", "Value"}:
        raise ValueError("not a filter")
    name, operator = row.get("Property"), row.get("Operator")
    value: Any = row.get("Value")
    if not isinstance(name, str) or not _is_name(name) or operator not in OPERATORS:
        raise ValueError("not a filter")
    if operator in _VALUELESS:
        return Filter(name, operator)
    if "Value" not in row or not _fits(operator, value):
        raise ValueError("not a filter")
    for item in value if operator == "one_of" else [value]:
        check_properties({"Value": item})
    return Filter(name, operator, value)


def _fits(operator: str, value: Any) -> bool:
    if operator in ("greater", "less"):
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    return operator != "one_of" or (isinstance(value, list) and 0 < len(value) <= MOST_ALTERNATIVES)


def _is_name(value: Any) -> bool:
    """Whether a property can be called that (section 4, code 11)."""
    return isinstance(value, str) and len(value) <= LONGEST_NAME and "\0" not in value


def _json(text: str) -> Any:
    """The value of a text: orjson refuses what JSON does not know, json keeps integers of any size."""
    try:
        orjson.loads(text)
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _span(given: tuple[Mapping[str, Any], datetime]) -> tuple[datetime, datetime]:
    """``From`` and ``To``; by default the thirty days up to now, what came in this millisecond included."""
    parameters, now = given
    end = read_time(parameters["To"]) if "To" in parameters else now + _INSTANT
    start = read_time(parameters["From"]) if "From" in parameters else _before(end)
    if start >= end:
        raise ValueError("no span")
    return start, end


def _before(end: datetime) -> datetime:
    earliest = datetime.min.replace(tzinfo=UTC)
    return end - min(DAYS, end - earliest)


def _attempt(read: Callable[[Any], Any], value: Any, fault: Fault, wrong: set[Fault]) -> Any:
    try:
        return read(value)
    except (ValueError, TypeError):
        wrong.add(fault)
        return None
