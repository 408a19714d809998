"""The collection ``meta``: the version of the data, the secret that makes uuids, and the counters behind small ids."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument

from collector.errors import StartupError
from collector.model import Document
from collector.storage.guard import guarded

DATA_VERSION = 1
"""The layout of the data that this code writes. Raised when older code could no longer work with it."""


@guarded
class Meta:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["meta"]

    async def check_version(self) -> None:
        """Marks new data with this version.

        Raises:
            StartupError: the data were written by a newer Footfall.
        """
        found = await self._settle("schema", {"version": DATA_VERSION})
        if found["version"] > DATA_VERSION:
            raise StartupError(
                f"The data were written by a newer Footfall (data version {found['version']}, "
                f"this one knows {DATA_VERSION}): please upgrade the collector"
            )

    async def secret(self) -> bytes:
        """The 32 bytes that make a person's uuid: made once, the same on every host of this database."""
        return bytes((await self._settle("secret", {"value": secrets.token_bytes(32)}))["value"])

    async def next_id(self, kind: str) -> int:
        """The next small positive integer of its kind (``users``, ``lists``)."""
        found = await self._collection.find_one_and_update(
            {"_id": f"next/{kind}"}, {"$inc": {"value": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(found["value"])

    async def touch(self) -> None:
        """A write as durable as an event's, by which it is judged whether one would be taken."""
        await self._collection.update_one({"_id": "canary"}, {"$set": {"at": datetime.now(UTC)}}, upsert=True)

    async def _settle(self, key: str, value: Document) -> Document:
        found = await self._collection.find_one_and_update(
            {"_id": key}, {"$setOnInsert": value}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return dict(found)
