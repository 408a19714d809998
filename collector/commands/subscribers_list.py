"""``subscribers.list``: the subscribers of a list, those made last first, or those whose names begin so."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from collector.commands import cursors
from collector.commands.call import Answer, Call, Services
from collector.commands.shown import iso
from collector.commands.whose import asked_list, page_size, scope_of
from collector.errors import Fault
from collector.ingest.checks import read_email
from collector.model import Document, MailingList
from collector.storage.people import Named
from collector.storage.questions.reading import Position

PAGE, MOST = 50, 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Page = tuple[list[Document], Position | None]


@dataclass(frozen=True, slots=True)
class Content:
    """Whose subscribers are asked for, by what, behind which place, and how many."""

    mailing_list: MailingList | None
    scope: str
    search: str | None
    behind: Position | None
    most: int


class SubscribersList:
    """The handler of ``subscribers.list``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads what is asked for."""
        found, wrong = await asked_list(call, self._services.directory, faults)
        most = page_size(call.given, PAGE, MOST, wrong)
        search = call.given.get("Search")
        if faults | wrong:
            return None, wrong
        behind = None
        try:
            if "Cursor" in call.given:
                behind = cursors.read(call.given["Cursor"], self._cursors_of(call, found), self._secret)
        except ValueError:
            return None, {Fault.INVALID_CURSOR}
        return Content(found, scope_of(found, call), search, behind, most), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """A page."""
        self._services.store.require()
        rows, last = await (self._newest(content) if content.search is None else self._named(content))
        seen = await self._services.store.history.last_named([row["UUID"] for row in rows])
        for row in rows:
            row["LastSeen"] = iso(seen[row["UUID"]]) if row["UUID"] in seen else None
        written = last and cursors.written(last, self._cursors_of(call, content.mailing_list), self._secret)
        list_id = content.mailing_list.id if content.mailing_list else None
        return Answer(200, {"ListID": list_id, "Subscribers": rows, "Cursor": written})

    async def _newest(self, content: Content) -> Page:
        found = await self._services.store.people.newest(content.scope, content.behind, content.most + 1)
        page = found[: content.most]
        more = len(found) > content.most
        return [_shown(row) for row in page], Position(page[-1]["created"], page[-1]["_id"]) if more else None

    async def _named(self, content: Content) -> Page:
        """Those of whom an address or ``ID`` begins so, each once a page."""
        search, behind = content.search or "", content.behind.id if content.behind else ""
        people = self._services.store.people
        found = await people.named(content.scope, _as_address(search), search, behind, content.most + 1)
        page = found[: content.most]
        known = await people.several([named.subscriber for named in page])
        first = {named.subscriber: named for named in reversed(page)}
        rows = [_matched(known[subscriber], named) for subscriber, named in first.items() if subscriber in known]
        last = Position(_EPOCH, page[-1].key) if len(found) > content.most else None
        return sorted(rows, key=lambda row: page.index(first[row["UUID"]])), last

    def _cursors_of(self, call: Call, found: MailingList | None) -> str:
        """What a cursor holds for: this list, and this search."""
        return f"{scope_of(found, call)}/{call.given.get('Search', '')}"

    @property
    def _secret(self) -> bytes:
        return self._services.store.deployment.secret


def _as_address(search: str) -> str:
    """The beginning of an address in the form in which addresses are compared; a whole one with its domain too."""
    try:
        return read_email(search)
    except ValueError:
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", search.strip()).lower())


def _shown(row: Document) -> Document:
    return {
        "UUID": row["_id"],
        "Email": row.get("email"),
        "ID": next(iter(row.get("ids", ())), None),
        "Verified": row["verified"],
        "Created": iso(row["created"]),
    }


def _matched(row: Document, named: Named) -> Document:
    """A subscriber by the name that was looked for."""
    return _shown(row) | ({"Email": named.value} if named.is_email else {"ID": named.value})
