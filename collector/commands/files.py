"""Events as a file: CSV for a spreadsheet, NDJSON for a program, a piece at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from collector.commands.shown import shown
from collector.model import ORIGIN_UNKNOWN
from collector.questions.buckets import local
from collector.storage.stored import Stored

FIXED = (
    *("Time", "Event", "UUID", "Email", "ID", "Subscriber", "EventID", "Key", "Received", "Trust", "KeyPrefix"),
    *("Bot", "OriginUnknown", "Automatic", "Browser", "OS", "DeviceType"),
)
"""The columns before those of the properties."""
OTHERS = "Properties"
"""The last column: as JSON, the properties that have none of their own."""
_TAKEN = frozenset({*FIXED, OTHERS, ""})
_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel does not take a file for UTF-8."""
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


class File(Protocol):
    """How events become bytes."""

    media_type: str
    ending: str

    def head(self) -> bytes:
        """What stands before all events."""

    def lines(self, events: Sequence[Stored]) -> bytes:
        """Some events."""


class Ndjson:
    """A line of JSON an event."""

    media_type = "application/x-ndjson"
    ending = "ndjson"

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def lines(self, events: Sequence[Stored]) -> bytes:
        """The events as ``website_events.list`` shows them."""
        return b"".join(orjson.dumps(shown(event), option=orjson.OPT_APPEND_NEWLINE) for event in events)


class Csv:
    """A table by RFC 4180, in UTF-8: fixed columns, one for each property, and one for properties without their own.

    A text that a spreadsheet would take for a formula has a ``'`` before it. Times are those of the viewer's zone.

    Args:
        names: of the properties that have a column.
        zone: the viewer's.
    """

    media_type = "text/csv; charset=utf-8; header=present"
    ending = "csv"

    def __init__(self, names: Sequence[str], zone: ZoneInfo) -> None:
        self._names = tuple(names)
        self._known = frozenset(names)
        self._zone = zone

    def head(self) -> bytes:
        """The names of the columns. A property called as one of ours, or nothing, has ``Properties.`` before it; so
        has one that is called so already."""
        return (_BYTE_ORDER_MARK + _written([[*FIXED, *map(_column, self._names), OTHERS]])).encode()

    def lines(self, events: Sequence[Stored]) -> bytes:
        """A line an event."""
        return _written([self._row(event) for event in events]).encode()

    def _row(self, stored: Stored) -> list[str]:
        properties = stored.event.properties
        cells = [_cell(properties[name]) if name in properties else "" for name in self._names]
        others = {name: value for name, value in properties.items() if name not in self._known}
        return [*self._fixed(stored), *cells, _json(others) if others else ""]

    def _fixed(self, stored: Stored) -> list[str]:
        event, agent = stored.event, stored.agent
        return [
            self._time(event.time),
            *map(_cell, (event.name, event.visitor, event.email, event.external_id, stored.subscriber)),
            *map(_cell, (event.event_id, event.id)),
            self._time(event.received),
            *map(_cell, (event.trust, event.key, stored.bot, ORIGIN_UNKNOWN in event.marks, stored.automatic)),
            *map(_cell, (agent.get("browser"), agent.get("os"), agent.get("device_type"))),
        ]

    def _time(self, moment: datetime) -> str:
        try:
            return local(moment, self._zone, "milliseconds")
        except OverflowError:  # the zone's clocks do not reach so far
            return moment.isoformat(timespec="milliseconds")


def _column(name: str) -> str:
    is_taken = name in _TAKEN or name.startswith(f"{OTHERS}.")
    return _guarded(f"{OTHERS}.{name}" if is_taken else name)


def _cell(value: Any) -> str:
    """A value as a cell: a text as it is, all else as JSON, null and what is not there as nothing."""
    if value is None:
        return ""
    return _guarded(value) if isinstance(value, str) else _json(value)


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in _FORMULA else text


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
