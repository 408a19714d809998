"""Which events a question is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from collector.model import Document
from collector.storage.questions.filters import Filter, condition


@dataclass(frozen=True, slots=True)
class Selection:
    """Events of a scope, by corrected time: ``start`` is included, ``end`` is not.

    ``event`` None: all names. ``bots``: those marked as a bot's too; ``automatic``: automatic identifies too.
    """

    scope: str
    start: datetime
    end: datetime
    event: str | None = None
    filters: tuple[Filter, ...] = ()
    bots: bool = False
    automatic: bool = False

    def within(self, start: datetime, end: datetime) -> Selection:
        """The same of another span of time."""
        return replace(self, start=start, end=end)

    @property
    def span(self) -> Document:
        """A query for all events of the scope in the span: what is looked at."""
        return {"scope": self.scope, "time": {"$gte": self.start, "$lt": self.end}}

    @property
    def query(self) -> Document:
        """A query for the events that are meant. What a retention has ended counts as gone already."""
        return {**self.span, **self.marks}

    @property
    def marks(self) -> Document:
        """What of ``query`` is not scope and time."""
        query: Document = {"expire_at": {"$not": {"$lte": datetime.now(UTC)}}}
        if self.event is not None:
            query["event"] = {"$eq": self.event}
        if not self.bots:
            query["bot"] = {"$ne": True}
        if not self.automatic:
            query["automatic"] = {"$ne": True}
        if self.filters:
            query["$expr"] = {"$and": [condition(item) for item in self.filters]}
        return query
