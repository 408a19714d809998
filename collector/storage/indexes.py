"""Every index, with the query that needs it. Made at start; making one that exists is nothing."""

from __future__ import annotations

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, IndexModel

from collector.model import Document
from collector.storage.people import BY_CREATED, CONFLICTS_OF, CONFLICTS_WITH
from collector.storage.questions.reading import BY_TIME

_EXPIRING = {"expire_at": {"$exists": True}}

INDEXES: dict[str, list[IndexModel]] = {
    "users": [IndexModel([("name", ASCENDING)], unique=True)],  # login; one user a name
    "lists": [IndexModel([("user_id", ASCENDING)])],  # the lists of a user
    "keys": [
        IndexModel([("prefix", ASCENDING)], unique=True),  # revoking by prefix
        IndexModel([("user_id", ASCENDING)]),  # the keys of a user
    ],
    "sessions": [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    "identities": [IndexModel([("subscriber", ASCENDING)])],  # the addresses and IDs of a subscriber
    "subscribers": [IndexModel(BY_CREATED)],  # the subscribers of a list, those made last first
    "visitors": [IndexModel([("links.subscriber", ASCENDING)])],  # the visitors of a subscriber
    "events": [
        # A subscriber's history: the events that name it, and those of its visitors.
        IndexModel(
            [("subscriber", ASCENDING), ("time", ASCENDING)],
            partialFilterExpression={"subscriber": {"$exists": True}},
        ),
        IndexModel([("scope", ASCENDING), ("uuid", ASCENDING), ("time", ASCENDING)]),
        # Identity conflicts, from both sides: few events have one, and no other is in these.
        IndexModel(CONFLICTS_OF, partialFilterExpression={"conflict": {"$exists": True}}),
        IndexModel(CONFLICTS_WITH, partialFilterExpression={"conflict": {"$exists": True}}),
        # Questions about events, of all names or of one, and pages that hold still: ``_id`` tells events of one moment
        # apart, of which an import may bring any number. It takes 55 bytes an event, where without ``_id`` it were 28.
        # One of scope, event and time would spare looking at events of other names, and serve none of all names.
        IndexModel(BY_TIME),
        IndexModel([("writer", ASCENDING), ("seq", ASCENDING)]),  # the blocks in which the catalog counts
        # Retention: events of lists without one are not in it.
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0, partialFilterExpression=_EXPIRING),
    ],
    "catalog": [
        IndexModel([("scope", ASCENDING), ("event", ASCENDING)]),  # the answer, and the caps
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0, partialFilterExpression=_EXPIRING),
    ],
    "catalog_counts": [
        IndexModel([("scope", ASCENDING), ("generation", ASCENDING)]),  # the counts of a list
        IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0, partialFilterExpression=_EXPIRING),
    ],
    "writers": [IndexModel([("open", ASCENDING)], partialFilterExpression={"open": True})],  # those that may go on
    # Forgotten by themselves; the first is read by its time too.
    "live": [IndexModel([("at", ASCENDING)], expireAfterSeconds=60)],
    "watches": [IndexModel([("until", ASCENDING)], expireAfterSeconds=0)],
    "limits": [IndexModel([("expire_at", ASCENDING)], expireAfterSeconds=0)],
}


async def ensure_indexes(database: AsyncIOMotorDatabase[Document]) -> None:
    """Makes the indexes that are missing."""
    for name, indexes in INDEXES.items():
        await database[name].create_indexes(indexes)
