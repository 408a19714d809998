"""The pipelines that make entries of the catalog out of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from collector.model import Document


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of entries that a secret key has brought, and one of those that only public keys have."""

    own: int
    claimed: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How many entries there may be: event names of a scope, names of an event, and all of a scope together; each under
    one end of retention."""

    events: Limit
    names: Limit
    total: Limit


def names() -> list[Document]:
    """From events to an entry a name."""
    every = {"$concatArrays": [[None], {"$map": {"input": {"$objectToArray": "$properties"}, "in": "$$this.k"}}]}
    with_secret = {"$cond": [{"$eq": ["$trust", "secret"]}, "$received", None]}
    return [
        {
            "$project": {
                "scope": 1,
                "event": 1,
                "expire_at": 1,
                "received": 1,
                "trusted": with_secret,
                "names": every,
            }
        },
        {"$unwind": "$names"},
        {
            "$group": {
                "_id": {"scope": "$scope", "until": "$expire_at", "event": "$event", "name": "$names"},
                "scope": {"$first": "$scope"},
                "event": {"$first": "$event"},
                "name": {"$first": "$names"},
                "expire_at": {"$first": "$expire_at"},
                "first": {"$min": "$received"},
                "trusted": {"$min": "$trusted"},
            }
        },
        # The group's key leaves a missing end of retention out; the field of an entry must be missing too, not null.
        {
            "$set": {
                "expire_at": {"$ifNull": ["$expire_at", "$$REMOVE"]},
                "trusted": {"$ifNull": ["$trusted", "$$REMOVE"]},
                "counted": {"first": "$first", "trusted": {"$ifNull": ["$trusted", "$$REMOVE"]}},
            }
        },
    ]


def pruned(kept: Kept) -> list[Document]:
    """Of entries, those that are kept: of each kind those first received, ties in code-point order."""
    place, is_own, is_name = {"scope": "$scope", "until": "$expire_at"}, "$rank.own", "$rank.name"
    of_names = _limit(kept.names)
    return [
        {
            "$set": {
                "rank.own": {"$gt": ["$trusted", None]},
                "rank.name": {"$gt": ["$name", None]},
                # Compared field by field; an event comes before its names.
                "rank.at": {"at": {"$ifNull": ["$trusted", "$first"]}, "event": "$event", "name": "$name"},
            }
        },
        *_first(
            {**place, "event": {"$cond": [is_name, "$event", None]}, "name": is_name, "own": is_own},
            {"$cond": [is_name, of_names, _limit(kept.events)]},
        ),
        {
            "$setWindowFields": {
                "partitionBy": {**place, "event": "$event"},
                "output": {"rank.event": {"$max": {"$not": [is_name]}}},
            }
        },
        {"$match": {"rank.event": True}},
        *_first({**place, "own": is_own}, _limit(kept.total)),
        {"$unset": "rank"},
    ]


def _limit(limit: Limit) -> Document:
    return {"$cond": ["$rank.own", limit.own, limit.claimed]}


def _first(partition: Document, most: Document) -> list[Document]:
    number: Document = {"rank.number": {"$documentNumber": {}}}
    numbered = {"partitionBy": partition, "sortBy": {"rank.at": 1}, "output": number}
    return [{"$setWindowFields": numbered}, {"$match": {"$expr": {"$lte": ["$rank.number", most]}}}]


def merge(new: Literal["insert", "discard"]) -> Document:
    """The stage that brings entries into the catalog, the same whichever of two is merged first.

    Args:
        new: what becomes of an entry that is not there yet.
    """
    fields = ("first", "trusted", "counted.first", "counted.trusted")
    return {
        "$merge": {
            "into": "catalog",
            "on": "_id",
            "whenMatched": [{"$set": {field: _earlier(field) for field in fields}}, {"$unset": "doubtful"}],
            "whenNotMatched": new,
        }
    }


def _earlier(field: str) -> Document:
    earlier = {"$min": [f"${field}", f"$$new.{field.removeprefix('counted.')}"]}
    return {"$ifNull": [earlier, "$$REMOVE"]}
