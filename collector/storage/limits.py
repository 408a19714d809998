"""The collection ``limits``: what of a window's rate limits is taken, by which process.

``_id`` is a keyed hash that holds for one window. A budget has ``taken``, the sum of ``shares``: what each process has
spent or holds. A client's claims are ``marks``, keyed hashes of addresses. A process says what it has spent in all, not
what has come since: so a lease can be asked for again when its answer was lost, and nothing is counted twice.

Writes are confirmed by the primary alone. A lease that a failing primary took with it is charged again by the next one
of its process, and none is worth waiting for a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import DuplicateKeyError

from collector.model import Document
from collector.storage.guard import StoreAway, guarded

_ATTEMPTS = 5
PART_OF_REST = 8
"""A lease is at most this part of what is left, so that little is stranded in processes that need it no more."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a process wants of a budget.

    ``limit`` is the budget's; ``spent`` all that the process has spent of it in this window; ``first`` says that it has
    forgotten, or never knew, what it was given: whatever that was is taken for spent. ``need`` is what the lease is
    worthless without, ``wanted`` what would be used at once, ``chunk`` what to hold at most beyond that; ``seconds``
    those to the window's end.
    """

    limit: int
    spent: int
    first: bool
    need: int
    wanted: int
    chunk: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Lease:
    """What a process has after it has asked: ``held`` it may spend, ``share`` is that and what it has spent, ``taken``
    the shares of all."""

    held: int
    share: int
    taken: int


@guarded
class SharedLimits:
    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._collection = database.get_collection("limits", write_concern=WriteConcern(1))

    async def lease(self, key: str, process: str, ask: Ask) -> Lease:
        """Charges what was spent, and takes what is wanted as far as the limit goes.

        Args:
            key: the budget's in this window.
            process: the asking process's name, made by itself.
        """
        row = await self._change(key, _lease(process, ask))
        return Lease(int(row["held"]), int(row["shares"][process]), int(row["taken"]))

    async def charge(self, process: str, spent: Iterable[tuple[str, int]], seconds: int) -> int:
        """Charges what a process has spent of many budgets, each named by its key, and takes nothing; how many."""
        writes = [
            UpdateOne({"_id": key}, _lease(process, Ask(0, amount, False, 0, 0, 0, seconds)), upsert=True)
            for key, amount in spent
        ]
        await self._collection.bulk_write(writes, ordered=False)
        return len(writes)

    async def claim(self, key: str, marks: Sequence[bytes], most: int, seconds: int) -> list[bytes]:
        """Adds the marks that are new, in their order, up to ``most`` in all; those that are in then."""
        row = await self._change(key, _claim(marks, most, seconds))
        return [bytes(mark) for mark in row["marks"]]

    async def _change(self, key: str, pipeline: list[Document]) -> Document:
        for _ in range(_ATTEMPTS):
            try:
                return dict(
                    await self._collection.find_one_and_update(
                        {"_id": key}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
                    )
                )
            except DuplicateKeyError:
                continue  # two upserts of one key met; the other one made it
        raise StoreAway("too many processes ask for the same limit")


def _lease(process: str, ask: Ask) -> list[Document]:
    """The pipeline of a lease. ``ask`` holds its steps, and is gone in the end."""
    share = f"shares.{process}"
    return [
        {"$set": {"taken": _or("$taken", 0), "ask": {"had": _or(f"${share}", 0)}}},
        {"$set": {"ask.spent": {"$max": [ask.spent, "$ask.had"]} if ask.first else ask.spent}},
        {"$set": {"ask.charged": {"$max": ["$ask.spent", "$ask.had"]}}},
        {"$set": {"taken": _sum("$taken", "$ask.charged", _less("$ask.had"))}},
        {"$set": {"held": _sum("$ask.charged", _less("$ask.spent"))}},
        {"$set": {"ask.rest": {"$max": [_sum(ask.limit, _less("$taken")), 0]}}},
        {"$set": {"ask.granted": _granted(ask)}},
        {
            "$set": {
                "taken": _sum("$taken", "$ask.granted"),
                "held": _sum("$held", "$ask.granted"),
                share: _sum("$ask.charged", "$ask.granted"),
                "expire_at": _end(ask.seconds),
            }
        },
        {"$unset": "ask"},
    ]


def _granted(ask: Ask) -> Document:
    """What is added to what is held already: nothing where not even the need can be met."""
    chunk = {"$min": [ask.chunk, {"$toLong": {"$divide": ["$ask.rest", PART_OF_REST]}}]}
    more = {"$max": [_sum({"$max": [ask.wanted, chunk]}, _less("$held")), 0]}
    short = {"$gt": [_sum(ask.need, _less("$held")), "$ask.rest"]}
    return {"$cond": [short, 0, {"$min": [more, "$ask.rest"]}]}


def _claim(marks: Sequence[bytes], most: int, seconds: int) -> list[Document]:
    known = _or("$marks", [])
    new = {"$filter": {"input": {"$literal": list(marks)}, "cond": {"$not": [{"$in": ["$$this", known]}]}}}
    return [
        {"$set": {"marks": {"$slice": [{"$concatArrays": [known, new]}, most]}, "expire_at": _end(seconds)}},
    ]


def _end(seconds: int) -> Document:
    """When the window ends by the clock of MongoDB, whose own it is that forgets: those of hosts may be wrong."""
    return {"$max": ["$expire_at", {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": seconds}}]}


def _or(value: Any, otherwise: Any) -> Document:
    return {"$ifNull": [value, otherwise]}


def _sum(*parts: Any) -> Document:
    return {"$add": list(parts)}


def _less(value: Any) -> Document:
    return {"$multiply": [value, -1]}
