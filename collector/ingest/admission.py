"""Admitting an event: from parameters that fit the schema to an ``Event``, or to all that is wrong with them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collector.errors import Fault
from collector.ingest.agents import Agent
from collector.ingest.checks import check_properties, read_email
from collector.ingest.persons import Persons
from collector.ingest.times import claimed, corrected, read_time
from collector.model import BOT, Caller, Document, Event, MailingList, Trust, list_scope, user_scope
from collector.storage.events import day_end
from collector.storage.identities import email_key, id_key

_SHORT = 64
_NOT_A_TEST = ("", "0", "false")


TEST_FLAG = "isTest"
BOT_FLAG = "$bot"
"""What the browser SDK sends where a program drives the browser (``navigator.webdriver``)."""


@dataclass(frozen=True, slots=True)
class Values:
    """What was read out of parameters: an address in its compared form, moments in UTC, properties without the flag."""

    email: str | None
    timestamp: datetime | None
    sent_at: datetime | None
    properties: Document
    is_test: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """How an event came: by whom, into which list (None: into none), with which marks, when (in UTC), and what a page's
    user agent tells."""

    caller: Caller
    mailing_list: MailingList | None
    marks: tuple[str, ...]
    received: datetime
    agent: Agent | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that may be tracked, and whether it is only a test, which is answered and forgotten."""

    event: Event
    is_test: bool


class Admission:
    """Makes events of parameters.

    Args:
        persons: makes a person's own uuid.
    """

    def __init__(self, persons: Persons) -> None:
        self._persons = persons

    def read(self, given: Document) -> tuple[Values, set[Fault]]:
        """Reads the values that a schema cannot judge, and says which are wrong. What is no value of its type at all
        is the schema's to report."""
        faults: set[Fault] = set()
        email = _attempt(read_email, given.get("Email"), Fault.INVALID_EMAIL, faults)
        timestamp = _attempt(read_time, given.get("Timestamp"), Fault.INVALID_TIMESTAMP, faults)
        sent_at = _attempt(read_time, given.get("SentAt"), Fault.INVALID_TIMESTAMP, faults)
        properties = given.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        kept = {name: value for name, value in properties.items() if name != TEST_FLAG}
        _attempt(check_properties, kept, Fault.INVALID_PROPERTIES, faults)
        return Values(email, timestamp, sent_at, kept, _marks_test(properties.get(TEST_FLAG))), faults

    def admit(self, given: Document, values: Values, sent: Sent) -> Admitted:
        """The event of parameters in which nothing is wrong."""
        caller, received, trust = sent.caller, sent.received, sent.caller.trust
        scope = list_scope(sent.mailing_list.id) if sent.mailing_list else user_scope(caller.user.id)
        external_id = _text_of(given.get("ID"))
        visitor = given.get("UUID") or self._visitor(caller, scope, values.email, external_id)
        event = Event(
            id=event_key(scope, trust, visitor, given.get("EventID"), received),
            scope=scope,
            user_id=caller.user.id,
            list_id=sent.mailing_list.id if sent.mailing_list else None,
            name=given["Event"],
            properties=values.properties,
            visitor=visitor,
            time=_happened(values, trust, received),
            received=received,
            trust=trust,
            email=values.email,
            external_id=external_id,
            event_id=given.get("EventID"),
            timestamp=given.get("Timestamp"),
            sent_at=given.get("SentAt"),
            key=caller.key.prefix if caller.key else None,
            expire_at=_expiry(sent.mailing_list, received),
            marks=(*sent.marks, BOT) if _is_bot(values.properties, sent.agent) else sent.marks,
            agent=sent.agent.fields if sent.agent else None,
        )
        return Admitted(event, values.is_test)

    def _visitor(self, caller: Caller, scope: str, email: str | None, external_id: str | None) -> str:
        """The UUID of an event that came without one; a public key never learns a person's (section 3)."""
        if caller.trust == "public" or (email is None and external_id is None):
            return self._persons.fresh()
        identity = email_key(scope, email) if email is not None else id_key(scope, str(external_id))
        return self._persons.by_identity(identity)


def _happened(values: Values, trust: Trust, received: datetime) -> datetime:
    moment = corrected(values.timestamp, values.sent_at, received)
    return claimed(moment, received) if trust == "public" else moment


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


def _marks_test(flag: Any) -> bool:
    """Whether ``Properties.isTest`` makes a test event: unless it is one of the ways to say no (section 5)."""
    return flag is not None and flag != 0 and flag not in _NOT_A_TEST


def _is_bot(properties: Document, agent: Agent | None) -> bool:
    return properties.get(BOT_FLAG) is True or (agent is not None and agent.bot)


def _text_of(external_id: Any) -> str | None:
    """An ``ID`` as it is compared: exactly, an integer as its decimal text."""
    if isinstance(external_id, float):
        external_id = int(external_id)  # the schema lets 5.0 pass for an integer
    return None if external_id is None else str(external_id)


def _attempt(read: Callable[[Any], Any], value: Any, fault: Fault, faults: set[Fault]) -> Any:
    if value is None:
        return None
    try:
        return read(value)
    except (ValueError, TypeError, AttributeError):
        faults.add(fault)
        return None
