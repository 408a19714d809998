"""The collection ``rollups``: how many events came in each quarter of an hour, by corrected time.

A document an event name (``event`` null: all events of the scope, those too for which the catalog has no room), a UTC
day, a generation of the counts, and an end of retention, so that it ends with its events. ``events`` has a number for
each of the day's 96 slots, bots left out, and ``bots`` those of bots: quarters of an hour, since there are time zones
of :30 and :45. ``block`` is the last block of events that has been counted in it, as in ``catalog_counts``. Of a name
that is not in the catalog there is nothing, and automatic identifies are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, NamedTuple

from motor.motor_asyncio import AsyncIOMotorDatabase

from collector.model import BOT, Document
from collector.storage.catalog import alive
from collector.storage.counts import Numbered, numbered
from collector.storage.guard import guarded
from collector.storage.merging import added, merged

_BATCH = 2_000
"""Rows that are read at once: others have their turn in between."""
SLOTS = 96
"""Of a UTC day."""
_MINUTES = 15
_MS = _MINUTES * 60_000


@dataclass(frozen=True, slots=True)
class Day:
    """What came on a UTC day, which ``day`` begins: a number for each slot."""

    event: str | None
    day: datetime
    slots: list[int]


class Mark(NamedTuple):
    """What has been counted of all events together on a UTC day, under one end of retention: with anything that is
    counted of a name it becomes another."""

    day: datetime
    until: datetime | None
    block: int
    events: tuple[int, ...]
    bots: tuple[int, ...]


Part = tuple[int, int]
"""Some slots of a day: the first, and the one behind the last."""


class Sums(NamedTuple):
    """What came of a name in parts of a UTC day, under one end of retention."""

    event: str
    day: datetime
    numbers: list[int]


@guarded
class SlotCounts:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]
        self._collection = database["rollups"]

    async def add(self, generation: int, block: int, events: Numbered) -> None:
        """Counts a block. Every block of the generation with a lower number must have been counted."""
        stages = [*_slotted(), *_by_day(), *_known(), *_into(generation, block)]
        await merged(self._events, [{"$match": numbered(events)}, *stages])

    async def days(
        self, scope: str, generation: int, events: Sequence[str | None], span: tuple[datetime, datetime], bots: bool
    ) -> list[Day]:
        """What has been counted of these names on the UTC days that begin between two moments, and is still kept.

        Args:
            events: the names; None is all events together.
            bots: whether bots are counted too.
        """
        place = {"scope": scope, "generation": generation, "event": {"$in": list(events)}}
        query = {**place, **_between(span), **alive()}
        kinds = ("events", "bots") if bots else ("events",)
        found = self._collection.find(query, {"_id": 0, "event": 1, "day": 1, **dict.fromkeys(kinds, 1)})
        return [Day(row["event"], row["day"], row[kind]) for row in await found.to_list(None) for kind in kinds]

    async def marks(self, scope: str, generation: int, span: tuple[datetime, datetime]) -> list[Mark]:
        """Those of the UTC days that begin between two moments and on which something came that is still kept."""
        query = {"scope": scope, "generation": generation, "event": None, **_between(span), **alive()}
        shown = dict.fromkeys(("day", "expire_at", "block", "events", "bots"), 1) | {"_id": 0}
        return [_mark(row) for row in await self._collection.find(query, shown).to_list(None)]

    async def sums(
        self, scope: str, generation: int, days: Iterable[datetime], parts: Sequence[Part], bots: bool
    ) -> list[Sums]:
        """What has been counted of every name on these UTC days, and is still kept, summed up by MongoDB.

        Args:
            parts: the parts of each day that are counted apart.
            bots: whether bots are counted too.
        """
        query = {"scope": scope, "generation": generation, "event": {"$ne": None}, "day": {"$in": list(days)}}
        kinds = ("$events", "$bots") if bots else ("$events",)
        numbers = [{"$add": [_sum(kind, first, end) for kind in kinds]} for first, end in parts]
        found = self._collection.find({**query, **alive()}, {"_id": 0, "event": 1, "day": 1, "numbers": numbers})
        sums: list[Sums] = []
        while rows := await found.to_list(_BATCH):
            sums += [Sums(intern(row["event"]), row["day"], row["numbers"]) for row in rows]
        return sums

    async def drop_before(self, generation: int) -> None:
        """Forgets the generations before this one."""
        await self._collection.delete_many({"generation": {"$lt": generation}})


def _mark(row: Document) -> Mark:
    return Mark(row["day"], row.get("expire_at"), row["block"], tuple(row["events"]), tuple(row["bots"]))


def _between(span: tuple[datetime, datetime]) -> Document:
    return {"day": {"$gte": span[0], "$lte": span[1]}}


def _sum(numbers: str, first: int, end: int) -> Document:
    return {"$sum": {"$slice": [numbers, first, end - first]}}


def _slotted() -> list[Document]:
    """From events to a document a name and slot, and one for all names together."""
    place = {"scope": "$scope", "until": "$expire_at", "event": "$event"}
    slot = {"$dateTrunc": {"date": "$time", "unit": "minute", "binSize": _MINUTES}}
    is_bot = {"$eq": [f"${BOT}", True]}
    each = {"$group": {"_id": {**place, "slot": slot, "bot": is_bot}, "n": {"$sum": 1}}}
    of_event = {"scope": "$_id.scope", "until": "$_id.until", "event": "$event", "slot": "$_id.slot"}
    return [
        each,
        {"$set": {"event": ["$_id.event", None]}},
        {"$unwind": "$event"},
        {
            "$group": {
                "_id": of_event,
                "events": {"$sum": {"$cond": ["$_id.bot", 0, "$n"]}},
                "bots": {"$sum": {"$cond": ["$_id.bot", "$n", 0]}},
            }
        },
    ]


def _by_day() -> list[Document]:
    """Brings the slots of a day together: ``place`` is where each slot of the day is among those that came."""
    place = {part: f"$_id.{part}" for part in ("scope", "until", "event", "day")}
    number = {"$toInt": {"$divide": [{"$subtract": ["$_id.slot", "$_id.day"]}, _MS]}}
    pushed = {field: {"$push": f"${field}"} for field in ("events", "bots")}
    return [
        {"$set": {"_id.day": {"$dateTrunc": {"date": "$_id.slot", "unit": "day"}}}},
        {"$group": {"_id": place, "slots": {"$push": number}, **pushed}},
        {"$set": {"place": _each_slot({"$indexOfArray": ["$slots", "$$this"]})}},
    ]


def _known() -> list[Document]:
    """Leaves out the names that are not in the catalog, whose entries have such an ``_id``."""
    entry = {**{part: f"$_id.{part}" for part in ("scope", "until", "event")}, "name": None}
    return [
        {"$set": {"entry": entry}},
        {"$lookup": {"from": "catalog", "localField": "entry", "foreignField": "_id", "as": "known"}},
        {"$match": {"$or": [{"_id.event": None}, {"known": {"$ne": []}}]}},
    ]


def _each_slot(value: Any) -> Document:
    return {"$map": {"input": {"$range": [0, SLOTS]}, "in": value}}


def _placed(numbers: str) -> Document:
    """A number for each slot, of those that came."""
    there = {"$arrayElemAt": [numbers, "$$this"]}
    return {"$map": {"input": "$place", "in": {"$cond": [{"$lt": ["$$this", 0]}, 0, there]}}}


def _into(generation: int, block: int) -> list[Document]:
    kinds = ("events", "bots")
    counted = {"event": "$_id.event", "day": "$_id.day", **{kind: _placed(f"${kind}") for kind in kinds}}
    return added("rollups", generation, block, counted, {kind: _both(kind) for kind in kinds})


def _both(kind: str) -> Document:
    return _each_slot({"$add": [{"$arrayElemAt": [numbers, "$$this"]} for numbers in (f"${kind}", f"$$new.{kind}")]})
