"""Pipelines that end in ``$merge``: running one, and adding what was counted so that twice is once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import OperationFailure

from collector.model import Document

_DUPLICATE = 11000
_ATTEMPTS = 10


async def merged(collection: AsyncIOMotorCollection[Document], pipeline: Sequence[Document]) -> None:
    """Runs it to its end, again where another has inserted the same new document at the same moment: one of the two
    insertions fails, and finds the other's the next time. So it must be harmless to run it twice."""
    for attempt in range(_ATTEMPTS):
        try:
            await collection.aggregate(list(pipeline), allowDiskUse=True).to_list(None)
        except OperationFailure as error:
            if error.code != _DUPLICATE or attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def added(
    into: str, generation: int, block: int, counted: Mapping[str, Any], sums: Mapping[str, Any]
) -> list[Document]:
    """The last stages of counting a block: each document, whose ``_id`` says of what it counts, is added to the one of
    its generation in another collection. One that has a block as high as this already stays as it is.

    Args:
        counted: the fields of a document, as ``$project`` takes them.
        sums: those of them that are added up, from the document there is and ``$$new``.
    """
    place = {
        "_id": {"$mergeObjects": [{"generation": {"$literal": generation}}, "$_id"]},
        "generation": {"$literal": generation},
        "scope": "$_id.scope",
        "expire_at": {"$ifNull": ["$_id.until", "$$REMOVE"]},
        "block": {"$literal": block},
    }
    both = {"$cond": [{"$lt": ["$block", "$$new.block"]}, {"$mergeObjects": ["$$new", sums]}, "$$ROOT"]}
    merge = {"into": into, "on": "_id", "whenMatched": [{"$replaceWith": both}], "whenNotMatched": "insert"}
    return [{"$project": {**place, **counted}}, {"$merge": merge}]
