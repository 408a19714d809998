"""The collection ``writers``: how far the events of each writer are settled and counted, and who counts them.

A document a writer. ``settled``: of its numbers up to here it is certain whether they are stored, and the catalog has
the names of those that are. ``counted``: which of its numbers have been counted, by generation of the counts. ``beat``
changes while its process lives, and when somebody else has news of it. ``open`` are those to which something may come;
the others are kept for the day on which an event of theirs is found in a spool.

The document ``fold`` holds the last block of events that was, or is just being, counted. To count is to write down here
which events come next, under the next number, if nobody else has; then to count them, and to note it with their
writers. Whoever finds a block here can do it again, and nothing is lost or counted twice. ``rolled`` is the generation
and block up to which the rollups have all of them: an older version leaves it behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from collector.model import Document
from collector.storage.guard import guarded, is_away
from collector.storage.spans import Spans

_FOLD = "fold"
"""No writer's name: those are hexadecimal."""
_DUPLICATE = 11000


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a writer: ``process`` None where its process has ended it, ``look`` where somebody has said that
    events may have come, ``counted`` under the generation in question."""

    writer: str
    process: str | None
    beat: int
    settled: int
    look: bool
    counted: Spans


@dataclass(frozen=True, slots=True)
class Part:
    """A writer's part of a block: the numbers to be counted, and all that are counted then. ``unlearned``: their names
    may not be in the catalog yet."""

    writer: str
    numbers: Spans
    counted: Spans
    unlearned: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """The counts as they stand: their generation, the number of the last block and what is in it, which process leads,
    and the writers to which something may come. ``rolled``: the rollups have all blocks; they lack those of the time
    before there were any, and those that an older version has counted since."""

    generation: int = 0
    block: int = 0
    parts: tuple[Part, ...] = ()
    leader: str = ""
    rows: tuple[Row, ...] = ()
    rolled: bool = True

    @property
    def lag(self) -> int:
        """How many events are known to be stored, or refused, and have not been counted."""
        return sum((Spans.upto(row.settled) - row.counted).size for row in self.rows)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process says of its writer."""

    writer: str
    process: str | None
    settled: int


