"""A subscriber's or a visitor's events, newest first (section 5 of the contract, "Who an event belongs to").

A history is made of strands: the events that name a subscriber, and those of each of its visitors for as long as that
was this subscriber. Each strand is read in the order of an index; what they have in common, an event of a visitor that
names the subscriber itself, is shown once.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import DESCENDING

from collector.model import Document
from collector.storage.guard import guarded, within
from collector.storage.questions.reading import Position
from collector.storage.stored import Stored, stored_of

_SECONDS = 5.0
_AT_ONCE = 8
"""Strands that are asked for at once; of what they bring no more than a page is kept."""
_NAMING = [("subscriber", 1), ("time", 1)]
_OF_VISITOR = [("scope", 1), ("uuid", 1), ("time", 1)]


@dataclass(frozen=True, slots=True)
class Strand:
    """Events of one visitor from ``start`` on and before ``end`` (None: from its beginning, to now), but for those that
    name another than ``subscriber``; without a visitor those that name the subscriber."""

    scope: str
    subscriber: str | None = None
    visitor: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def index(self) -> list[tuple[str, int]]:
        """The index in whose order it is read."""
        return _NAMING if self.visitor is None else _OF_VISITOR

    def query(self, at: Document) -> Document:
        """A query for its events at some time."""
        query: Document = {"expire_at": {"$not": {"$lte": datetime.now(UTC)}}, "time": at}
        if self.visitor is None:
            return {"subscriber": self.subscriber, "scope": self.scope, **query}
        own = {"subscriber": {"$in": [None, self.subscriber]}} if self.subscriber else {}
        return {"scope": self.scope, "uuid": self.visitor, **own, **query}

    def before(self, moment: datetime | None, not_before: datetime | None) -> Document:
        """The times of its events before a moment, leaving out what is older than ``not_before``."""
        starts = [time for time in (self.start, not_before) if time]
        ends = [time for time in (self.end, moment) if time]
        times = {"$gte": max(starts)} if starts else {}
        return {**times, **({"$lt": min(ends)} if ends else {})} or {"$exists": True}

    def covers(self, moment: datetime) -> bool:
        """Whether a moment is within it."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


@guarded
class History:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]

    async def page(self, strands: Sequence[Strand], behind: Position | None, most: int) -> list[Stored]:
        """The newest events of the strands behind a place, each once; of one moment, those with the greatest ``_id``
        first. In memory are no more than a page and what a few strands add to it."""
        kept: list[Document] = []
        with within(_SECONDS):
            for start in range(0, len(strands), _AT_ONCE):
                oldest = kept[-1]["time"] if len(kept) == most else None
                some = strands[start : start + _AT_ONCE]
                found = await asyncio.gather(*(self._newest(strand, behind, oldest, most) for strand in some))
                kept = _merged([kept, *found], most)
        return [stored_of(row) for row in kept]

    async def last_named(self, subscribers: Sequence[str]) -> dict[str, datetime]:
        """When each of these subscribers was named last, as far as they ever were."""
        # Sorted and grouped so, MongoDB looks at one key of the index a subscriber, however many events it has.
        pipeline: list[Document] = [
            {"$match": {"subscriber": {"$in": list(subscribers)}}},
            {"$sort": {"subscriber": DESCENDING, "time": DESCENDING}},
            {"$group": {"_id": "$subscriber", "time": {"$first": "$time"}}},
        ]
        rows = await self._events.aggregate(pipeline, hint=dict(_NAMING)).to_list(None)
        return {row["_id"]: row["time"] for row in rows}

    async def _newest(
        self, strand: Strand, behind: Position | None, not_before: datetime | None, most: int
    ) -> list[Document]:
        """The newest of one strand. The index knows no order among the events of one moment: those at which the page
        begins and ends are asked for by themselves."""
        found: list[Document] = []
        if behind and strand.covers(behind.time):
            found = await self._of_moment(strand, behind.time, {"_id": {"$lt": behind.id}}, most)
        if len(found) == most:
            return found
        times = strand.before(behind.time if behind else None, not_before)
        room = most - len(found)
        older = await self._find(strand, strand.query(times), room, "time")
        if len(older) == room:
            cut = older[-1]["time"]
            older = sorted((row for row in older if row["time"] > cut), key=_order, reverse=True)
            older += await self._of_moment(strand, cut, {}, room - len(older))
        return [*found, *sorted(older, key=_order, reverse=True)]

    async def _of_moment(self, strand: Strand, moment: datetime, more: Document, most: int) -> list[Document]:
        return await self._find(strand, {**strand.query({"$eq": moment}), **more}, most, "_id")

    async def _find(self, strand: Strand, query: Document, most: int, order: str) -> list[Document]:
        found = self._events.find(query, hint=strand.index).sort(order, DESCENDING).limit(most)
        return list(await found.to_list(most))


def _order(row: Document) -> tuple[datetime, str]:
    return row["time"], row["_id"]


def _merged(parts: Sequence[Sequence[Document]], most: int) -> list[Document]:
    """The first of sorted parts, each event once: equal ones come one after another."""
    kept: list[Document] = []
    for row in heapq.merge(*parts, key=_order, reverse=True):
        if not kept or kept[-1]["_id"] != row["_id"]:
            kept.append(row)
        if len(kept) == most:
            break
    return kept
