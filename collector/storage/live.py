"""The collections ``live`` and ``watches``: what is told to those who watch, and whom there is to be told.

Both forget by themselves within two minutes. Moments are the server's own, so that no host's clock matters. Nothing
here is waited for, and what is lost with a primary is no loss: neither is written for a majority.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, ReturnDocument, UpdateOne, WriteConcern
from pymongo.read_concern import ReadConcern

from collector.model import Document
from collector.storage.guard import guarded

_WATCHED = timedelta(seconds=10)
"""For how long somebody watches who does not say so again."""
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Part:
    """Notices of one scope, as JSON texts, and how many others there were."""

    scope: str
    notices: Sequence[str]
    left_out: int


@dataclass(frozen=True, slots=True)
class Row:
    """A part as it was written, and when, by the server's clock."""

    id: str
    at: datetime
    scope: str
    notices: Sequence[str]
    left_out: int


@guarded
class Live:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        light = database.with_options(write_concern=WriteConcern(1), read_concern=ReadConcern("local"))
        self._live = light["live"]
        self._watches = light["watches"]

    async def watch(self, scopes: Iterable[str]) -> datetime:
        """Notes that somebody watches these scopes, of which there is one at least; the server's time."""
        until = {"$add": ["$$NOW", _WATCHED // timedelta(milliseconds=1)]}
        latest = datetime.min
        for scope in scopes:
            row = await self._watches.find_one_and_update(
                {"_id": scope}, [{"$set": {"until": until}}], upsert=True, return_document=ReturnDocument.AFTER
            )
            latest = row["until"] - _WATCHED
        return latest

    async def watched(self) -> frozenset[str]:
        """The scopes that somebody watches."""
        return frozenset([row["_id"] async for row in self._watches.find({"$expr": {"$gt": ["$until", "$$NOW"]}})])

    async def add(self, parts: Iterable[Part]) -> None:
        """Writes what is to be told, in one round trip."""
        await self._live.bulk_write([_write(part) for part in parts], ordered=False)

    async def since(self, scopes: Iterable[str], moment: datetime, known: Sequence[str]) -> list[Row]:
        """What was written for these scopes after a moment, but for what is known, in the order of time."""
        query = {"scope": {"$in": [*scopes]}, "at": {"$gt": moment}, "_id": {"$nin": [*known]}}
        found = self._live.find(query).sort("at", ASCENDING).limit(_MOST_ROWS)
        return [Row(row["_id"], row["at"], row["scope"], row["notices"], row["left_out"]) async for row in found]


def _write(part: Part) -> UpdateOne:
    """An update, since only that knows the server's time."""
    row = {
        "scope": {"$literal": part.scope},
        "notices": {"$literal": list(part.notices)},
        "left_out": {"$literal": part.left_out},
        "at": "$$NOW",
    }
    return UpdateOne({"_id": uuid4().hex}, [{"$set": row}], upsert=True)
