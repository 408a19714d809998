"""What ``event.track`` and ``event.batch`` share: reading an event, limiting its claims, storing, answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from collector.commands.call import Call, Services
from collector.errors import Fault, Refusal
from collector.ingest.admission import Admitted, Sent
from collector.ingest.pending import Pending, Result
from collector.model import Caller, Document, Event, MailingList, Outcome
from collector.storage.events import Unstorable

Listed = tuple[MailingList | None, set[Fault]]
_NONE: set[Fault] = set()
_TEST = Outcome(duplicate=False, identified=False)


class Tracking:
    """Makes events of parameters, and stores them.

    Args:
        services: what commands are made of.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def admitted(
        self, given: Document, faults: set[Fault], call: Call, found: Listed
    ) -> tuple[Admitted | None, set[Fault]]:
        """The event of parameters, or all that is wrong with them beyond ``faults``, which the schema found.

        Args:
            found: what ``listed`` says of its ``ListID``.
        """
        mailing_list, unlisted = found
        values, wrong = self._services.admission.read(given)
        if faults or unlisted or wrong:
            return None, unlisted | wrong
        sent = Sent(call.who, mailing_list, call.marks, call.received, call.agent)
        return self._services.admission.admit(given, values, sent), _NONE

    async def stored(self, admitted: Sequence[Admitted], call: Call) -> list[Result]:
        """Stores events, test events aside, and says what became of each as the caller may know it, in order."""
        claiming = await self._claiming([item.event for item in admitted if not item.is_test], call)
        encoded = [_encoded(event) for event in claiming]
        stored = iter(await self._services.writer.write_many([item for item in encoded if isinstance(item, Pending)]))
        results = iter([next(stored) if isinstance(item, Pending) else item for item in encoded])
        self._services.metrics.became("test", len(admitted) - len(claiming))
        return [_TEST if item.is_test else _told(item.event, next(results)) for item in admitted]

    async def listed(self, given: object, caller: Caller) -> Listed:
        """The list that an event is for; fault 4 where it is not the caller's, or not a public key's own.

        Raises:
            StoreAway: it is not known from before.
        """
        bound = caller.key.list_id if caller.key else None
        if given is None:
            return (await self._services.directory.list_of(bound, caller) if bound is not None else None), set()
        list_id = list_number(given)
        foreign = caller.trust == "public" and list_id != bound
        found = None if list_id is None or foreign else await self._services.directory.list_of(list_id, caller)
        return found, (set() if found else {Fault.INVALID_LIST})

    async def _claiming(self, events: list[Event], call: Call) -> list[Event]:
        """The events, without their claim where a client has claimed too many addresses already (section 8)."""
        claims = [event.email for event in events if event.trust == "public" and event.email is not None]
        if not claims:
            return events
        most = self._services.settings.public_emails
        free = await self._services.limits.new_emails(call.client, claims, most)
        return [
            event if event.trust == "secret" or event.email in free else replace(event, email=None) for event in events
        ]


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


def success(event: Event, outcome: Outcome) -> Document:
    """The answer to an event that was taken (section 5)."""
    body: Document = {
        "status": "success",
        "uuid": event.visitor,
        "external_id": event.external_id,
        "identify_event_sent": outcome.identified,
    }
    return body | ({"duplicate": True} if outcome.duplicate else {})


def _encoded(event: Event) -> Pending | Refusal:
    try:
        return Pending.of(event)
    except Unstorable:
        return Refusal(Fault.INVALID_PROPERTIES)


def _told(event: Event, result: Result) -> Result:
    """With a public key an address is new or not: the answer gives nothing away (section 3)."""
    if event.trust == "public" and event.email is not None and isinstance(result, Outcome) and not result.duplicate:
        return Outcome(duplicate=False, identified=True)
    return result
