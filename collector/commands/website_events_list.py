"""``website_events.list``: the events of a list themselves, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collector.commands import cursors
from collector.commands.asked import Asked, Asking, number_of
from collector.commands.call import Answer, Call, Services
from collector.commands.shown import shown
from collector.errors import Fault
from collector.questions.listing import Listing
from collector.storage.questions.reading import Position

PAGE, MOST = 50, 200


@dataclass(frozen=True, slots=True)
class Content:
    """What is asked: the events behind a place, so many (None: all)."""

    asked: Asked
    behind: Position | None
    limit: int | None


class WebsiteEventsList:
    """The handler of ``website_events.list``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = Asking(services.directory)
        self._listing = Listing(services.store.questions, services.settings.question_seconds)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads what is asked. Raises ``StoreAway`` where a list is not known from before."""
        asked, wrong = await self._asking.read(call, faults)
        limit, behind = None, None
        try:
            limit = number_of(call.given.get("Limit"), PAGE, MOST)
        except ValueError:
            wrong.add(Fault.INVALID_LIMIT)
        if asked is None or faults | wrong:
            return None, wrong
        try:
            behind = self._behind(call.given.get("Cursor"), asked)
        except ValueError:
            return None, {Fault.INVALID_CURSOR}
        asked = replace(asked, selection=replace(asked.selection, automatic=True))
        return Content(asked, behind, limit), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """A page."""
        self._services.store.require()
        page = await self._listing.page(content.asked.selection, content.behind, content.limit or PAGE)
        return Answer(
            200,
            {
                "ListID": content.asked.list_id,
                "Events": [shown(stored) for stored in page.events],
                "Cursor": self._cursor(page.following, content.asked),
                "Scanned": page.scanned,
                "Complete": page.complete,
            },
        )

    def _behind(self, cursor: object, asked: Asked) -> Position | None:
        secret = self._services.store.deployment.secret
        return None if cursor is None else cursors.read(cursor, asked.selection.scope, secret)

    def _cursor(self, position: Position | None, asked: Asked) -> str | None:
        secret = self._services.store.deployment.secret
        return position and cursors.written(position, asked.selection.scope, secret)
