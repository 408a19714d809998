"""The collection ``keys``: ``_id`` is the SHA-256 of the key, so that what is stored opens nothing.

A key holds 190 bits of chance: a plain hash of it cannot be searched, and needs no salt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase

from collector.model import Document, Key, User
from collector.storage.guard import guarded


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is listed."""

    key: Key
    created: datetime
    last_used: datetime | None
    revoked: bool


@guarded
class Keys:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["keys"]

    async def add(self, digest: str, key: Key, permissions: frozenset[str] | None) -> None:
        """Stores a new key under the digest of its text; ``permissions`` None means all that its user has."""
        row = {
            "_id": digest,
            "prefix": key.prefix,
            "user_id": key.user_id,
            "trust": key.trust,
            "permissions": None if permissions is None else sorted(permissions),
            "list_id": key.list_id,
            "origins": list(key.origins),
            "rate_limit": key.rate_limit,
            "created": datetime.now(UTC),
            "last_used": None,
            "revoked": False,
        }
        await self._collection.insert_one(row)

    async def find(self, digest: str) -> Document | None:
        """The stored form of a key that is not revoked."""
        return await self._collection.find_one({"_id": digest, "revoked": False})

    async def used(self, digest: str, at: datetime) -> None:
        """Notes the last use."""
        await self._collection.update_one({"_id": digest}, {"$max": {"last_used": at}})

    async def set_origins(self, prefix: str, origins: tuple[str, ...]) -> None:
        """Replaces the origins of a key."""
        await self._collection.update_one({"prefix": prefix}, {"$set": {"origins": list(origins)}})

    async def of_user(self, user: User) -> list[KeyRow]:
        """The keys of a user that are not revoked, oldest first."""
        rows = self._collection.find({"user_id": user.id, "revoked": False}).sort([("created", 1), ("prefix", 1)])
        return [_row(row, {user.id: user}) async for row in rows]

    async def revoke(self, prefix: str) -> bool:
        """Ends a key; whether there was one of this prefix that was not ended before."""
        done = await self._collection.update_one({"prefix": prefix, "revoked": False}, {"$set": {"revoked": True}})
        return bool(done.matched_count)

    async def all(self, users: Mapping[int, User]) -> list[KeyRow]:
        """Every key, oldest first, with the permissions that it has from its user."""
        return [_row(row, users) async for row in self._collection.find().sort([("created", 1), ("prefix", 1)])]


def key_of(row: Document, user: User) -> Key:
    """The key of a stored row; its permissions never exceed its user's."""
    own = user.permissions if row["permissions"] is None else user.permissions & frozenset(row["permissions"])
    return Key(
        row["prefix"],
        row["user_id"],
        row["trust"],
        own,
        row.get("list_id"),
        tuple(row.get("origins", ())),
        row.get("rate_limit"),
    )


def _row(row: Document, users: Mapping[int, User]) -> KeyRow:
    user = users.get(row["user_id"]) or User(row["user_id"], "", frozenset())
    return KeyRow(key_of(row, user), row["created"], row["last_used"], row["revoked"])
