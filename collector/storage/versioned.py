"""Documents that several writers change at once: subscribers and visitors.

Read, change by a pure function, write if nobody was faster, else again. A change is idempotent and does not depend on
the order in which writers win, so that doing it again is always right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from collector.model import Document
from collector.storage.guard import StoreAway, guarded, is_away

Change = Callable[[Document], Document]
"""From a document (``{}`` where there is none) to what it shall be. Must not alter what it is given."""

_DUPLICATE = 11000
_ATTEMPTS = 20


@guarded
class Versioned:
    """One collection whose documents carry ``rev``, the number of their changes."""

    def __init__(self, database: AsyncIOMotorDatabase[Document], name: str) -> None:
        self._collection = database[name]

    async def get(self, key: str) -> Document | None:
        """One document."""
        return await self._collection.find_one({"_id": key})

    async def change(self, changes: Mapping[str, Change]) -> None:
        """Applies each change to the document of its id: two round trips for all of them, more only where others
        write the same ones.

        Raises:
            StoreAway: also when others were faster too many times.
        """
        left = dict(changes)
        for _ in range(_ATTEMPTS):
            if not left:
                return
            left = await self._attempt(left)
        raise StoreAway("too many writers change the same document")

    async def _attempt(self, changes: dict[str, Change]) -> dict[str, Change]:
        found = {row["_id"]: row async for row in self._collection.find({"_id": {"$in": list(changes)}})}
        writes: dict[str, InsertOne[Document] | UpdateOne] = {}
        for key, change in changes.items():
            before = found.get(key, {})
            after = change(before)
            if after != before:
                writes[key] = _write(key, before, after)
        return {key: changes[key] for key in await self._write(writes)} if writes else {}

    async def _write(self, writes: dict[str, InsertOne[Document] | UpdateOne]) -> set[str]:
        """Writes, and says which ids others were faster at."""
        keys = list(writes)
        try:
            done = await self._collection.bulk_write(list(writes.values()), ordered=False)
        except BulkWriteError as error:
            rows: list[dict[str, Any]] = (error.details or {}).get("writeErrors", [])
            if is_away(error) or any(row["code"] != _DUPLICATE for row in rows):
                raise
            lost = {keys[row["index"]] for row in rows}
            matched = (error.details or {})["nMatched"]
        else:
            lost, matched = set(), done.matched_count
        updates = {key for key, write in writes.items() if isinstance(write, UpdateOne)}
        # The server counts the updates that found their revision, but does not name them: were it not all, each is
        # tried again, and those that were written come out unchanged.
        return lost | (updates if matched < len(updates) else set())


def _write(key: str, before: Document, after: Document) -> InsertOne[Document] | UpdateOne:
    fields = {name: value for name, value in after.items() if name not in ("_id", "rev")}
    if not before:
        return InsertOne({"_id": key, **fields, "rev": 1})
    return UpdateOne({"_id": key, "rev": before["rev"]}, {"$set": {**fields, "rev": before["rev"] + 1}})
