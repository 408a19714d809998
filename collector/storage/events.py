"""The collection ``events``: a document an event, its properties typed and under their exact names.

``_id`` alone decides what is stored once. ``writer`` and ``seq`` say which collector wrote an event, so that it can
tell its own retry from somebody's repetition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.dbref import DBRef
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import BulkWriteError

from collector.model import MARKS, Document, Event
from collector.storage.guard import guarded, is_away

_DUPLICATE = 11000
_OPTIONS: CodecOptions[Document] = CodecOptions(tz_aware=True)


_NEXT_OF_ANOTHER: Document = {
    "$lookup": {
        "from": "events",
        "let": {name: f"${name}" for name in ("scope", "uuid", "time", "subscriber", "trusts")},
        "pipeline": [
            {
                "$match": {
                    "subscriber": {"$exists": True},
                    "$expr": {
                        "$and": [
                            {"$eq": ["$scope", "$$scope"]},
                            {"$eq": ["$uuid", "$$uuid"]},
                            {"$gt": ["$time", "$$time"]},
                            {"$ne": ["$subscriber", "$$subscriber"]},
                            {"$in": ["$trust", "$$trusts"]},
                        ]
                    },
                }
            },
            {"$sort": {"time": 1}},
            {"$limit": 1},
        ],
        "as": "next",
    }
}


class Unstorable(Exception):
    """BSON refuses the event; only this event, since each is encoded alone."""


def encode(event: Event) -> bytes:
    """The event as BSON, without what is known only when it is written.

    Raises:
        Unstorable: it holds what BSON cannot.
    """
    try:
        return bson.encode(_document(event))
    except (bson.errors.BSONError, OverflowError, UnicodeError, ValueError, RecursionError) as error:
        raise Unstorable(type(error).__name__) from error


def extended(encoded: bytes, extra: Document) -> bytes:
    """An encoded document with more fields: BSON is a length, the elements one after another, and a zero byte."""
    elements = encoded[4:-1] + bson.encode(extra)[4:]
    return (len(elements) + 4).to_bytes(4, "little") + elements


def packed(encoded: bytes, number: tuple[str, int] | None) -> bytes:
    """An encoded event as it waits in a spool, with its writer and number where it has been tried before."""
    tried = {"writer": number[0], "seq": number[1]} if number else {}
    return bson.encode({"event": RawBSONDocument(encoded), **tried})


def unpacked(payload: bytes) -> tuple[Event, bytes, tuple[str, int] | None]:
    """What ``packed`` was made of.

    Raises:
        ValueError: it is no such thing.
    """
    try:
        record = RawBSONDocument(payload)
        encoded = bytes(record["event"].raw)
        number = (str(record["writer"]), int(record["seq"])) if "writer" in record else None
        return event_of(bson.decode(encoded, _OPTIONS)), encoded, number
    except (bson.errors.BSONError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a spooled event") from error


@guarded
class Events:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._database = database
        self._collection = database["events"]

    async def insert(self, documents: Sequence[bytes]) -> tuple[set[int], set[int]]:
        """Stores encoded events, durably: the call returns once a majority has them in its journal.

        Returns:
            The places of those whose ``_id`` is there already, and of those that the server refuses to store.
        """
        try:
            await self._collection.insert_many([RawBSONDocument(document) for document in documents], ordered=False)
        except BulkWriteError as error:
            if is_away(error):
                raise
            rows: list[dict[str, Any]] = (error.details or {})["writeErrors"]
            duplicates = {row["index"] for row in rows if row["code"] == _DUPLICATE}
            return duplicates, {row["index"] for row in rows} - duplicates
        return set(), set()

    async def get(self, ids: Iterable[str]) -> dict[str, Document]:
        """The stored events of these ids."""
        return {row["_id"]: row async for row in self._collection.find({"_id": {"$in": list(ids)}})}

    async def any_of(self, scope: str) -> bool:
        """Whether there is an event in this scope."""
        return await self._collection.find_one({"scope": scope}, {"_id": 1}) is not None

    async def next_of_another(self, asked: Sequence[tuple[Event, str]]) -> list[Document]:
        """Of each event with its subscriber, where there is one, the visitor's next event after it that names another;
        after one with a secret key, the next with such a key. One round trip for all."""
        documents = [{"$literal": _after(event, subscriber)} for event, subscriber in asked]
        rows = self._database.aggregate([{"$documents": documents}, _NEXT_OF_ANOTHER])
        return [row["next"][0] async for row in rows if row["next"]]


def _after(event: Event, subscriber: str) -> Document:
    trusts = ["secret"] if event.trust == "secret" else ["secret", "public"]
    return {
        "scope": event.scope,
        "uuid": event.visitor,
        "time": event.time,
        "subscriber": subscriber,
        "trusts": trusts,
    }


def event_of(row: Document) -> Event:
    """The event of a stored document."""
    return Event(
        id=row["_id"],
        scope=row["scope"],
        user_id=row["user_id"],
        list_id=row.get("list_id"),
        name=row["event"],
        properties=_as_sent(row["properties"]),
        visitor=row["uuid"],
        time=row["time"],
        received=row["received"],
        trust=row["trust"],
        email=row.get("email"),
        external_id=row.get("external_id"),
        event_id=row.get("event_id"),
        timestamp=row.get("timestamp"),
        sent_at=row.get("sent_at"),
        key=row.get("key"),
        expire_at=row.get("expire_at"),
        marks=tuple(mark for mark in MARKS if mark in row),
        agent=row.get("agent"),
    )


def _as_sent(properties: Any) -> Document:
    """Properties called ``$ref`` and ``$id`` are read by the driver as a reference to another document."""
    return dict(properties.as_doc()) if isinstance(properties, DBRef) else properties


def _document(event: Event) -> Document:
    row: Document = {"_id": event.id, "scope": event.scope, "user_id": event.user_id, "event": event.name}
    for name, value in (
        ("list_id", event.list_id),
        ("event_id", event.event_id),
        ("email", event.email),
        ("external_id", event.external_id),
        ("timestamp", event.timestamp),
        ("sent_at", event.sent_at),
        ("key", event.key),
        ("expire_at", event.expire_at),
        ("agent", event.agent),
    ):
        if value is not None:
            row[name] = value
    row["uuid"], row["properties"], row["trust"] = event.visitor, event.properties, event.trust
    row["time"], row["received"] = event.time, event.received
    for mark in event.marks:
        row[mark] = True
    return row


def day_end(moment: datetime) -> datetime:
    """The end of the UTC day of ``moment``."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.fromtimestamp(midnight.timestamp() + 86_400, UTC)
