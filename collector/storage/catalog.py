"""The collection ``catalog``: which event names a list has, and which property names came with each.

A document an event name (``name`` null) and one an event and property name; apart for each end of a retention, so that
the TTL index forgets a name with the last event that has it. ``first`` is when the name was first received, ``trusted``
the same of events with a secret key, where there are such. ``partial`` is there where events with the name may have
come before it was entered: the generation in which it was. ``counted`` holds the moments as far as the events were
counted since the last rebuild began, and ``doubtful`` the generation of a rebuild that has not met an event with it
yet. All of it is made by aggregation pipelines over the events; no field path is made of a name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pymongo
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument

from collector.model import Document
from collector.storage.entering import Kept, merge, names, pruned
from collector.storage.guard import guarded
from collector.storage.merging import merged

_REBUILD_SECONDS = 86_400.0
"""What a rebuild may take, a step; without it the client's limit for a request would hold."""
_MANY = 3_000
"""Entries beyond which MongoDB had better bring them together first: with a retention a name has one a day."""

Group = tuple[str, datetime | None, str]
"""Scope, end of retention, event: the names below it are what the caps count."""

WHOLE = -1
"""The ``partial`` of an entry that all events with its name have been met for."""


class Entry(NamedTuple):
    """A name in the catalog: ``name`` None is the event itself."""

    event: str
    name: str | None
    first: datetime
    trusted: datetime | None
    partial: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many entries there are: ``own`` those that a secret key has brought, ``claimed`` those that only public keys
    have; of a group also whether its event is entered, and the event's ``partial``."""

    own: int = 0
    claimed: int = 0
    entered: bool = False
    partial: int = WHOLE


