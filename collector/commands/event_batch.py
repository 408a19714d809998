"""``event.batch``: many events as a set, a verdict on each (section 6 of the contract)."""

from __future__ import annotations

import asyncio
from typing import Any

from collector.commands.call import Answer, Call, Services
from collector.commands.parameters import Names, provided
from collector.commands.schemas import Schema
from collector.commands.showing import MOST_OF_BATCH, Showing
from collector.commands.tracking import Listed, Tracking, success
from collector.errors import Fault, Refusal, unavailable
from collector.ingest.admission import Admitted
from collector.ingest.pending import Result
from collector.model import Caller, Document
from collector.storage.guard import StoreAway

MOST_EVENTS = 2_000
MOST_PUBLIC_EVENTS = 100
MOST_PUBLIC_BYTES = 256 << 10
_DEFAULTS = ("ListID", "SentAt")
_AT_A_TIME = 50
"""Events that are read before others get a turn: to explain what is wrong with one takes a while."""

Read = Admitted | Refusal


class EventBatch:
    """The handler of ``event.batch``."""

    def __init__(self, services: Services) -> None:
        self._metrics = services.metrics
        self._tracking = Tracking(services)
        self._showing = Showing(services)
        self._schema = Schema("event.track")
        self._names = Names(self._schema.parameters)

    async def check(self, call: Call, faults: set[Fault]) -> tuple[list[Read], set[Fault]]:
        """Reads every event; what is wrong with one is its own verdict.

        Raises:
            Refusal: 413, too many events, or with a public key too many bytes.
        """
        events = call.given.get("Events")
        if faults or not isinstance(events, list):
            return [], {Fault.INVALID_EVENTS}
        public = call.who.trust == "public"
        if len(events) > (MOST_PUBLIC_EVENTS if public else MOST_EVENTS) or (public and call.size > MOST_PUBLIC_BYTES):
            raise Refusal(Fault.BODY_TOO_LARGE)
        defaults = {name: call.given[name] for name in _DEFAULTS if name in call.given}
        found: list[Read] = []
        lists = Lists(self._tracking, call.who)
        for number, event in enumerate(events):
            if number % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)
            found.append(await self._read(event, defaults, call, lists))
        return found, set()

    async def run(self, call: Call, content: list[Read]) -> Answer:
        """Stores what can be stored, and answers for each in order."""
        stored = iter(await self._tracking.stored([item for item in content if isinstance(item, Admitted)], call))
        results = [next(stored) if isinstance(item, Admitted) else item for item in content]
        body = [_verdict(item, result) for item, result in zip(content, results, strict=True)]
        self._show(content, results, call)
        refusals = [result for result in results if isinstance(result, Refusal)]
        self._count(refusals)
        accepted = len(body) - len(refusals)
        answer = {"status": "partial" if refusals else "success", "accepted": accepted, "results": body}
        waits = [refusal.retry_after for refusal in refusals if refusal.retry_after is not None]
        return Answer(200, answer, {"Retry-After": str(max(waits))} if waits else {})

    def _show(self, content: list[Read], results: list[Result], call: Call) -> None:
        events = call.given["Events"]
        for item, result, event in zip(content[:MOST_OF_BATCH], results, events, strict=False):
            self._showing.verdict(item, result, event, call)
        self._showing.leave_out([item for item in content[MOST_OF_BATCH:] if isinstance(item, Admitted)])

    async def _read(self, event: Any, defaults: Document, call: Call, lists: Lists) -> Read:
        if not isinstance(event, dict):
            return Refusal(Fault.INVALID_EVENTS)
        try:
            given = defaults | provided(self._names.fold(event))
            faults = self._schema.faults(given)
            admitted, more = self._tracking.admitted(given, faults, call, await lists.of(given.get("ListID")))
        except Refusal as refusal:
            return refusal
        except StoreAway:
            return unavailable()
        return admitted or Refusal(*faults | more)

    def _count(self, refusals: list[Refusal]) -> None:
        self._metrics.became("refused", len(refusals))
        for refusal in refusals:
            for fault in refusal.faults:
                self._metrics.refusals.labels(str(fault.code)).inc()


class Lists:
    """The lists that the events of a batch are for, each looked up once."""

    def __init__(self, tracking: Tracking, caller: Caller) -> None:
        self._tracking = tracking
        self._caller = caller
        self._found: dict[tuple[type, object], Listed] = {}

    async def of(self, given: object) -> Listed:
        """As ``Tracking.listed``."""
        name = (type(given), given if isinstance(given, int | str | None) else None)
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = await self._tracking.listed(given, self._caller)
        return found


def events_in(given: Document) -> int:
    """How many events a batch brings; one where it is none, so that it counts as something."""
    events = given.get("Events")
    return len(events) if isinstance(events, list) and events else 1


def _verdict(item: Read, result: Result) -> Document:
    if isinstance(item, Refusal):
        return _failure(item)
    return _failure(result) if isinstance(result, Refusal) else success(item.event, result)


def _failure(refusal: Refusal) -> Document:
    return {"status": "error", **refusal.envelope()}
