"""The values of one property: how they are spread."""

from __future__ import annotations

from collections.abc import Sequence

from collector.model import Document
from collector.questions.gathering import Extent, gather
from collector.questions.numbers import Numbers
from collector.questions.values import Tally, is_number
from collector.storage.questions import pipelines
from collector.storage.questions.reading import Questions
from collector.storage.questions.selection import Selection


class Distribution:
    """All values, and of those that are numbers what is told of numbers."""

    def __init__(self) -> None:
        self.all = Tally()
        self.numbers = Numbers()

    @property
    def exact(self) -> bool:
        """Whether nothing had to be given up."""
        return self.all.exact and self.numbers.exact

    async def take(self, rows: Sequence[Document]) -> None:
        """Takes in rows ``{"_id": {"v": value}, "n": count}``; without a value: the events without the property."""
        for row in rows:
            value, count = row["_id"].get("v"), row["n"]
            if "v" not in row["_id"]:
                self.all.missing += count
                continue
            self.all.add(value, count)
            if is_number(value):
                self.numbers.add(value, count)

    def merge(self, other: Distribution) -> None:
        """Takes in what another has taken in."""
        self.all.merge(other.all)
        self.numbers.merge(other.numbers)


async def distribution(
    questions: Questions, selection: Selection, name: str, seconds: float
) -> tuple[Distribution, Extent]:
    """How the values of a property are spread over the events.

    Raises:
        StoreAway: MongoDB is.
    """
    return await gather(questions, selection, seconds, pipelines.values(name), Distribution)
