"""The collection ``sessions``: ``_id`` is the SHA-256 of the session's text; a TTL index ends them."""

from __future__ import annotations

from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase

from collector.model import Document
from collector.storage.guard import guarded


@guarded
class Sessions:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["sessions"]

    async def add(self, digest: str, user_id: int, expires: datetime) -> None:
        """Stores a new session."""
        await self._collection.insert_one({"_id": digest, "user_id": user_id, "expires": expires})

    async def find(self, digest: str) -> tuple[int, datetime] | None:
        """The user of a session that has not ended, and when it ends. The TTL monitor is late by up to a minute: the
        time is checked."""
        row = await self._collection.find_one({"_id": digest, "expires": {"$gt": datetime.now(UTC)}})
        return (int(row["user_id"]), row["expires"]) if row else None

    async def end(self, digest: str) -> bool:
        """Ends a session; whether there was one."""
        return bool((await self._collection.delete_one({"_id": digest})).deleted_count)
