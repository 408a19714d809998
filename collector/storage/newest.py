"""Looks at the newest events of a name, for examples of what came with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import DESCENDING
from pymongo.errors import ExecutionTimeout

from collector.model import BOT, Document
from collector.storage.guard import guarded
from collector.storage.stored import exact

_SECONDS = 2.0


@guarded
class Newest:
    """Every look goes back from ``until`` over at most ``within`` events of a scope, whatever their names, by the index
    of scope and time: so it ends, however rare the name is."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["events"]

    async def properties(self, scope: str, event: str, until: datetime, within: int, most: int) -> list[Document]:
        """The properties of the last events of a name that are no bot's, the newest first."""
        pipeline = [*_newest(scope, event, until, within), {"$limit": most}, {"$project": {"_id": 0, "properties": 1}}]
        return [exact(row["properties"]) for row in await self._rows(pipeline)]

    async def values(
        self, scope: str, event: str, names: Sequence[str], until: datetime, within: int, most: int
    ) -> Document:
        """Some values of each of these properties, the newest first, as far as those events have it."""
        pairs = {"$objectToArray": "$properties"}
        wanted = {"$filter": {"input": pairs, "cond": {"$in": ["$$this.k", {"$literal": list(names)}]}}}
        pipeline = [
            *_newest(scope, event, until, within),
            {"$project": {"_id": 0, "pair": wanted}},
            {"$unwind": "$pair"},
            {"$group": {"_id": "$pair.k", "values": {"$firstN": {"input": "$pair.v", "n": most}}}},
        ]
        return {row["_id"]: exact(row["values"]) for row in await self._rows(pipeline)}

    async def _rows(self, pipeline: Iterable[Document]) -> list[Document]:
        """What is found in time: examples are not worth more."""
        found = self._collection.aggregate(list(pipeline), maxTimeMS=int(_SECONDS * 1_000))
        try:
            return await found.to_list(None)
        except ExecutionTimeout:
            return []


def _newest(scope: str, event: str, until: datetime, within: int) -> list[Document]:
    wanted = {"event": event, BOT: {"$exists": False}, "automatic": {"$exists": False}}
    return [
        {"$match": {"scope": scope, "time": {"$lte": until}}},
        {"$sort": {"time": DESCENDING}},
        {"$limit": within},
        {"$match": wanted},
    ]
