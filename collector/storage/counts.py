"""The collection ``catalog_counts``: how often each name of the catalog came, since when, and of which types.

A document a name, a generation of the counts, and an end of retention, so that counts end with their events. ``block``
is the last block of events that has been counted in it: blocks are counted in order, and one that is counted again adds
nothing to the documents that have it. ``n`` and ``types`` are of events that are no bot's, ``bots`` is the number of
the others. Only names that are in the catalog are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING

from collector.model import BOT, Document, Event
from collector.storage.catalog import alive
from collector.storage.events import event_of
from collector.storage.guard import guarded
from collector.storage.merging import added, merged
from collector.storage.spans import Spans

KINDS = {
    "string": ["string"],
    "number": ["int", "long", "double", "decimal"],
    "boolean": ["bool"],
    "object": ["object"],
    "array": ["array"],
    "null": ["null"],
}
"""The types of JSON, each with what MongoDB calls its own."""

Numbered = Iterable[tuple[str, Spans]]
"""Events, by their writers and numbers."""

ALL = Spans.upto(2**62)
"""All numbers that a writer's events can have."""


@dataclass(frozen=True, slots=True)
class Count:
    """What has been counted of a name under one end of retention: ``name`` None is the event itself. ``events`` and
    ``types`` leave out the events of bots, of which there are ``bots``."""

    event: str
    name: str | None
    events: int
    first: datetime
    last: datetime
    types: dict[str, int]
    bots: int


@guarded
class Counts:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]
        self._collection = database["catalog_counts"]

    async def add(self, generation: int, block: int, events: Numbered) -> None:
        """Counts a block. Every block of the generation with a lower number must have been counted."""
        await merged(self._events, [{"$match": numbered(events)}, *_grouped(), *_known(), *_into(generation, block)])

    async def rows(self, scope: str, generation: int, event: str | None = None) -> list[Count]:
        """All that has been counted of a scope and is still kept; or of one event of it."""
        query: Document = {"scope": scope, "generation": generation, **alive()}
        if event is not None:
            query["event"] = {"$eq": event}
        found = self._collection.find(query, {"_id": 0})
        return [
            Count(row["event"], row["name"], row["n"], row["first"], row["last"], row["types"], row.get("bots", 0))
            for row in await found.to_list(None)
        ]

    async def drop_before(self, generation: int) -> None:
        """Forgets the generations before this one."""
        await self._collection.delete_many({"generation": {"$lt": generation}})

    async def stored(self, events: Numbered) -> list[Event]:
        """The events of these numbers that are stored."""
        return [event_of(row) for row in await self._events.find(numbered(events)).to_list(None)]

    async def number_of(self, events: Numbered) -> int:
        """How many events of these numbers are stored."""
        return await self._events.count_documents(numbered(events))

    async def numbers(self, writer: str, beside: Spans, most: int) -> Spans:
        """The first numbers of a writer under which events are stored, leaving out some."""
        gaps = ALL - beside
        pipeline: list[Document] = [
            {"$match": numbered([(writer, gaps)])},
            {"$project": {"_id": 0, "seq": 1}},
            {"$sort": {"seq": ASCENDING}},
            {"$limit": most},
            # Of numbers in a row, each is as far from its place among those found.
            {"$setWindowFields": {"sortBy": {"seq": ASCENDING}, "output": {"place": {"$documentNumber": {}}}}},
            {
                "$group": {
                    "_id": {"$subtract": ["$seq", "$place"]},
                    "first": {"$min": "$seq"},
                    "last": {"$max": "$seq"},
                }
            },
        ]
        rows = await self._events.aggregate(pipeline, allowDiskUse=True).to_list(None)
        return Spans.of((row["first"], row["last"]) for row in rows)

    async def writers(self) -> list[str]:
        """All that have written the events there are."""
        return list(await self._events.distinct("writer"))


def numbered(events: Numbered) -> Document:
    """A query for events by their numbers, of which 0 is that of automatic identifies."""
    parts = [
        {"writer": writer, "seq": {"$gte": first, "$lte": last}} for writer, spans in events for first, last in spans
    ]
    return parts[0] if len(parts) == 1 else {"$or": parts}


def _grouped() -> list[Document]:
    """From events to a document a name. Events with the same names and types are brought together first, since there
    are few such kinds, and taking an event apart is what costs."""
    typed = {"$concat": [{"$type": "$$this.v"}, ":", "$$this.k"]}
    shape = {"$map": {"input": {"$objectToArray": "$properties"}, "in": typed}}
    part = {"$indexOfBytes": ["$named", ":"]}
    name = {"$substrBytes": ["$named", {"$add": [part, 1]}, -1]}
    span = {"first": {"$min": "$first"}, "last": {"$max": "$last"}}
    types = {kind: {"$sum": {"$cond": [{"$in": ["$type", own]}, "$n", 0]}} for kind, own in KINDS.items()}
    place = {"scope": "$_id.scope", "until": "$_id.until", "event": "$_id.event", "name": "$name"}
    is_bot = {"$eq": [f"${BOT}", True]}
    return [
        {
            "$group": {
                "_id": {"scope": "$scope", "until": "$expire_at", "event": "$event", "shape": shape},
                "n": {"$sum": {"$cond": [is_bot, 0, 1]}},
                "bots": {"$sum": {"$cond": [is_bot, 1, 0]}},
                "first": {"$min": "$time"},
                "last": {"$max": "$time"},
            }
        },
        {"$set": {"named": {"$concatArrays": [[None], "$_id.shape"]}}},
        {"$unwind": "$named"},
        {
            "$set": {
                "name": {"$cond": [{"$eq": ["$named", None]}, None, name]},
                "type": {"$cond": [{"$eq": ["$named", None]}, None, {"$substrBytes": ["$named", 0, part]}]},
            }
        },
        {"$group": {"_id": place, "n": {"$sum": "$n"}, "bots": {"$sum": "$bots"}, **span, **types}},
    ]


def _known() -> list[Document]:
    """Leaves out what is not in the catalog, whose entries have the same ``_id``."""
    return [
        {"$lookup": {"from": "catalog", "localField": "_id", "foreignField": "_id", "as": "known"}},
        {"$match": {"known": {"$ne": []}}},
    ]


def _into(generation: int, block: int) -> list[Document]:
    sums = {
        "n": {"$add": ["$n", "$$new.n"]},
        # What an older version has counted knows of none.
        "bots": {"$add": [{"$ifNull": ["$bots", 0]}, "$$new.bots"]},
        "first": {"$min": ["$first", "$$new.first"]},
        "last": {"$max": ["$last", "$$new.last"]},
        "types": {kind: {"$add": [f"$types.{kind}", f"$$new.types.{kind}"]} for kind in KINDS},
    }
    counted = {
        "event": "$_id.event",
        "name": "$_id.name",
        **dict.fromkeys(("n", "bots", "first", "last"), 1),
        "types": {kind: f"${kind}" for kind in KINDS},
    }
    return added("catalog_counts", generation, block, counted, sums)
