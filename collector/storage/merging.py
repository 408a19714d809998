"""Running a pipeline that ends in ``$merge``."""

from __future__ import annotations

from collections.abc import Sequence

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
