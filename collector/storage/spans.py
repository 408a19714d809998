"""Sets of whole numbers from 1 on, as the spans in which they lie: what of a writer's numbers has been counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
"""First and last."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans in ascending order, none touching the next."""

    parts: tuple[Span, ...] = ()

    @classmethod
    def upto(cls, last: int) -> Spans:
        """1 to ``last``; none where that is 0."""
        return cls(((1, last),)) if last > 0 else cls()

    @classmethod
    def of(cls, pairs: Iterable[Iterable[int]]) -> Spans:
        """Spans in any order, which may overlap."""
        parts: list[Span] = []
        for first, last in sorted((first, last) for first, last in pairs):
            if parts and first <= parts[-1][1] + 1:
                parts[-1] = (parts[-1][0], max(parts[-1][1], last))
            else:
                parts.append((first, last))
        return cls(tuple(parts))

    @property
    def size(self) -> int:
        """How many numbers."""
        return sum(last - first + 1 for first, last in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __iter__(self) -> Iterator[Span]:
        return iter(self.parts)

    def __or__(self, other: Spans) -> Spans:
        return Spans.of((*self.parts, *other.parts))

    def __sub__(self, other: Spans) -> Spans:
        return Spans(tuple(rest for part in self.parts for rest in _rest(part, other)))

    def beginning(self, most: int, most_parts: int) -> Spans:
        """The first numbers, at most so many of them in at most so many spans."""
        parts: list[Span] = []
        for first, last in self.parts[:most_parts]:
            if most <= 0:
                break
            parts.append((first, min(last, first + most - 1)))
            most -= last - first + 1
        return Spans(tuple(parts))


def _rest(part: Span, taken: Spans) -> Iterator[Span]:
    """What of one span is in none of the others."""
    first, end = part
    for low, high in taken:
        if high < first:
            continue
        if low > end:
            break
        if low > first:
            yield (first, low - 1)
        first = high + 1
    if first <= end:
        yield (first, end)
