"""Copies of what the collector has stored, byte for byte, but for visitor, address, EventID, moment and number."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import DESCENDING

from tests.bench import traffic

Raw = RawBSONDocument


@dataclass(frozen=True)
class Template:
    """A stored document and the texts in it that a copy has others for."""

    data: bytes
    uuid: bytes
    event_id: bytes = b""
    email: bytes = b""
    subscriber: bytes = b""
    writer: bytes = b""

    @classmethod
    def of(cls, row: Raw) -> Template:
        """That of an event."""
        names = ("uuid", "event_id", "email", "subscriber", "writer")
        return cls(bytes(row.raw), *(str(row.get(name, "")).encode() for name in names))

    @property
    def fits(self) -> bool:
        """Whether it can be somebody else's: an address of another length would need more than another text."""
        return len(self.email) in (0, len(traffic.address(0)))

    def named(self, n: int) -> bytes:
        """As a visitor's of a population, and where it names somebody, as that person's."""
        data = self.data.replace(self.uuid, traffic.visitor(n).encode()) if self.uuid else self.data
        if not self.email:
            return data
        data = data.replace(self.email, traffic.address(n).encode())
        return data.replace(self.subscriber, _subscriber(n, len(self.subscriber)))

    def event(self, n: int, event_id: str, moment: int, number: int) -> bytes:
        """As an event of its own of somebody.

        Args:
            moment: milliseconds since 1970.
        """
        return self._moved(self.named(n), event_id, moment, number)

    def again(self, event_id: str, moment: int, number: int) -> bytes:
        """As another event of whom it is of."""
        return self._moved(self.data, event_id, moment, number)

    def _moved(self, data: bytes, event_id: str, moment: int, number: int) -> bytes:
        # Of a writer of its own, since the collector goes on to number its events.
        data = data.replace(self.event_id, event_id.encode()).replace(self.writer, b"f" * len(self.writer))
        for name in ("time", "received"):
            data = _with(data, b"\x09%s\x00" % name.encode(), struct.pack("<q", moment))
        return _with(data, b"\x10seq\x00", struct.pack("<i", number))


def _subscriber(n: int, size: int) -> bytes:
    return f"{n:0{size}x}".encode()


def _with(data: bytes, element: bytes, value: bytes) -> bytes:
    """With another value of a fixed size behind the type and name of an element."""
    place = data.index(element) + len(element)
    return data[:place] + value + data[place + len(value) :]


def latest(database: Any, most: int) -> list[Template]:
    """Of the events that were stored last, those that were sent: automatic identifies have no EventID.

    Args:
        database: of a client that gives documents as ``Raw``.
    """
    rows = database["events"].find({"event_id": {"$exists": True}}).sort("$natural", DESCENDING)
    return [Template.of(row) for row in rows.limit(most)]
