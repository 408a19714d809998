"""What becomes of events, as it is shown to those who watch: stored, duplicate, test or refused, and why.

No address of a client, no user agent and no key is in it: of a key its prefix, and what looks like one anywhere in an
event is cut to that.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from collector.access.origins import page_origin
from collector.commands.call import Answer, Call, Services
from collector.commands.parameters import placeholders
from collector.commands.shown import iso, shown
from collector.commands.tracking import list_number
from collector.errors import Refusal
from collector.ingest.admission import Admitted
from collector.ingest.times import OLDEST_CLAIM
from collector.live.teller import Notice
from collector.model import BOT, ORIGIN_UNKNOWN, Document, Event, Outcome, list_scope, user_scope
from collector.storage.questions.selection import Selection
from collector.storage.stored import Stored

NEWEST = 50
"""Stored events that somebody who begins to watch is shown."""
MOST_OF_BATCH = 20
"""Events of one batch that are told; the others are counted."""
_LONGEST_TEXT = 300
_MOST_PROPERTIES = 8_000
"""Characters of JSON."""
_TOKEN = re.compile(r"\b((?:sk|pk|se)_[A-Za-z0-9]{8})[A-Za-z0-9]{24}\b")
_SECONDS = 5.0
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_TOMORROW = timedelta(days=1)


class Showing:
    """Shows what becomes of events.

    Args:
        services: what commands are made of.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def settled(self, item: Admitted, result: Outcome, sent: Mapping[str, Any]) -> None:
        """An event was taken.

        Args:
            sent: its parameters, provided or not.
        """
        outcome = "test" if item.is_test else "duplicate" if result.duplicate else "stored"
        text = partial(_settled, item.event, outcome, sent)
        self._services.teller.tell(Notice(item.event.scope, outcome != "stored", text))

    def refused(self, call: Call, answer: Answer) -> None:
        """A request with one event or several was refused as a whole, after its caller was known."""
        events = call.given.get("Events")
        rows = events if isinstance(events, list) else [call.given]
        for row in rows[:MOST_OF_BATCH]:
            self.refused_one(row, answer.body["Errors"], call)

    def refused_one(self, given: Any, errors: list[Document], call: Call) -> None:
        """One event was refused."""
        row = {str(name).lower(): value for name, value in given.items()} if isinstance(given, dict) else {}
        text = partial(_refused, row, errors, _circumstances(call))
        self._services.teller.tell(Notice(self._scope(row, call), True, text))

    def verdict(self, item: Admitted | Refusal, result: Outcome | Refusal, given: Any, call: Call) -> None:
        """One event of a batch was taken, or refused."""
        if isinstance(result, Refusal):
            self.refused_one(given, result.envelope()["Errors"], call)
        elif isinstance(item, Admitted):
            self.settled(item, result, given)

    def leave_out(self, items: Iterable[Admitted]) -> None:
        """Events were taken that are not told of one by one."""
        for scope, events in Counter(item.event.scope for item in items).items():
            self._services.teller.leave_out(scope, events)

    async def newest(self, scope: str) -> list[tuple[str, str]]:
        """The newest stored events of a scope, each with its ``_id``, the newest last.

        Raises:
            StoreAway: MongoDB is.
            Cut: it takes longer than somebody would wait.
        """
        everything = Selection(scope, _EARLIEST, self._services.clock() + _TOMORROW, bots=True)
        found = await self._services.store.questions.newest(everything, NEWEST, _SECONDS)
        return [(stored.event.id, _text(_shown(stored, "stored"))) for stored in reversed(found)]

    def _scope(self, row: Document, call: Call) -> str:
        """Whose it would have been: the list's that it names, if that is the caller's, or the key's own; else all of
        the caller's lists show it."""
        key, caller = call.who.key, call.who
        named = row.get("listid") or call.given.get("ListID")
        if key and (key.trust == "public" or (named is None and key.list_id is not None)):
            return list_scope(key.list_id or 0)
        if named is None:
            return user_scope(caller.user.id)
        list_id = list_number(named)
        owned = list_id is not None and self._services.directory.owns(list_id, caller)
        return list_scope(list_id or 0) if owned else anywhere(caller.user.id)


