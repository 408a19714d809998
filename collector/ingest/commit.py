"""Storing a group of events: the steps, each as a set, in the order in which a crash between any two loses nothing.

1. whom each event belongs to: identities found and claimed (``identity``)
2. the events, with the automatic identifies of new addresses, in one ``insert_many``: here they become durable
3. which of them were there already, and whether by this collector's own retry
4. what follows from them: visitors, subscribers, the catalog (``aftermath``)
5. identities settled: all that their first event brings is there

Until 5, whoever meets the identity again does 2 to 4 again; every step is idempotent.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from collector.catalog.learner import Learner
from collector.errors import Fault, Refusal
from collector.ingest.aftermath import subscriber_changes, visitor_changes
from collector.ingest.claims import Tie, email_of
from collector.ingest.identity import Resolver
from collector.metrics import Metrics
from collector.model import Document, Event, Outcome
from collector.storage.connection import Store
from collector.storage.events import encode, event_of, extended


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that waits to be stored, and its BSON."""

    event: Event
    encoded: bytes

    @classmethod
    def of(cls, event: Event) -> Pending:
        """Encodes the event alone, so that one that BSON refuses costs no other.

        Raises:
            Unstorable: BSON refuses it.
        """
        return cls(event, encode(event))


@dataclass(slots=True)
class _Entry:
    """An event on its way through the steps: its number, and what is stored of it."""

    pending: Pending
    tie: Tie
    seq: int
    stored: Event
    duplicate: bool = False
    refused: bool = False
    identified: bool = False


class Committer:
    """Stores groups of events.

    Args:
        store: where.
        resolver: whom they belong to.
        learner: keeps the catalog.
        metrics: what is counted.
    """

    def __init__(self, store: Store, resolver: Resolver, learner: Learner, metrics: Metrics) -> None:
        self._store = store
        self._resolver = resolver
        self._learner = learner
        self._metrics = metrics
        self.writer = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    async def commit(self, group: Sequence[Pending]) -> list[Outcome | Refusal]:
        """Stores a group and returns what became of each, in order.

        Raises:
            StoreAway: it is unknown which of them are stored.
        """
        ties = await self._resolver.resolve([pending.event for pending in group])
        entries = [
            _Entry(pending, tie, next(self._numbers), pending.event) for pending, tie in zip(group, ties, strict=True)
        ]
        await self._insert(entries)
        kept = [entry for entry in entries if not entry.refused]
        await self._follow(kept)
        return [self._outcome(entry) for entry in entries]

    async def _insert(self, entries: list[_Entry]) -> None:
        documents = [self._document(entry) for entry in entries]
        beside = [(entry, extra) for entry in entries if (extra := self._identify(entry)) is not None]
        there, refused = await self._store.events.insert(documents + [extra for _, extra in beside])
        for place, (entry, _) in enumerate(beside, start=len(documents)):
            entry.identified = place not in there and place not in refused
            self._metrics.identifies.inc(entry.identified)
        for place in refused & set(range(len(entries))):
            entries[place].refused = True
        await self._meet_again([entries[place] for place in sorted(there) if place < len(entries)])

    async def _meet_again(self, entries: list[_Entry]) -> None:
        """Events that were there: the stored one counts, and a retry of this collector's own write is no repetition."""
        if not entries:
            return
        rows = await self._store.events.get(entry.pending.event.id for entry in entries)
        for entry in entries:
            row = rows.get(entry.pending.event.id)
            if row is None:  # ended by its retention just now
                entry.duplicate = True
                continue
            entry.duplicate = (row["writer"], row["seq"]) != (self.writer, entry.seq)
            entry.stored = event_of(row)
            if row.get("subscriber") != entry.tie.subscriber:
                entry.tie = Tie(subscriber=row.get("subscriber"))

    def _document(self, entry: _Entry) -> bytes:
        extra: Document = {"writer": self.writer, "seq": entry.seq}
        if entry.tie.subscriber is not None:
            extra["subscriber"] = entry.tie.subscriber
        if entry.tie.conflict is not None:
            extra["conflict"] = entry.tie.conflict
            self._metrics.conflicts.inc()
        return extended(entry.pending.encoded, extra)

    def _identify(self, entry: _Entry) -> bytes | None:
        """The identify to be stored beside an event with a new address.

        With a public key one is written for a known address as well, under the event's own ``_id`` which is taken, so
        that the same writes are issued for both.
        """
        event = entry.pending.event
        announced = entry.tie.announce or (event.id if event.trust == "public" and event.email else None)
        if announced is None:
            return None
        automatic = replace(
            event, id=announced, name="identify", properties={}, external_id=None, event_id=None, marks=()
        )
        extra = {"automatic": True, "subscriber": entry.tie.subscriber, "writer": self.writer, "seq": 0}
        return extended(encode(automatic), extra)

    async def _follow(self, entries: list[_Entry]) -> None:
        events, ties = [entry.stored for entry in entries], [entry.tie for entry in entries]
        await asyncio.gather(
            self._store.visitors.change(visitor_changes(events, ties)),
            self._store.subscribers.change(subscriber_changes(events, ties)),
            self._learner.learn(events),
        )
        unsettled = {key for tie in ties for key in tie.unsettled}
        unsettled |= {key for event in events if event.trust == "public" and (key := email_of(event))}
        if unsettled:
            await self._store.identities.settle(unsettled)
        if unverified := {key for tie in ties for key in tie.unverified}:
            await self._store.identities.verify(unverified)

    @staticmethod
    def _outcome(entry: _Entry) -> Outcome | Refusal:
        if entry.refused:
            return Refusal(Fault.INVALID_PROPERTIES)
        explicit = entry.pending.event.identifies
        return Outcome(entry.duplicate, not entry.duplicate and (explicit or entry.identified))