@guarded
class Writers:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database["writers"]

    async def state(self) -> State:
        """The counts, and the writers that are open."""
        rows = {row["_id"]: row for row in await self._collection.find({"open": True}).to_list(None)}
        fold: Document = rows.pop(_FOLD, {})
        generation = fold.get("generation", 0)
        return State(
            generation,
            fold.get("block", 0),
            tuple(_part(part) for part in fold.get("parts", ())),
            fold.get("leader", ""),
            tuple(_row(row, generation) for row in rows.values()),
            not fold or fold.get("rolled") == [generation, fold["block"]],
        )

    async def settled(self) -> dict[str, int]:
        """How far each writer is settled of which there is a document."""
        rows = await self._collection.find({"_id": {"$ne": _FOLD}}, {"settled": 1}).to_list(None)
        return {row["_id"]: row.get("settled", 0) for row in rows}

    async def tell(self, beat: Beat | None, news: Mapping[str, int]) -> None:
        """Writes down that a writer lives, and of which others events may have come, with as much as is known to be
        settled of those."""
        writes = [_open(writer, {"look": True}, settled) for writer, settled in news.items()]
        if beat:
            ended = {} if beat.process else {"look": True}
            writes.append(_open(beat.writer, {"process": beat.process, **ended}, beat.settled))
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def lead(self, process: str, instead_of: str) -> bool:
        """Makes a process the one that counts, if another still is that was."""
        new = {"open": True, "generation": 0, "block": 0, "parts": [], "rolled": [0, 0]}
        try:
            done = await self._collection.update_one(
                {"_id": _FOLD, "leader": instead_of}, {"$set": {"leader": process}, "$setOnInsert": new}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return bool(done.matched_count or done.upserted_id)

    async def resign(self, process: str) -> None:
        """Leaves the counting to others."""
        await self._collection.update_one({"_id": _FOLD, "leader": process}, {"$set": {"leader": ""}})

    async def begin(self, state: State, parts: Sequence[Part]) -> bool:
        """Writes down the next block, if ``state`` still holds; its own block must have been counted."""
        values: Document = {"block": state.block + 1, "parts": [_written(part) for part in parts]}
        if state.rolled:
            values["rolled"] = [state.generation, state.block + 1]
        done = await self._collection.update_one(
            {"_id": _FOLD, "leader": state.leader, "generation": state.generation, "block": state.block},
            {"$set": values},
        )
        return bool(done.matched_count)

    async def counted(self, generation: int, block: int, parts: Iterable[Part]) -> None:
        """Notes with the writers what a block has counted, unless a later one was noted."""
        field = f"counted.{generation}"
        writes = [
            UpdateOne(
                {"_id": part.writer, f"{field}.block": {"$not": {"$gte": block}}},
                {
                    "$set": {field: {"block": block, "numbers": list(part.counted)}},
                    # Of one that died before it was written down, another generation has counted nothing yet.
                    "$setOnInsert": {"open": True, "look": True},
                },
                upsert=True,
            )
            for part in parts
        ]
        try:
            await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # A writer that has a later block is met by its ``_id`` alone.
            if is_away(error) or any(row["code"] != _DUPLICATE for row in (error.details or {})["writeErrors"]):
                raise

    async def looked(self, row: Row) -> None:
        """Notes that nothing has come, unless there is news since."""
        await self._collection.update_one({"_id": row.writer, "beat": row.beat}, {"$unset": {"look": ""}})

    async def close(self, row: Row) -> None:
        """Takes a writer out of those that are open, unless there is news of it since."""
        await self._collection.update_one({"_id": row.writer, "beat": row.beat}, {"$unset": {"look": "", "open": ""}})

    async def change(self, generation: int, block: int, parts: Sequence[Part]) -> bool:
        """Has a generation of the counts, counted up to this block, take the place of an earlier one."""
        values: Document = {"generation": generation, "block": block, "parts": [_written(part) for part in parts]}
        values["rolled"] = [generation, block]
        try:
            done = await self._collection.update_one(
                {"_id": _FOLD, "generation": {"$lt": generation}},
                {"$set": values, "$setOnInsert": {"open": True, "leader": ""}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return bool(done.matched_count or done.upserted_id)

    async def drop_before(self, generation: int) -> None:
        """Forgets what earlier generations have counted, and the writers of which nothing is stored any more."""
        is_later = {"$gte": [{"$toInt": "$$this.k"}, generation]}
        later = {"$filter": {"input": {"$objectToArray": "$counted"}, "cond": is_later}}
        await self._collection.update_many(
            {"counted": {"$exists": True}}, [{"$set": {"counted": {"$arrayToObject": later}}}]
        )
        await self._collection.delete_many({"open": {"$exists": False}, "counted": {"$in": [None, {}]}})


def _open(writer: str, values: Document, settled: int) -> UpdateOne:
    known: Any = {"open": True, "at": datetime.now(UTC), **values}
    return UpdateOne({"_id": writer}, {"$set": known, "$max": {"settled": settled}, "$inc": {"beat": 1}}, upsert=True)


def _row(row: Document, generation: int) -> Row:
    counted = row.get("counted", {}).get(str(generation), {})
    return Row(
        row["_id"],
        row.get("process"),
        row.get("beat", 0),
        row.get("settled", 0),
        row.get("look", False),
        Spans.of(counted.get("numbers", ())),
    )


def _part(part: Document) -> Part:
    return Part(part["writer"], Spans.of(part["numbers"]), Spans.of(part["counted"]), part["unlearned"])


def _written(part: Part) -> Document:
    spans = {"numbers": list(part.numbers), "counted": list(part.counted)}
    return {"writer": part.writer, "unlearned": part.unlearned, **spans}
