"""Bringing together what the slices of a span say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from collector.model import Document
from collector.questions.slices import Full, Slices
from collector.storage.questions.reading import Cut, Questions
from collector.storage.questions.selection import Selection


class Gathering(Protocol):
    """What rows are taken into, and what can be brought together."""

    async def take(self, rows: Sequence[Document]) -> None:
        """Takes in rows of ``storage.questions.pipelines``."""

    def merge(self, other: Any) -> None:
        """Takes in what another has taken in."""


G = TypeVar("G", bound=Gathering)


class Extent(NamedTuple):
    """Which part of a span was looked at: from where to its end, how many events, and whether that is all of it."""

    start: datetime
    scanned: int
    complete: bool


async def gather(
    questions: Questions, selection: Selection, seconds: float, stages: Sequence[Document], make: Callable[[], G]
) -> tuple[G, Extent]:
    """What a pipeline makes of the events, as far as the time goes.

    Raises:
        StoreAway: MongoDB is.
    """
    async with questions.turn:
        whole, scanned = make(), 0
        slices = Slices(selection.start, selection.end, seconds)
        try:
            for begin, end in slices:
                span = selection.within(begin, end)
                try:
                    part = await _part(questions, span, slices, stages, make())
                    looked_at = await questions.looked_at(span, slices.left)
                    whole.merge(part)
                    scanned += looked_at
                except Full:
                    slices.again()
        except Cut:
            pass
        return whole, Extent(slices.reached, scanned, slices.complete)


async def _part(questions: Questions, span: Selection, slices: Slices, stages: Sequence[Document], part: G) -> G:
    await questions.each(span, stages, part.take, slices.left)
    return part