@guarded
class Catalog:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]
        self._collection = database["catalog"]
        self._meta = database["meta"]

    async def entries(self, scope: str) -> list[Entry]:
        """Every name of a scope that some kept event still has; once, or once for each end of retention."""
        query = {"scope": scope, **alive()}
        shown = dict.fromkeys(("event", "name", "first", "trusted", "partial", "expire_at"), 1) | {"_id": 0}
        cursor = self._collection.find(query, shown, batch_size=_MANY + 1)
        rows = await cursor.to_list(_MANY + 1)
        if len(rows) > _MANY and any("expire_at" in row for row in rows):
            await cursor.close()
            return [entry async for entry in self._together(query)]
        return [_entry(row["event"], row) for row in [*rows, *await cursor.to_list(None)]]

    async def event(self, scope: str, event: str) -> Entry | None:
        """An event name alone, brought together, where some kept event still has it."""
        query = {"scope": scope, "event": {"$eq": event}, "name": None, **alive()}
        async for entry in self._together(query):
            return entry
        return None

    async def _together(self, query: Document) -> AsyncIterator[Entry]:
        once = {part: {"$min": f"${part}"} for part in ("first", "trusted")} | {"partial": {"$max": "$partial"}}
        pipeline: list[Document] = [
            {"$match": query},
            {"$group": {"_id": {"event": "$event", "name": "$name"}, **once}},
            {"$project": {"_id": "$_id.event", "of": {"name": "$_id.name", **{part: f"${part}" for part in once}}}},
            {"$group": {"_id": "$_id", "names": {"$push": "$of"}}},
        ]
        async for row in self._collection.aggregate(pipeline, allowDiskUse=True):
            for name in row["names"]:
                yield _entry(row["_id"], name)

    async def learn(self, ids: Iterable[str], partial: int | None = None) -> None:
        """Enters the names of these stored events; ``partial`` marks the entries that this makes."""
        marked: list[Document] = [] if partial is None else [{"$set": {"partial": partial}}]
        await self._enter({"_id": {"$in": list(ids)}}, marked, merge(new="insert"))

    async def confirm(self, ids: Iterable[str]) -> None:
        """Of the names of these stored events, notes of those that are entered when they were received."""
        await self._enter({"_id": {"$in": list(ids)}}, [], merge(new="discard"))

    async def standings(self, groups: Iterable[Group]) -> dict[Group, Standing]:
        """How each of these groups stands."""
        wanted = [{"scope": scope, "event": event} for scope, _, event in groups]
        is_event = {"$eq": ["$name", None]}
        pipeline: list[Document] = [
            {"$match": {"$or": wanted}},
            {
                "$group": {
                    "_id": {"s": "$scope", "u": "$expire_at", "e": "$event"},
                    **_of_each_kind({"$cond": [is_event, 0, 1]}),
                    "entered": {"$max": is_event},
                    "partial": {"$max": {"$cond": [is_event, "$partial", None]}},
                }
            },
        ]
        return {
            (row["_id"]["s"], row["_id"].get("u"), row["_id"]["e"]): _standing(row)
            async for row in self._collection.aggregate(pipeline)
        }

    async def events(self, scope: str, until: datetime | None) -> Standing:
        """How many event names a scope has under one end of retention."""
        return await self._count({"scope": scope, "name": None, "expire_at": until or {"$exists": False}})

    async def total(self, scope: str, until: datetime | None) -> Standing:
        """How many names, events included, a scope has under one end of retention."""
        return await self._count({"scope": scope, "expire_at": until or {"$exists": False}})

    async def sizes(self, scope: str) -> tuple[int, int]:
        """How many entries of event names a scope has, and how many entries in all: of the index alone."""
        names = await self._collection.distinct("event", {"scope": scope})
        return len(names), await self._collection.count_documents({"scope": scope})

    async def _count(self, query: Document) -> Standing:
        pipeline: list[Document] = [{"$match": query}, {"$group": {"_id": None, **_of_each_kind(1)}}]
        rows = await self._collection.aggregate(pipeline).to_list(None)
        return _standing(rows[0]) if rows else Standing()

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

    async def rebuild(self, generation: int, kept: Kept | None = None) -> int:
        """Makes the catalog anew from the events; how many entries it then has.

        Nothing is taken away before it is certain that no event has it, and nothing listed changes before it is known
        when it was first received, so that answers are right meanwhile. Every collector must have heard of this
        generation: one that takes a name for entered would not enter it again.

        Args:
            kept: how many entries there may be; what was received later is left out.
        """
        with pymongo.timeout(_REBUILD_SECONDS):
            await self._collection.update_many({}, {"$set": {"doubtful": generation}, "$unset": {"counted": ""}})
            await self._enter({}, pruned(kept) if kept else [], merge(new="insert"))
            await self._collection.delete_many({"doubtful": generation})
            known = {"first": "$counted.first", "trusted": {"$ifNull": ["$counted.trusted", "$$REMOVE"]}}
            await self._collection.update_many({"counted": {"$exists": True}}, [{"$set": known}])
            return await self._collection.count_documents({})

    async def _enter(self, match: Document, stages: Sequence[Document], into: Document) -> None:
        pipeline = [{"$match": {**match, "automatic": {"$ne": True}}}, *names(), *stages, into]
        await merged(self._events, pipeline)


def alive() -> Document:
    """A query for what no retention has ended yet."""
    return {"expire_at": {"$not": {"$lte": datetime.now(UTC)}}}


def _of_each_kind(each: Any) -> Document:
    """Sums of what a secret key has brought, and of what only public keys have."""
    is_own = {"$gt": ["$trusted", None]}
    return {"own": {"$sum": {"$cond": [is_own, each, 0]}}, "claimed": {"$sum": {"$cond": [is_own, 0, each]}}}


def _standing(row: Document) -> Standing:
    partial = row.get("partial")
    return Standing(row["own"], row["claimed"], bool(row.get("entered")), WHOLE if partial is None else partial)


def _entry(event: str, row: Document) -> Entry:
    partial = row.get("partial")
    return Entry(event, row["name"], row["first"], row.get("trusted"), WHOLE if partial is None else partial)
