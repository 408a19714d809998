"""What is made of the events that are meant, as stages of a pipeline, and the rows that come of it.

A row has, as ``_id``: ``b`` the number of its interval; ``v`` the value of the property in question, of events that
have it (``as_sent``); ``u`` the visitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from collector.model import Document
from collector.storage.questions.filters import Expression, field, has
from collector.storage.stored import exact

_MILLISECOND = timedelta(milliseconds=1)


def values(name: str) -> list[Document]:
    """How many events have each value of a property: ``n``."""
    return [_group(_value(name), {"$sum": 1})]


def numbers_of_events(edges: Sequence[datetime], by: str | None) -> list[Document]:
    """How many events came in each interval, with each value of a property where one is given: ``n``."""
    return [_group(_place(edges, by), {"$sum": 1})]


def sums(edges: Sequence[datetime], by: str | None, of: str) -> list[Document]:
    """The sum of a property, as far as it is a number: ``n``."""
    return [_group(_place(edges, by), {"$sum": field(of)})]


def visitors(edges: Sequence[datetime], by: str | None) -> list[Document]:
    """Each visitor of an interval once."""
    return [_group({**_place(edges, by), "u": "$uuid"}, {"$sum": 1})]


def people(edges: Sequence[datetime], by: str | None) -> list[Document]:
    """Each event, with its visitor, its time ``t``, and ``s``, the subscriber whom it names, where it names one."""
    return [{"$project": {"_id": {**_place(edges, by), "u": "$uuid"}, "s": "$subscriber", "t": "$time"}}]


def as_sent(row: Document) -> Document:
    """A row as it is described above, with its value as it was sent."""
    key = row["_id"]
    if not key.pop("is", False):
        key.pop("v", None)
    elif not isinstance(key["v"], str | int | float | None):  # most values are, and are as they were sent
        key["v"] = exact(key["v"])
    return row


def _group(by: Document, number: Expression) -> Document:
    return {"$group": {"_id": by, "n": number}}


def _place(edges: Sequence[datetime], by: str | None) -> Document:
    return {"b": _interval(edges), **({} if by is None else _value(by))}


def _value(name: str) -> Document:
    """A property's value, and whether there is one: in a group a value that is missing may be null."""
    return {"v": field(name), "is": has(name)}


def _interval(edges: Sequence[datetime]) -> Expression:
    """The number of the interval in which an event lies. Intervals of one length, of which there are many in a row, are
    counted through at once: only where clocks change there are others."""
    numbers: list[tuple[datetime, Expression]] = []
    first = 0
    for length, group in groupby(pairwise(edges), lambda pair: pair[1] - pair[0]):
        pairs = list(group)
        since = {"$subtract": ["$time", pairs[0][0]]}
        number = {"$floor": {"$divide": [since, length // _MILLISECOND]}}
        numbers.append((pairs[-1][1], {"$add": [first, number]}))
        first += len(pairs)
    *others, (_, last) = numbers
    if not others:
        return last
    cases = [{"case": {"$lt": ["$time", end]}, "then": number} for end, number in others]
    return {"$switch": {"branches": cases, "default": last}}
