"""Numbers over time: of events, of visitors, of subscribers, or the sum of a property."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from collector.ingest.links import subscriber_at
from collector.model import Document
from collector.questions.gathering import Extent, gather
from collector.questions.lines import Amounts, Heads, Line, Lines
from collector.storage.questions import pipelines
from collector.storage.questions.reading import Questions
from collector.storage.questions.selection import Selection

Measure = Literal["events", "visitors", "subscribers", "sum"]
MEASURES: tuple[Measure, ...] = ("events", "visitors", "subscribers", "sum")

LARGEST = 10
_MOST_REMEMBERED = 50_000
_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rolled(Protocol):
    """Numbers of events by name, None for all together, one for each interval; ``complete`` False: some are missing."""

    @property
    def counts(self) -> Mapping[str | None, Sequence[int]]: ...

    @property
    def complete(self) -> bool: ...


class Rollups(Protocol):
    """What has been counted in quarters of an hour."""

    async def counts(
        self, scope: str, events: Sequence[str] | None, edges: Sequence[datetime], bots: bool
    ) -> Rolled: ...

    async def all_of(self, scope: str, event: str) -> bool:
        """Whether all events of a name have been counted."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: a measure by the intervals between ``edges``, for each value of the property ``by`` where there is
    one; ``of`` is the property that is summed."""

    measure: Measure
    edges: tuple[datetime, ...]
    by: str | None = None
    of: str = ""


class Charts:
    """Draws charts.

    Args:
        questions: asks the events.
        rollups: what is counted already; None: the events are asked.
        seconds: the limit of a chart.
    """

    def __init__(self, questions: Questions, rollups: Rollups | None, seconds: float) -> None:
        self._questions = questions
        self._rollups = rollups
        self._seconds = seconds

    async def draw(self, selection: Selection, chart: Chart) -> tuple[Lines, Extent]:
        """The lines of a chart, by the numbers of its intervals. All that rollups know is taken from them.

        Raises:
            StoreAway: MongoDB is.
        """
        whole = _counted(selection, chart)
        if (
            self._rollups
            and whole
            and (not selection.event or await self._rollups.all_of(whole.scope, selection.event))
        ):
            return await self._rolled(self._rollups, selection, whole, chart)
        return await self._drawn(selection, chart, self._seconds)

    async def _drawn(self, selection: Selection, chart: Chart, seconds: float) -> tuple[Lines, Extent]:
        """The lines as the events say it."""
        edges, by = chart.edges, chart.by
        if chart.measure in ("events", "sum"):
            summed = pipelines.sums(edges, by, chart.of) if chart.measure == "sum" else None
            stages = summed or pipelines.numbers_of_events(edges, by)
            amounts, extent = await gather(self._questions, selection, seconds, stages, Amounts)
            return await amounts.lines(LARGEST), extent
        whose = _Whose(self._questions, selection.scope, seconds)
        visitors = chart.measure == "visitors"
        stages = pipelines.visitors(edges, by) if visitors else pipelines.people(edges, by)
        names = _visitors if visitors else whose.subscribers
        heads, extent = await gather(self._questions, selection, seconds, stages, lambda: Heads(names))
        return await heads.lines(LARGEST), extent

    async def _rolled(
        self, rollups: Rollups, selection: Selection, whole: Selection, chart: Chart
    ) -> tuple[Lines, Extent]:
        """The same with whole quarters of an hour from the rollups, and what is before and behind them from the events,
        newest first."""
        deadline = time.monotonic() + self._seconds
        lines, newest = await self._drawn(selection.within(whole.end, selection.end), chart, self._seconds)
        if not newest.complete:
            return lines, newest
        inner = [edge for edge in chart.edges if whole.start < edge < whole.end]
        names = None if selection.event is None else [selection.event]
        rolled = await rollups.counts(selection.scope, names, [whole.start, *inner, whole.end], selection.bots)
        if not rolled.complete:
            return await self._drawn(selection, chart, deadline - time.monotonic())
        line = lines.missing or Line()
        place = sum(edge <= whole.start for edge in chart.edges) - 1
        for number, count in enumerate(rolled.counts[selection.event], start=place):
            line.add(number, count)
        oldest = selection.within(selection.start, whole.start)
        more, extent = await self._drawn(oldest, chart, deadline - time.monotonic())
        line.merge(more.missing or Line())
        return replace(lines, missing=line), extent._replace(scanned=extent.scanned + newest.scanned)


def _counted(selection: Selection, chart: Chart) -> Selection | None:
    """What of a chart has been counted already: the whole quarters of an hour in it, if it is of events alone."""
    if chart.measure != "events" or chart.by is not None or selection.filters:
        return None
    first, last = -(-(selection.start - _EPOCH) // _QUARTER), (selection.end - _EPOCH) // _QUARTER
    if first >= last or any((edge - _EPOCH) % _QUARTER for edge in chart.edges):
        return None
    return selection.within(_EPOCH + first * _QUARTER, _EPOCH + last * _QUARTER)


async def _visitors(rows: Sequence[Document]) -> Iterable[str]:
    return [row["_id"]["u"] for row in rows]


class _Whose:
    """Which subscriber an event belongs to: whom it names, else whose its visitor was at its time (section 5)."""

    def __init__(self, questions: Questions, scope: str, seconds: float) -> None:
        self._questions = questions
        self._scope = scope
        self._seconds = seconds
        self._links: dict[str, list[Document]] = {}

    async def subscribers(self, rows: Sequence[Document]) -> list[str | None]:
        """The subscriber of each event, None of one that is nobody's."""
        if len(self._links) > _MOST_REMEMBERED:
            self._links.clear()
        unknown = {row["_id"]["u"] for row in rows if "s" not in row} - self._links.keys()
        if unknown:
            found = await self._questions.links(self._scope, unknown, self._seconds)
            self._links.update({visitor: found.get(visitor, []) for visitor in unknown})
        return [row["s"] if "s" in row else subscriber_at(self._links[row["_id"]["u"]], row["t"]) for row in rows]
