"""Admitting an event: from parameters that fit the schema to an ``Event``, or to all that is wrong with them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from collector.errors import Fault
from collector.ingest.checks import check_properties, read_email
from collector.ingest.persons import Persons
from collector.ingest.times import claimed, corrected, read_time
from collector.model import Caller, Document, Event, MailingList, list_scope, user_scope
from collector.storage.events import day_end
from collector.storage.identities import email_key, id_key

Clock = Callable[[], datetime]

_SHORT = 64
_NOT_A_TEST = ("", "0", "false")


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that may be tracked, and whether it is only a test, which is answered and forgotten."""

    event: Event
    is_test: bool


class Admission:
    """Makes events of parameters.

    Args:
        persons: makes a person's own uuid.
        clock: the time now, in UTC.
    """

    def __init__(self, persons: Persons, clock: Clock) -> None:
        self._persons = persons
        self._clock = clock

    def admit(
        self, given: Document, caller: Caller, mailing_list: MailingList | None, marks: tuple[str, ...]
    ) -> tuple[Admitted | None, set[Fault]]:
        """Reads parameters that have been cleaned of what counts as not provided.

        Values of the wrong type are the schema's to report and are passed over here, so that both together name all
        that is wrong.

        Returns:
            The event, or None and the faults.
        """
        received = self._clock()
        faults: set[Fault] = set()
        email = _attempt(read_email, given.get("Email"), Fault.INVALID_EMAIL, faults)
        timestamp = _attempt(read_time, given.get("Timestamp"), Fault.INVALID_TIMESTAMP, faults)
        sent_at = _attempt(read_time, given.get("SentAt"), Fault.INVALID_TIMESTAMP, faults)
        properties, is_test = _properties(given.get("Properties"), faults)
        if faults or not isinstance(given.get("Event"), str):
            return None, faults
        moment = corrected(timestamp, sent_at, received)
        if caller.trust == "public":
            moment = claimed(moment, received)
        event = self._event(given, caller, mailing_list, email, properties, moment, received)
        return Admitted(replace(event, marks=marks) if marks else event, is_test), faults

    def _event(
        self,
        given: Document,
        caller: Caller,
        mailing_list: MailingList | None,
        email: str | None,
        properties: Document,
        time: datetime,
        received: datetime,
    ) -> Event:
        scope = list_scope(mailing_list.id) if mailing_list else user_scope(caller.user.id)
        external_id = None if given.get("ID") is None else str(given["ID"])
        visitor = given.get("UUID") or self._visitor(caller, scope, email, external_id)
        return Event(
            id=event_key(scope, caller.trust, visitor, given.get("EventID"), received),
            scope=scope,
            user_id=caller.user.id,
            list_id=mailing_list.id if mailing_list else None,
            name=given["Event"],
            properties=properties,
            visitor=visitor,
            time=time,
            received=received,
            trust=caller.trust,
            email=email,
            external_id=external_id,
            event_id=given.get("EventID"),
            timestamp=given.get("Timestamp"),
            sent_at=given.get("SentAt"),
            key=caller.key.prefix if caller.key else None,
            expire_at=_expiry(mailing_list, received),
        )

    def _visitor(self, caller: Caller, scope: str, email: str | None, external_id: str | None) -> str:
        """The UUID of an event that came without one; a public key never learns a person's (section 3)."""
        if caller.trust == "public" or (email is None and external_id is None):
            return self._persons.fresh()
        identity = email_key(scope, email) if email is not None else id_key(scope, str(external_id))
        return self._persons.by_identity(identity)


def event_key(scope: str, trust: str, visitor: str, event_id: str | None, received: datetime) -> str:
    """The ``_id`` of an event: what is stored once (section 5, ``EventID``).

    Beginning with the EventID, or with the time where there is none, keeps the index in the order of time, which is
    what makes it fast. A public key's EventID holds only together with its visitor. The letter after the scope keeps
    the kinds apart: a stranger can make up any EventID.
    """
    if event_id is None:
        return f"{scope}a{int(received.timestamp() * 1000):011x}{secrets.token_hex(8)}"
    kind = "s" if trust == "secret" else "p"
    named = f":{event_id}" if len(event_id) <= _SHORT else f"#{_digest(event_id)}"
    return f"{scope}{kind}{named}" + ("" if trust == "secret" else f":{_digest(visitor)}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _expiry(mailing_list: MailingList | None, received: datetime) -> datetime | None:
    if mailing_list is None or mailing_list.retention_days is None:
        return None
    return day_end(received) + timedelta(days=mailing_list.retention_days)


def _properties(value: Any, faults: set[Fault]) -> tuple[Document, bool]:
    """The properties without the control flag, and whether it marks a test event."""
    if not isinstance(value, dict):
        return {}, False
    properties = {name: item for name, item in value.items() if name != "isTest"}
    _attempt(check_properties, properties, Fault.INVALID_PROPERTIES, faults)
    flag = value.get("isTest")
    return properties, flag is not None and flag != 0 and flag not in _NOT_A_TEST


def _attempt(read: Callable[[Any], Any], value: Any, fault: Fault, faults: set[Fault]) -> Any:
    if value is None:
        return None
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError):
        faults.add(fault)
        return None
