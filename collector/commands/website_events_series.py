"""``website_events.series``: numbers over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collector.commands.asked import Asked, Asking, name_of
from collector.commands.call import Answer, Call, Services
from collector.commands.shown import iso
from collector.errors import Fault
from collector.questions.buckets import Interval, TooMany, edges, local
from collector.questions.charts import Chart, Charts
from collector.questions.gathering import Extent
from collector.questions.lines import Lines, shown


@dataclass(frozen=True, slots=True)
class Content:
    """What is asked: a chart of events."""

    asked: Asked
    interval: Interval
    chart: Chart


class WebsiteEventsSeries:
    """The handler of ``website_events.series``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = Asking(services.directory)
        rollups = getattr(services, "rollups", None)
        self._charts = Charts(services.store.questions, rollups, services.settings.question_seconds)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads what is asked. Raises ``StoreAway`` where a list is not known from before."""
        asked, wrong = await self._asking.read(call, faults)
        measure, interval = call.given.get("Measure", "events"), call.given.get("Interval", "day")
        by, no_name = name_of(call.given, "BreakDown", None)
        of, unnamed = name_of(call.given, "Property", Fault.MISSING_PROPERTY if measure == "sum" else None)
        wrong |= no_name | unnamed
        if asked is None or faults | wrong:
            return None, wrong
        try:
            found = edges(asked.selection.start, asked.selection.end, interval, asked.zone)
        except TooMany:
            return None, {Fault.INVALID_INTERVAL}
        except OverflowError:
            return None, {Fault.INVALID_SPAN}
        return Content(asked, interval, Chart(measure, tuple(found), by, of or "")), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """Draws the chart."""
        self._services.store.require()
        lines, extent = await self._charts.draw(content.asked.selection, content.chart)
        return Answer(200, _shown(content, lines, extent))


def _shown(content: Content, lines: Lines, extent: Extent) -> dict[str, Any]:
    """The answer, from the interval on that it reaches back to."""
    asked, chart = content.asked, content.chart
    first = max(sum(edge <= extent.start for edge in chart.edges[:-1]) - 1, 0)
    rows = shown(lines, len(chart.edges) - 1, chart.by is not None)
    return {
        "ListID": asked.list_id,
        "Event": asked.selection.event,
        "Measure": chart.measure,
        "Interval": content.interval,
        "TimeZone": asked.zone.key,
        "From": iso(extent.start),
        "To": iso(asked.selection.end),
        "Times": [local(edge, asked.zone) for edge in chart.edges[first:-1]],
        "Series": [row | {"Counts": row["Counts"][first:]} for row in rows],
        "Exact": lines.exact,
        "Scanned": extent.scanned,
        "Complete": extent.complete,
    }
