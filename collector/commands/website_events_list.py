"""``website_events.list``: the events of a list themselves, newest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from collector.commands import cursors
from collector.commands.asked import Asked, Asking, number_of
from collector.commands.call import Answer, Call, Services
from collector.commands.files import Csv, File, Ndjson
from collector.commands.shown import shown
from collector.errors import Fault, unavailable
from collector.questions.listing import Listing, Stuck
from collector.storage.questions.reading import Position
from collector.storage.stored import Stored

PAGE, MOST = 50, 200
MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class Content:
    """What is asked: the events behind a place, so many (None: all), as JSON or as a file."""

    asked: Asked
    behind: Position | None
    limit: int | None
    format: str


class WebsiteEventsList:
    """The handler of ``website_events.list``."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = Asking(services.directory)
        self._listing = Listing(services.store.questions, services.settings.question_seconds)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads what is asked. Raises ``StoreAway`` where a list is not known from before."""
        asked, wrong = await self._asking.read(call, faults)
        kind = call.given.get("Format", "json")
        page, most = (PAGE, MOST) if kind == "json" else (None, None)
        limit = number_of(call.given.get("Limit"), page, most, wrong)
        if asked is None or faults | wrong:
            return None, wrong
        try:
            behind = self._behind(call.given.get("Cursor"), asked)
        except ValueError:
            return None, {Fault.INVALID_CURSOR}
        asked = replace(asked, selection=replace(asked.selection, automatic=True))
        return Content(asked, behind, limit, kind), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """A page, or a stream."""
        self._services.store.require()
        if content.format != "json":
            return await self._streamed(content)
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

    async def _streamed(self, content: Content) -> Answer:
        """All events as a file. The first are looked for before the answer begins, so that what fails at once is told
        as an error."""
        file = await self._file(content)
        pages = self._listing.pages(content.asked.selection, content.behind, content.limit)
        try:
            first: list[Stored] = await anext(pages, [])
        except Stuck as error:
            raise unavailable() from error
        name = "events" if content.asked.list_id is None else f"events-list-{content.asked.list_id}"
        headers = {
            "Content-Type": file.media_type,
            "Content-Disposition": f'attachment; filename="{name}.{file.ending}"',
        }
        return Answer(200, {}, headers, stream=_pieces(file, first, pages))

    async def _file(self, content: Content) -> File:
        return Ndjson() if content.format == "ndjson" else Csv(await self._names(content.asked), content.asked.zone)

    async def _names(self, asked: Asked) -> list[str]:
        """The properties that have a column: those of the event, or of all, that the catalog has."""
        found = (await self._services.reader.properties(asked.selection.scope)).by_event
        events = found if asked.selection.event is None else [asked.selection.event]
        names = {name for event in events for name in found.get(event, ())}
        return sorted(names)[:MOST_COLUMNS]

    def _behind(self, cursor: object, asked: Asked) -> Position | None:
        secret = self._services.store.deployment.secret
        return None if cursor is None else cursors.read(cursor, asked.selection.scope, secret)

    def _cursor(self, position: Position | None, asked: Asked) -> str | None:
        secret = self._services.store.deployment.secret
        return position and cursors.written(position, asked.selection.scope, secret)


async def _pieces(
    file: File, first: list[Stored], pages: AsyncGenerator[list[Stored], None]
) -> AsyncGenerator[bytes, None]:
    try:
        yield file.head() + file.lines(first)
        async for events in pages:
            yield file.lines(events)
    finally:
        await pages.aclose()
