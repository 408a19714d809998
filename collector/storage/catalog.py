"""The collection ``catalog``: which event names a list has, and which property names came with each.

A document an event name (``name`` null) and one an event and property name; apart for each end of a retention, so that
the TTL index forgets a name with the last event that has it. ``first`` is when the name was first received,
``counted`` the same as far as the events were counted since the last rebuild began, and ``doubtful`` the generation of
a rebuild that has not met an event with it yet. All of it is made by one aggregation pipeline over the events; no field
path is made of a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymongo
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument
from pymongo.errors import OperationFailure

from collector.model import Document
from collector.storage.guard import guarded

_REBUILD_SECONDS = 86_400.0
"""What a rebuild may take, a step; without it the client's limit for a request would hold."""

Group = tuple[str, datetime | None, str]
"""Scope, end of retention, event: the names below it are what the caps count."""

_NAMES: list[Document] = [
    {
        "$project": {
            "scope": 1,
            "event": 1,
            "expire_at": 1,
            "received": 1,
            "names": {
                "$concatArrays": [
                    [None],
                    {"$map": {"input": {"$objectToArray": "$properties"}, "in": "$$this.k"}},
                ]
            },
        }
    },
    {"$unwind": "$names"},
    {
        "$group": {
            "_id": {"scope": "$scope", "until": "$expire_at", "event": "$event", "name": "$names"},
            "scope": {"$first": "$scope"},
            "event": {"$first": "$event"},
            "name": {"$first": "$names"},
            "expire_at": {"$first": "$expire_at"},
            "first": {"$min": "$received"},
        }
    },
    # The group's key leaves a missing end of retention out; the field of an entry must be missing too, not null.
    {"$set": {"expire_at": {"$ifNull": ["$expire_at", "$$REMOVE"]}, "counted": "$first"}},
]

_MERGE: Document = {
    "$merge": {
        "into": "catalog",
        "on": "_id",
        "whenMatched": [
            {
                "$set": {
                    "first": {"$min": ["$first", "$$new.first"]},
                    "counted": {"$min": ["$counted", "$$new.first"]},
                }
            },
            {"$unset": "doubtful"},
        ],
        "whenNotMatched": "insert",
    }
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the catalog: ``name`` None is the event itself."""

    event: str
    name: str | None
    first: datetime


@guarded
class Catalog:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]
        self._collection = database["catalog"]
        self._meta = database["meta"]

    async def entries(self, scope: str) -> list[Entry]:
        """Every entry of a scope that some kept event still has."""
        now = datetime.now(UTC)
        query = {"scope": scope, "$or": [{"expire_at": {"$exists": False}}, {"expire_at": {"$gt": now}}]}
        return [Entry(row["event"], row["name"], row["first"]) async for row in self._collection.find(query)]

    async def learn(self, ids: Iterable[str]) -> None:
        """Enters the names of these stored events."""
        await self._fold({"_id": {"$in": list(ids)}})

    async def counts(self, groups: Iterable[Group]) -> dict[Group, int]:
        """How many entries there are below each group, of those that have any."""
        wanted = [{"scope": scope, "event": event} for scope, _, event in groups]
        pipeline: list[Document] = [
            {"$match": {"$or": wanted}},
            {"$group": {"_id": {"s": "$scope", "u": "$expire_at", "e": "$event"}, "n": {"$sum": 1}}},
        ]
        rows = self._collection.aggregate(pipeline)
        return {(row["_id"]["s"], row["_id"].get("u"), row["_id"]["e"]): row["n"] async for row in rows}

    async def count_events(self, scope: str, until: datetime | None) -> int:
        """How many event names a scope has under one end of retention."""
        end: Any = until if until else {"$exists": False}
        return await self._collection.count_documents({"scope": scope, "name": None, "expire_at": end})

    async def generation(self) -> int:
        """The number of rebuilds that have begun."""
        found = await self._meta.find_one({"_id": "catalog"})
        return int(found["generation"]) if found else 0

    async def begin_generation(self) -> int:
        """Announces a rebuild."""
        found = await self._meta.find_one_and_update(
            {"_id": "catalog"}, {"$inc": {"generation": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(found["generation"])

    async def rebuild(self, generation: int) -> int:
        """Makes the catalog anew from the events; how many entries it then has.

        Nothing is taken away before it is certain that no event has it, and nothing listed changes before it is known
        when it was first received, so that answers are right meanwhile. Every collector must have heard of this
        generation: one that takes a name for entered would not enter it again.
        """
        with pymongo.timeout(_REBUILD_SECONDS):
            await self._collection.update_many({}, {"$set": {"doubtful": generation}, "$unset": {"counted": ""}})
            await self._fold({})
            await self._collection.delete_many({"doubtful": generation})
            await self._collection.update_many({"counted": {"$exists": True}}, [{"$set": {"first": "$counted"}}])
            return await self._collection.count_documents({})

    async def _fold(self, match: Document) -> None:
        pipeline = [{"$match": {**match, "automatic": {"$ne": True}}}, *_NAMES, _MERGE]
        for attempt in range(10):
            try:
                await self._events.aggregate(pipeline, allowDiskUse=True).to_list(None)
            except OperationFailure as error:
                # Two collectors that merge the same new name: one insert loses, and finds it there the next time.
                if error.code != 11000 or attempt == 9:
                    raise
            else:
                return
