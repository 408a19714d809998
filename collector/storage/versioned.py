"""Documents that several writers change at once: subscribers and visitors.

Read, change by a pure function, write if nobody was faster, else again. A change is idempotent and does not depend on
the order in which writers win, so that doing it again is always right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import UpdateOne
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

    async def change(self, changes: Mapping[str, Change]) -> dict[str, Document]:
        """Applies each change to the document of its id: two round trips for all of them, more only where others
        write the same ones.

        Returns:
            The documents as they were changed, or found to need no change.

        Raises:
            StoreAway: also when others were faster too many times.
        """
        left, changed = dict(changes), dict[str, Document]()
        for _ in range(_ATTEMPTS):
            if not left:
                return changed
            left = await self._attempt(left, changed)
        raise StoreAway("too many writers change the same document")

    async def _attempt(self, changes: dict[str, Change], changed: dict[str, Document]) -> dict[str, Change]:
        found = {row["_id"]: row async for row in self._collection.find({"_id": {"$in": list(changes)}})}
        writes: dict[str, UpdateOne] = {}
        for key, change in changes.items():
            before = found.get(key, {})
            changed[key] = after = change(before)
            if after != before:
                writes[key] = _write(key, before, after)
        return {key: changes[key] for key in await self._write(writes)} if writes else {}

    async def _write(self, writes: dict[str, UpdateOne]) -> set[str]:
        """Writes, and says which ids others were faster at."""
        try:
            await self._collection.bulk_write(list(writes.values()), ordered=False)
        except BulkWriteError as error:
            rows: list[dict[str, Any]] = (error.details or {}).get("writeErrors", [])
            if is_away(error) or any(row["code"] != _DUPLICATE for row in rows):
                raise
            keys = list(writes)
            return {keys[row["index"]] for row in rows}
        return set()


def _write(key: str, before: Document, after: Document) -> UpdateOne:
    """An upsert for new and known documents alike: where the revision is another by now, it meets the document's
    ``_id``, and fails as a duplicate. Of a subscriber it does not show which it was (section 3)."""
    fields = {name: value for name, value in after.items() if name not in ("_id", "rev")}
    revision = before.get("rev", 0)
    return UpdateOne({"_id": key, "rev": revision}, {"$set": {**fields, "rev": revision + 1}}, upsert=True)