def anywhere(user_id: int) -> str:
    """The scope of what all lists of a user show: that it names none of them is what is wrong with it."""
    return f"{user_scope(user_id)}?"


def _settled(event: Event, outcome: str, sent: Mapping[str, Any]) -> str:
    stored = Stored(event, None, False, BOT in event.marks, event.agent or {})
    return _text(_shown(stored, outcome) | {"Warnings": _warnings(event, sent)})


def _shown(stored: Stored, outcome: str) -> Document:
    """An event with its outcome. One that is not stored, or was before, has a key of its own."""
    row = shown(stored)
    row["Properties"], row["Cut"] = _capped(row["Properties"])
    key = row["Key"] if outcome == "stored" else _new_key()
    warnings = ["origin unknown"] if row["OriginUnknown"] else []
    return row | {"Key": key, "Outcome": outcome, "Errors": [], "Warnings": warnings, "Origin": None}


def _warnings(event: Event, sent: Mapping[str, Any]) -> list[str]:
    """What was taken otherwise than it may have been meant."""
    by_lower = {name.lower(): value for name, value in sent.items()}
    found = placeholders({name: by_lower.get(name.lower()) for name in ("Email", "ID", "UUID")})
    warnings = [f"placeholder in {name}" for name in found]
    if ORIGIN_UNKNOWN in event.marks:
        warnings.append("origin unknown")
    if event.trust == "public" and event.time == event.received - OLDEST_CLAIM:
        warnings.append("Timestamp older than 7 days")
    return warnings


def _circumstances(call: Call) -> Document:
    """What of a request is shown with an event of it: no more of it is kept until then."""
    key, request = call.who.key, call.request
    public = call.who.trust == "public"
    return {
        "Time": iso(call.received),
        "Received": iso(call.received),
        "Trust": call.who.trust,
        "KeyPrefix": key.prefix if key else None,
        "OriginUnknown": ORIGIN_UNKNOWN in call.marks,
        "Origin": _short(page_origin(request.origin, request.referer)) if public and request else None,
    }


def _refused(row: Document, errors: list[Document], circumstances: Document) -> str:
    """What was sent, as far as it can be shown: nothing of it has been checked."""
    properties, cut = _capped(row.get("properties"))
    given = {name: _short(row.get(name.lower())) for name in ("Event", "EventID", "UUID", "Email", "ID")}
    unknown = {"Subscriber": None, "Agent": None, "Bot": False, "Automatic": False}
    verdict = {"Outcome": "refused", "Errors": errors, "Warnings": []}
    shown_row = {"Key": _new_key(), **given, **circumstances, **unknown, "Properties": properties, "Cut": cut}
    return _text(shown_row | verdict)


def _capped(properties: Any) -> tuple[Document, bool]:
    """Properties as far as there is room for them, long values as texts that are cut; whether anything is missing."""
    if not isinstance(properties, Mapping):
        return ({} if properties is None else {"": _short(properties)}), False
    kept: Document = {}
    room, cut = _MOST_PROPERTIES, False
    for name, value in properties.items():
        text = _json(value)
        long = len(text) > _LONGEST_TEXT * 2
        kept[name] = _ended(value if isinstance(value, str) else text) if long else value
        cut |= long
        room -= len(name) + min(len(text), _LONGEST_TEXT)
        if room < 0:
            del kept[name]
            return kept, True
    return kept, cut


def _short(value: Any) -> str | None:
    if value is None:
        return None
    return _ended(value if isinstance(value, str) else _json(value))


def _ended(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _json(value: Any) -> str:
    """The value as JSON; integers of any size, which nobody has checked."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        return "…"


def _text(row: Document) -> str:
    return _TOKEN.sub(r"\1…", _json(row))


def _new_key() -> str:
    return f"live:{secrets.token_hex(8)}"
