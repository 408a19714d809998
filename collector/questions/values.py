"""Which values a property has, how often, counted in bounded memory."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

import orjson

MOST_DISTINCT = 100_000
MOST_BYTES = 32 << 20
"""How many values, and how much of them, are kept apart. Of more only the most frequent are."""


def same(value: Any) -> Hashable:
    """The same for values that are equal as JSON, whatever the order of names in an object: 1 and 1.0, but not true."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return (list, tuple(same(item) for item in value))
    if isinstance(value, dict):
        return (dict, frozenset((name, same(item)) for name, item in value.items()))
    return value  # type: ignore[no-any-return]


def is_number(value: Any) -> bool:
    """Whether a value is a number as JSON has it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class Counted:
    """A value, and how many events have it."""

    value: Any
    count: int


@dataclass(slots=True)
class Tally:
    """The values of a property. ``exact`` False: there were too many to keep them all apart, so that ``distinct`` and
    the counts are the least they can be."""

    values: dict[Hashable, Counted] = field(default_factory=dict)
    events: int = 0
    missing: int = 0
    distinct: int = 0
    exact: bool = True
    _bytes: int = 0

    def add(self, value: Any, count: int) -> None:
        """Counts so many events with a value."""
        self.events += count
        self._keep(same(value), value, count)

    def merge(self, other: Tally) -> None:
        """Takes in what another has counted."""
        self.events += other.events
        self.missing += other.missing
        self.exact &= other.exact
        for key, counted in other.values.items():
            self._keep(key, counted.value, counted.count)
        self.distinct = max(self.distinct, other.distinct)

    def top(self, most: int) -> list[Counted]:
        """The most frequent values; of two that are alike in that, the one whose JSON comes first."""
        return nlargest(most, self.values.values(), key=lambda counted: (counted.count, Earlier(counted.value)))

    def _keep(self, key: Hashable, value: Any, count: int) -> None:
        found = self.values.get(key)
        if found:
            found.count += count
            return
        self.values[key] = Counted(value, count)
        self._bytes += size_of(value)
        self.distinct = max(self.distinct, len(self.values))
        if len(self.values) > MOST_DISTINCT or self._bytes > MOST_BYTES:
            self._forget()

    def _forget(self) -> None:
        """Keeps the more frequent half."""
        kept = nlargest(len(self.values) // 2, self.values.items(), key=lambda item: item[1].count)
        self.values = dict(kept)
        self._bytes = sum(size_of(counted.value) for counted in self.values.values())
        self.exact = False


class Earlier:
    """Puts values into an order, whatever they are: that of their JSON, what comes first being the largest."""

    def __init__(self, value: Any) -> None:
        self._text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    def __lt__(self, other: Earlier) -> bool:
        return self._text > other._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Earlier) and self._text == other._text

    __hash__ = None  # type: ignore[assignment]


def size_of(value: Any) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, str):
        return len(value)
    return len(orjson.dumps(value)) if isinstance(value, dict | list) else 8
