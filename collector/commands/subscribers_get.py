"""``subscribers.get``: one subscriber, all that is known of it, and its whole history (section 5 of the contract)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from collector.commands import cursors
from collector.commands.call import Answer, Call, Services
from collector.commands.persons import conflicts, shown_visitors, strands, traits
from collector.commands.shown import iso, shown
from collector.commands.whose import asked_list, page_size, scope_of
from collector.errors import Fault, Refusal
from collector.ingest.checks import read_email
from collector.model import Document, MailingList
from collector.storage.history import Strand
from collector.storage.identities import email_key, id_key
from collector.storage.people import MOST_VISITORS, Named
from collector.storage.questions.reading import Position

PAGE, MOST = 50, 200


@dataclass(frozen=True, slots=True)
class Content:
    """Who is asked for, in which list, and which part of the history."""

    mailing_list: MailingList | None
    scope: str
    identity: str | None
    uuid: str
    behind: Position | None
    most: int


class SubscribersGet:
    """The handler of ``subscribers.get``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Content | None, set[Fault]]:
        """Reads who is asked for: by ``Email``, else ``ID``, else ``UUID``."""
        found, wrong = await asked_list(call, self._services.directory, faults)
        scope = scope_of(found, call)
        identity = self._identity(call.given, scope, wrong)
        most = page_size(call.given, PAGE, MOST, wrong)
        behind = self._behind(call.given, scope, faults | wrong, wrong)
        if faults | wrong:
            return None, wrong
        return Content(found, scope, identity, str(call.given.get("UUID", "")), behind, most), wrong

    async def run(self, call: Call, content: Content) -> Answer:
        """Finds whoever it is.

        Raises:
            Refusal: 28, there is nobody.
        """
        self._services.store.require()
        subscriber = await self._subscriber(content)
        body = {"ListID": content.mailing_list.id if content.mailing_list else None}
        if subscriber is None:
            return Answer(200, body | await self._visitor(content))
        return Answer(200, body | await self._known(subscriber, content))

    def _identity(self, given: Document, scope: str, wrong: set[Fault]) -> str | None:
        """The key of the address or ``ID``; None where only a ``UUID`` is given."""
        try:
            if "Email" in given:
                return email_key(scope, read_email(given["Email"]))
        except (ValueError, TypeError, AttributeError):  # what is no text is the schema's to report
            wrong.add(Fault.INVALID_EMAIL)
        return id_key(scope, _text(given["ID"])) if "ID" in given else None

    def _behind(self, given: Document, scope: str, faults: set[Fault], wrong: set[Fault]) -> Position | None:
        if "Cursor" not in given or faults:
            return None
        try:
            return cursors.read(given["Cursor"], scope, self._services.store.deployment.secret)
        except ValueError:
            wrong.add(Fault.INVALID_CURSOR)
            return None

    async def _subscriber(self, content: Content) -> str | None:
        """Whose the address, ``ID`` or uuid is; None for a visitor of nobody."""
        store, scope = self._services.store, content.scope
        if content.identity is not None:
            found = await store.identities.find([content.identity])
            if content.identity not in found:
                raise Refusal(Fault.SUBSCRIBER_NOT_FOUND)
            return found[content.identity].subscriber
        person = await store.people.subscriber(content.uuid)
        if person and person["scope"] == scope:
            return content.uuid
        visitor = await store.people.visitor(scope, content.uuid)
        return str(visitor["links"][-1]["subscriber"]) if visitor and visitor["links"] else None

    async def _visitor(self, content: Content) -> Document:
        """A visitor of nobody: what it did, and what it said of itself."""
        visitor = await self._services.store.people.visitor(content.scope, content.uuid)
        events, cursor = await self._events([Strand(content.scope, visitor=content.uuid)], content)
        if not visitor and not events and not content.behind:
            raise Refusal(Fault.SUBSCRIBER_NOT_FOUND)
        named = {"Subscriber": None, "Visitor": content.uuid, "Traits": traits(visitor or {})}
        return {**named, "Events": events, "Cursor": cursor}

    async def _known(self, subscriber: str, content: Content) -> Document:
        people = self._services.store.people
        document, names, visitors, met = await asyncio.gather(
            people.subscriber(subscriber),
            people.names_of(subscriber),
            people.visitors_of(subscriber),
            people.conflicts(subscriber),
        )
        known = strands(content.scope, subscriber, visitors)
        events, cursor = await self._events(known, content)
        shown_person = _person(subscriber, document or {}, names)
        shown_person["LastSeen"] = await self._last_seen(events, known, content)
        shown_person["Visitors"] = shown_visitors(subscriber, visitors)
        shown_person["Conflicts"] = conflicts(subscriber, met)
        shown_person["Truncated"] = len(visitors) >= MOST_VISITORS
        return {"Subscriber": shown_person, "Events": events, "Cursor": cursor}

    async def _events(self, known: list[Strand], content: Content) -> tuple[list[Document], str | None]:
        """A part of the history, and the place behind it, where there is more."""
        found = await self._services.store.history.page(known, content.behind, content.most + 1)
        page = found[: content.most]
        secret = self._services.store.deployment.secret
        last = Position(page[-1].event.time, page[-1].event.id) if len(found) > content.most else None
        return [shown(stored) for stored in page], last and cursors.written(last, content.scope, secret)

    async def _last_seen(self, events: list[Document], known: list[Strand], content: Content) -> str | None:
        if content.behind is None:
            return events[0]["Time"] if events else None
        newest = await self._services.store.history.page(known, None, 1)
        return iso(newest[0].event.time) if newest else None


def _text(external_id: Any) -> str:
    """An ``ID`` as it is compared: exactly, an integer as its decimal text."""
    return str(int(external_id) if isinstance(external_id, float) else external_id)


def _person(subscriber: str, document: Document, names: list[Named]) -> Document:
    return {
        "UUID": subscriber,
        "Emails": [
            {"Email": named.value, "Trust": "secret" if named.verified else "public"}
            for named in names
            if named.is_email
        ],
        # With a public key an ID names nobody (section 3): one that does was brought by a secret one.
        "IDs": [{"ID": named.value, "Trust": "secret"} for named in names if not named.is_email],
        "Verified": document.get("verified", False),
        "Created": iso(document["created"]) if "created" in document else None,
        "Traits": traits(document),
    }
