"""The collection ``lists``: whose list it is, its name, how long its events are kept, the zone of its days."""

from __future__ import annotations

from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase

from collector.model import Document, MailingList
from collector.storage.guard import guarded


@guarded
class Lists:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["lists"]

    async def add(self, row: MailingList) -> None:
        """Stores a new list."""
        document = {"_id": row.id, "user_id": row.user_id, "name": row.name, "retention_days": row.retention_days}
        await self._collection.insert_one(document | {"time_zone": row.time_zone, "created": datetime.now(UTC)})

    async def set(self, row: MailingList) -> None:
        """Replaces a list's name and time zone."""
        await self._collection.update_one({"_id": row.id}, {"$set": {"name": row.name, "time_zone": row.time_zone}})

    async def get(self, list_id: int) -> MailingList | None:
        """The list with this id."""
        row = await self._collection.find_one({"_id": list_id})
        return _list(row) if row else None

    async def of_user(self, user_id: int) -> list[MailingList]:
        """The lists of a user, by id."""
        return [_list(row) async for row in self._collection.find({"user_id": user_id}).sort("_id", 1)]

    async def all(self) -> list[MailingList]:
        """Every list, by id."""
        return [_list(row) async for row in self._collection.find().sort("_id", 1)]


def _list(row: Document) -> MailingList:
    return MailingList(
        row["_id"], row["user_id"], row["name"], row.get("retention_days"), row.get("time_zone") or "UTC"
    )
