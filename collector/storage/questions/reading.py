"""Asking the events, each time within a limit that holds on the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import DESCENDING
from pymongo.errors import ExecutionTimeout, NetworkTimeout

from collector.model import Document
from collector.storage.guard import guarded, within
from collector.storage.questions.pipelines import as_sent
from collector.storage.questions.selection import Selection
from collector.storage.stored import Stored, stored_of

BY_TIME = [("scope", 1), ("time", 1), ("_id", 1)]
_BATCH = 1_000
"""Rows that are taken in at once: others have their turn in between."""
_AT_ONCE = 4
_GOODBYE_SECONDS = 1.0
_SHORTEST = 0.002
"""Seconds below which nothing is begun: the server would be told 0 ms, which means without a limit."""


Take = Callable[[Sequence[Document]], Awaitable[None]]


class Cut(Exception):
    """The limit of time has ended an operation; nothing of what it found counts."""


class Position(NamedTuple):
    """A place among the events of a scope, newest first: behind this one. An ``id`` of nothing is behind all of its
    moment."""

    time: datetime
    id: str = ""


@guarded
class Questions:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["events"]
        self._visitors = database["visitors"]
        self.turn = asyncio.Semaphore(_AT_ONCE)
        """To be held by those who bring much together, so that only so many have it in memory."""

    async def newest(self, selection: Selection, most: int, seconds: float) -> list[Stored]:
        """The newest events, of one moment those with the greatest ``_id`` first.

        Raises:
            Cut: it takes longer.
        """
        return await self._page(selection.query, most, seconds)

    async def behind(self, selection: Selection, position: Position, most: int, seconds: float) -> list[Stored]:
        """The events of the position's moment that are behind it, in the same order.

        Raises:
            Cut: it takes longer.
        """
        query = {"scope": selection.scope, "time": position.time, "_id": {"$lt": position.id}}
        return await self._page({**query, **selection.marks}, most, seconds)

    async def looked_at(self, selection: Selection, seconds: float) -> int:
        """How many events of the scope are in the span of time, meant or not: of the index alone.

        Raises:
            Cut: it takes longer.
        """
        with _limited(seconds):
            return await self._events.count_documents(selection.span, hint=BY_TIME)

    async def each(self, selection: Selection, stages: Sequence[Document], take: Take, seconds: float) -> None:
        """Has what a pipeline makes of the events be taken in, some rows at a time.

        Raises:
            Cut: it takes longer; what was taken in is a part of nobody knows what.
        """
        pipeline = [{"$match": selection.query}, *stages]
        cursor = self._events.aggregate(pipeline, hint=dict(BY_TIME), allowDiskUse=True, batchSize=_BATCH)
        try:
            with _limited(seconds):
                while rows := await cursor.to_list(_BATCH):
                    await take([as_sent(row) for row in rows])
        finally:
            with within(_GOODBYE_SECONDS):
                await cursor.close()

    async def links(self, scope: str, visitors: Iterable[str], seconds: float) -> dict[str, list[Document]]:
        """The links of those visitors that have some.

        Raises:
            Cut: it takes longer.
        """
        keys = {f"{scope}/{visitor}": visitor for visitor in visitors}
        with _limited(seconds):
            rows = await self._visitors.find({"_id": {"$in": list(keys)}}, {"links": 1}).to_list(None)
        return {keys[row["_id"]]: row["links"] for row in rows if row.get("links")}

    async def _page(self, query: Document, most: int, seconds: float) -> list[Stored]:
        with _limited(seconds):
            order = [("time", DESCENDING), ("_id", DESCENDING)]
            found = self._events.find(query, sort=order, limit=most, hint=BY_TIME)
            return [stored_of(row) for row in await found.to_list(None)]


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Ends what is in its block after so many seconds, on the server and here, by ``Cut``."""
    if seconds < _SHORTEST:
        raise Cut
    deadline = time.monotonic() + seconds
    try:
        with within(seconds):
            yield
    except ExecutionTimeout as error:
        raise Cut from error
    except NetworkTimeout as error:  # the server's own word came too late
        if time.monotonic() < deadline:
            raise
        raise Cut from error
