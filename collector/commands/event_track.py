"""``event.track``: one event, durable before it is answered (section 5 of the contract)."""

from __future__ import annotations

from dataclasses import replace

from collector.commands.call import Answer, Call, Services
from collector.errors import Fault, Refusal
from collector.ingest.admission import Admitted
from collector.model import Caller, Document, Event, MailingList, Outcome
from collector.storage.events import Unstorable


class EventTrack:
    """The handler of ``event.track``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def check(self, call: Call, faults: set[Fault]) -> tuple[Admitted | None, set[Fault]]:
        """Admits the event and finds its list. Raises ``StoreAway`` where a list is not known from before."""
        mailing_list, unlisted = await self._list(call.given.get("ListID"), call.who)
        found, wrong = self._services.admission.read(call.given)
        if faults | unlisted | wrong:
            return None, unlisted | wrong
        return self._services.admission.admit(call.given, found, call.who, mailing_list, call.marks), set()

    async def run(self, call: Call, content: Admitted) -> Answer:
        """Stores the event, or, of a test event, only says so."""
        event = content.event
        if content.is_test:
            self._count("test")
            return _answer(event, Outcome(duplicate=False, identified=False))
        outcome = await self._stored(self._claiming(event, call))
        self._count("duplicate" if outcome.duplicate else "stored")
        if event.trust == "public" and event.email is not None and not outcome.duplicate:
            outcome = Outcome(duplicate=False, identified=True)  # new or not: the answer gives nothing away (section 3)
        return _answer(event, outcome)

    async def _list(self, given: object, caller: Caller) -> tuple[MailingList | None, set[Fault]]:
        """The list that an event is for; fault 4 where it is not the caller's, or not a public key's own."""
        bound = caller.key.list_id if caller.key else None
        if given is None:
            return (await self._services.directory.list_of(bound, caller) if bound is not None else None), set()
        list_id = list_number(given)
        foreign = caller.trust == "public" and list_id != bound
        found = None if list_id is None or foreign else await self._services.directory.list_of(list_id, caller)
        return found, (set() if found else {Fault.INVALID_LIST})

    def _claiming(self, event: Event, call: Call) -> Event:
        """The event without its claim, where a client has claimed too many addresses already (section 8)."""
        if event.trust == "secret" or event.email is None:
            return event
        most = self._services.settings.public_emails
        if self._services.limits.new_email(call.client, event.email, most):
            return event
        return replace(event, email=None)

    async def _stored(self, event: Event) -> Outcome:
        try:
            return await self._services.writer.write(event)
        except Unstorable as error:
            raise Refusal(Fault.INVALID_PROPERTIES) from error

    def _count(self, outcome: str) -> None:
        self._services.metrics.events.labels(outcome).inc()


def list_number(value: object) -> int | None:
    """A ``ListID`` that fits the schema as a number; None for one that does not."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 < value < 2**63 else None
    if isinstance(value, float):
        return list_number(int(value)) if value.is_integer() else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return list_number(int(value))
    return None


def _answer(event: Event, outcome: Outcome) -> Answer:
    body: Document = {
        "status": "success",
        "uuid": event.visitor,
        "external_id": event.external_id,
        "identify_event_sent": outcome.identified,
    }
    return Answer(200, body | ({"duplicate": True} if outcome.duplicate else {}))
