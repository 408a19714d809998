"""Events one by one, newest first, a page after another."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from collector.questions.slices import Slices
from collector.storage.questions.reading import Cut, Position, Questions
from collector.storage.questions.selection import Selection
from collector.storage.stored import Stored

_A_TIME = 500
"""Events of a stream that are in memory at once."""


class Stuck(Exception):
    """The limit of time is too short for the smallest step: a stream does not come on."""


@dataclass(slots=True)
class Page:
    """A page: its events, the place behind it where there may be more, how many were looked at, and whether it is as
    full as it can be, or was cut."""

    events: list[Stored] = field(default_factory=list)
    following: Position | None = None
    scanned: int = 0
    complete: bool = True


class Listing:
    """Lists events.

    Args:
        questions: who is asked.
        seconds: the limit of a page.
    """

    def __init__(self, questions: Questions, seconds: float) -> None:
        self._questions = questions
        self._seconds = seconds

    async def page(self, selection: Selection, behind: Position | None, most: int) -> Page:
        """The events behind a place, or the newest.

        Raises:
            StoreAway: MongoDB is.
        """
        page = Page(following=behind)
        slices = Slices(selection.start, min(behind.time, selection.end) if behind else selection.end, self._seconds)
        try:
            if behind and behind.id and selection.start <= behind.time < selection.end:
                page.events = await self._questions.behind(selection, behind, most + 1, slices.left)
                page.scanned = len(page.events)
            page.following = None if slices.complete else Position(slices.reached)
            await self._fill(page, selection, slices, most)
        except Cut:
            pass
        if len(page.events) > most:
            page.events = page.events[:most]
            page.following = _place(page.events[-1])
        else:
            page.complete = slices.complete
        return page

    async def pages(
        self, selection: Selection, behind: Position | None, most: int | None
    ) -> AsyncGenerator[list[Stored], None]:
        """All events behind a place, or so many of them, some at a time.

        Raises:
            StoreAway: MongoDB is.
            Stuck: see there.
        """
        while most is None or most > 0:
            page = await self.page(selection, behind, _A_TIME if most is None else min(_A_TIME, most))
            if not page.complete and page.following == behind:
                raise Stuck
            behind = page.following
            if page.events:
                yield page.events
            if behind is None:
                return
            most = None if most is None else most - len(page.events)

    async def _fill(self, page: Page, selection: Selection, slices: Slices, most: int) -> None:
        """Looks at one slice after another until the page has one event more than it shows."""
        for begin, end in slices if len(page.events) <= most else ():
            part = selection.within(begin, end)
            wanted = most + 1 - len(page.events)
            found = await self._questions.newest(part, wanted, slices.left)
            looked_at = part if len(found) < wanted else part.within(found[-1].event.time, end)
            page.scanned += await self._questions.looked_at(looked_at, slices.left)
            page.events += found
            if len(page.events) > most:
                return
            page.following = Position(begin) if begin > selection.start else None


def _place(stored: Stored) -> Position:
    return Position(stored.event.time, stored.event.id)
