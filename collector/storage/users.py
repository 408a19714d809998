"""The collection ``users``: name, argon2 hash of the password, permissions."""

from __future__ import annotations

from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError

from collector.model import Document, User
from collector.storage.guard import guarded


class NameTaken(Exception):
    """A user of this name exists."""


@guarded
class Users:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["users"]

    async def add(self, user: User, password_hash: str) -> None:
        """Stores a new user.

        Raises:
            NameTaken: the name is in use.
        """
        row = {"_id": user.id, "name": user.name, "permissions": sorted(user.permissions)}
        try:
            await self._collection.insert_one(row | {"password": password_hash, "created": datetime.now(UTC)})
        except DuplicateKeyError as error:
            raise NameTaken(user.name) from error

    async def get(self, user_id: int) -> User | None:
        """The user with this id."""
        row = await self._collection.find_one({"_id": user_id})
        return _user(row) if row else None

    async def find(self, name: str) -> tuple[User, str] | None:
        """The user of this name, with the hash of the password."""
        row = await self._collection.find_one({"name": name})
        return (_user(row), str(row["password"])) if row else None

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Replaces the hash of a user's password."""
        await self._collection.update_one({"_id": user_id}, {"$set": {"password": password_hash}})

    async def all(self) -> list[User]:
        """Every user, by id."""
        return [_user(row) async for row in self._collection.find().sort("_id", 1)]


def _user(row: Document) -> User:
    return User(row["_id"], row["name"], frozenset(row["permissions"]))
