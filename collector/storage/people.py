"""Subscribers and visitors as they are read: by the list, by a name, one with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING

from collector.model import Document
from collector.storage.guard import guarded
from collector.storage.identities import email_key, id_key, kind_of
from collector.storage.questions.reading import Position
from collector.storage.stored import exact

MOST_VISITORS = 1_000
MOST_IDENTITIES = 2_000
_MOST_CONFLICTS = 1_000
_LAST = "\U0010ffff"
BY_CREATED = [("scope", ASCENDING), ("created", DESCENDING), ("_id", DESCENDING)]
CONFLICTS_OF = [("subscriber", ASCENDING), ("conflict", ASCENDING)]
CONFLICTS_WITH = [("conflict", ASCENDING)]


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a subscriber: its key, whose it is, and whether a secret key has said so."""

    key: str
    subscriber: str
    verified: bool

    @property
    def is_email(self) -> bool:
        """Whether it is an address, and no ``ID``."""
        return kind_of(self.key) == "email"

    @property
    def value(self) -> str:
        """The address or ``ID``."""
        return self.key.split("/", 2)[2]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Events whose address named one subscriber and whose ``ID`` another: how many of those looked at, and when."""

    address_of: str
    id_of: str
    external_id: str | None
    events: int
    first: datetime
    last: datetime


@guarded
class People:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._subscribers = database["subscribers"]
        self._visitors = database["visitors"]
        self._identities = database["identities"]
        self._events = database["events"]

    async def subscriber(self, subscriber: str) -> Document | None:
        """All that is kept of a subscriber."""
        return _exact(await self._subscribers.find_one({"_id": subscriber}))

    async def visitor(self, scope: str, uuid: str) -> Document | None:
        """All that is kept of a visitor: none of those who were never linked, and never identified."""
        return _exact(await self._visitors.find_one({"_id": f"{scope}/{uuid}"}))

    async def visitors_of(self, subscriber: str) -> list[Document]:
        """The visitors that were ever linked to a subscriber, up to a limit."""
        found = self._visitors.find({"links.subscriber": subscriber}, {"traits": 0, "claims": 0})
        return list(await found.limit(MOST_VISITORS).to_list(MOST_VISITORS))

    async def names_of(self, subscriber: str) -> list[Named]:
        """The addresses and IDs of a subscriber, in their own order."""
        found = self._identities.find({"subscriber": subscriber}).limit(MOST_IDENTITIES)
        return sorted([_named(row) async for row in found], key=lambda named: named.key)

    async def conflicts(self, subscriber: str) -> list[Conflict]:
        """What is counted of events that name this subscriber and another, the latest first."""
        ours = await self._conflicts({"subscriber": subscriber, "conflict": {"$exists": True}}, CONFLICTS_OF)
        theirs = await self._conflicts({"conflict": subscriber}, CONFLICTS_WITH)
        return sorted([*ours, *theirs], key=lambda conflict: conflict.last, reverse=True)

    async def newest(self, scope: str, behind: Position | None, most: int) -> list[Document]:
        """Subscribers of a scope, those made last first, behind a place."""
        query: Document = {"scope": scope}
        if behind:
            query["created"] = {"$lte": behind.time}
            query["$or"] = [{"created": {"$lt": behind.time}}, {"_id": {"$lt": behind.id}}]
        found = self._subscribers.find(query, _SHOWN, hint=BY_CREATED).sort(BY_CREATED[1:]).limit(most)
        return list(await found.to_list(most))

    async def named(self, scope: str, email: str, external_id: str, behind: str, most: int) -> list[Named]:
        """Addresses that begin with ``email``, then IDs that begin with ``external_id``, behind a key."""
        beginnings = email_key(scope, email), id_key(scope, external_id)
        spans = [{"_id": {"$gte": start, "$lt": start + _LAST}} for start in beginnings]
        found = self._identities.find({"$or": spans, "_id": {"$gt": behind}}).sort("_id", ASCENDING).limit(most)
        return [_named(row) async for row in found]

    async def several(self, subscribers: list[str]) -> dict[str, Document]:
        """These subscribers, as lists show them, as far as there are any."""
        return {row["_id"]: row async for row in self._subscribers.find({"_id": {"$in": subscribers}}, _SHOWN)}

    async def _conflicts(self, query: Document, index: list[tuple[str, int]]) -> list[Conflict]:
        pair = {"address_of": "$subscriber", "id_of": "$conflict", "external_id": "$external_id"}
        pipeline: list[Document] = [
            {"$match": query},
            {"$limit": _MOST_CONFLICTS},
            {"$group": {"_id": pair, "n": {"$sum": 1}, "first": {"$min": "$time"}, "last": {"$max": "$time"}}},
        ]
        rows = await self._events.aggregate(pipeline, hint=dict(index)).to_list(_MOST_CONFLICTS)
        return [_conflict(row) for row in rows]


_SENT = ("traits", "claims")
_SHOWN = {"email": 1, "ids": 1, "verified": 1, "created": 1, "scope": 1}


def _exact(document: Document | None) -> Document | None:
    """With traits as they were sent."""
    return document and {name: exact(value) if name in _SENT else value for name, value in document.items()}


def _named(row: Document) -> Named:
    return Named(row["_id"], row["subscriber"], row["verified"])


def _conflict(row: Document) -> Conflict:
    pair = row["_id"]
    return Conflict(pair["address_of"], pair["id_of"], pair.get("external_id"), row["n"], row["first"], row["last"])
