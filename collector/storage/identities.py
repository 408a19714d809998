"""The collection ``identities``: one document an address or ``ID``, saying which subscriber it names (section 5).

``_id`` is scope, kind and value, so that claiming is an insert: two processes at the same moment cannot make two
subscribers, and it stays true on a sharded cluster. What an identity names never changes. An ``ID`` also holds the one
address that its subscriber has, or is about to have: so two addresses cannot gain one subscriber either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from collector.model import Document
from collector.storage.guard import guarded, is_away


@dataclass(frozen=True, slots=True)
class Identity:
    """An address or ``ID`` that is known.

    ``settled`` is false until all that its first event brings is durable, ``verified`` until that is so of one with a
    secret key; ``first`` is the ``_id`` of the identify event that announces an address; ``address`` is, of an ``ID``,
    the key of its subscriber's address, None while it has none.
    """

    subscriber: str
    settled: bool = False
    verified: bool = False
    first: str | None = None
    address: str | None = None


def email_key(scope: str, email: str) -> str:
    """The ``_id`` of an address, which is in its compared form."""
    return f"{scope}/email/{email}"


def id_key(scope: str, external_id: str) -> str:
    """The ``_id`` of an external identifier, exact to the case."""
    return f"{scope}/id/{external_id}"


def kind_of(key: str) -> str:
    """``email`` or ``id``: a scope holds no slash."""
    return key.split("/", 2)[1]


@guarded
class Identities:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["identities"]

    async def find(self, keys: Iterable[str]) -> dict[str, Identity]:
        """The identities among ``keys`` that are known."""
        rows = self._collection.find({"_id": {"$in": list(keys)}})
        return {row["_id"]: _identity(row) async for row in rows}

    async def claim(self, claims: Mapping[str, Identity]) -> None:
        """Makes the identities that do not exist, and leaves the others as they are, but for an ``ID`` without an
        address, which takes the claim's."""
        writes = [
            UpdateOne({"_id": key}, {"$setOnInsert": _row(key, claim)}, upsert=True) for key, claim in claims.items()
        ]
        writes += [
            UpdateOne({"_id": key, "address": None}, {"$set": {"address": claim.address}})
            for key, claim in claims.items()
            if claim.address
        ]
        try:
            await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # 11000: two upserts of one key met; the other one made it.
            if is_away(error) or any(row["code"] != 11000 for row in (error.details or {})["writeErrors"]):
                raise

    async def take_over(self, key: str, first: str, instead: str) -> bool:
        """Has another event announce an address whose first event never came; whether nobody was faster."""
        done = await self._collection.update_one({"_id": key, "first": first}, {"$set": {"first": instead}})
        return bool(done.matched_count)

    async def settle(self, keys: Iterable[str]) -> None:
        """Notes that all that the first event of these brings is durable."""
        await self._collection.update_many({"_id": {"$in": list(keys)}}, {"$set": {"settled": True}})

    async def verify(self, keys: Iterable[str]) -> None:
        """Notes the same of an event with a secret key."""
        change = {"$set": {"settled": True, "verified": True}}
        await self._collection.update_many({"_id": {"$in": list(keys)}}, change)


def _identity(row: Document) -> Identity:
    return Identity(row["subscriber"], row["settled"], row["verified"], row.get("first"), row.get("address"))


def _row(key: str, claim: Identity) -> Document:
    row = {"kind": kind_of(key), "subscriber": claim.subscriber, "settled": claim.settled, "verified": claim.verified}
    optional = {"first": claim.first, "address": claim.address}
    return row | {name: value for name, value in optional.items() if value}
