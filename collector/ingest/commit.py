"""Storing a group of events: the steps, each as a set, in the order in which a crash between any two loses nothing.

1. whom each event belongs to: identities found and claimed (``identity``)
2. the events, behind the automatic identifies of new addresses, in one ``insert_many``: here they become durable
3. which of them were there already, and whether by this collector's own retry
4. what follows from them: visitors, subscribers, the catalog (``aftermath``)
5. identities settled: all that their first event brings is there

Until 5, whoever meets the identity again announces it, and makes its subscriber; an event that is sent again has its 4
made again. Every step is idempotent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from collector.catalog.learner import Learner
from collector.catalog.ledger import Ledger
from collector.errors import Fault, Refusal
from collector.ingest.aftermath import begins_link, subscriber_changes, visitor_changes
from collector.ingest.claims import Tie, email_of
from collector.ingest.identity import Resolver
from collector.ingest.pending import Pending
from collector.metrics import Metrics
from collector.model import Document, Outcome
from collector.storage.connection import Store
from collector.storage.events import encode, event_of, extended


@dataclass(slots=True)
class _Entry:
    """An event on its way through the steps."""

    pending: Pending
    tie: Tie
    duplicate: bool = False
    refused: bool = False


class Committer:
    """Stores groups of events.

    Args:
        store: where.
        resolver: whom they belong to.
        learner: keeps the names of the catalog.
        ledger: gives the numbers under which it counts.
        metrics: what is counted.
    """

    def __init__(self, store: Store, resolver: Resolver, learner: Learner, ledger: Ledger, metrics: Metrics) -> None:
        self._store = store
        self._resolver = resolver
        self._learner = learner
        self._ledger = ledger
        self._metrics = metrics

    async def commit(self, group: Sequence[Pending]) -> list[Outcome | Refusal]:
        """Stores a group and returns what became of each, in order.

        Raises:
            StoreAway: it is unknown which of them are stored.
        """
        ties = await self._resolver.resolve([pending.event for pending in group])
        entries = [_Entry(pending, tie) for pending, tie in zip(group, ties, strict=True)]
        await self._insert(entries)
        await self._follow([entry.tie for entry in entries if not entry.refused])
        return [self._outcome(entry) for entry in entries]

    async def _insert(self, entries: list[_Entry]) -> None:
        """Stores identifies, then events, then decoys: a mongod that dies on the way has stored those that come first,
        and so never an event without the identify of its address, nor a decoy in the place of its event."""
        self._number(entries)
        announcing = [entry for entry in entries if entry.tie.announce]
        documents = [self._identify(entry.tie, str(entry.tie.announce)) for entry in announcing]
        documents += [self._document(entry) for entry in entries]
        documents += [self._identify(entry.tie, entry.tie.event.id) for entry in entries if _needs_decoy(entry.tie)]
        there, refused = await self._store.events.insert(documents)
        for place, entry in enumerate(announcing):
            stored = place not in there and place not in refused
            entry.pending.identified |= stored
            self._metrics.identifies.inc(stored)
        known: list[_Entry] = []
        for place, entry in enumerate(entries, start=len(announcing)):
            entry.refused = place in refused
            if place in there:
                known.append(entry)
            elif entry.tie.conflict is not None:
                self._metrics.conflicts.inc()
        await self._meet_again(known)

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
            entry.duplicate = (row["writer"], row["seq"]) not in (entry.pending.number, entry.pending.before)
            stored = event_of(row)
            if row.get("subscriber") == entry.tie.subscriber:
                entry.tie.event = stored
            else:
                entry.tie = Tie(stored, row.get("subscriber"))

    def _number(self, entries: list[_Entry]) -> None:
        """Gives those a number that have none."""
        fresh = [entry.pending for entry in entries if entry.pending.number is None]
        writer = self._ledger.writer
        for pending, seq in zip(fresh, self._ledger.take(len(fresh)), strict=True):
            pending.number = (writer, seq)

    @staticmethod
    def _document(entry: _Entry) -> bytes:
        assert entry.pending.number is not None
        writer, seq = entry.pending.number
        extra: Document = {"writer": writer, "seq": seq}
        if entry.tie.subscriber is not None:
            extra["subscriber"] = entry.tie.subscriber
        if entry.tie.conflict is not None:
            extra["conflict"] = entry.tie.conflict
        return extended(entry.pending.encoded, extra)

    def _identify(self, tie: Tie, announced: str) -> bytes:
        """The automatic identify of an event, which is to be stored as ``announced``."""
        automatic = replace(
            tie.event,
            id=announced,
            name="identify",
            properties={},
            external_id=None,
            event_id=None,
            marks=(),
            agent=None,
        )
        return extended(
            encode(automatic),
            {"automatic": True, "subscriber": tie.subscriber, "writer": self._ledger.writer, "seq": 0},
        )

    async def _follow(self, ties: list[Tie]) -> None:
        await asyncio.gather(
            self._link(ties),
            self._store.subscribers.change(subscriber_changes(ties)),
            self._learner.learn([tie.event for tie in ties]),
        )
        if unverified := {key for tie in ties for key in tie.unverified}:
            await self._store.identities.verify(unverified)
        if claimed := {key for tie in ties if tie.event.trust == "public" and (key := email_of(tie.event))}:
            await self._store.identities.settle(claimed)

    async def _link(self, ties: list[Tie]) -> None:
        """Links visitors. Where a late event has split a link, the next that names another ends what it has begun:
        asked of the events after the link is written, so that of two collectors one sees the other's."""
        while ties:
            visitors = await self._store.visitors.change(visitor_changes(ties))
            begun = [(tie.event, str(tie.subscriber)) for tie in ties if begins_link(tie, visitors)]
            rows = await self._store.events.next_of_another(begun) if begun else []
            following = [Tie(event_of(row), row["subscriber"]) for row in rows]
            ties = [tie for tie in following if not begins_link(tie, visitors)]

    @staticmethod
    def _outcome(entry: _Entry) -> Outcome | Refusal:
        if entry.refused:
            return Refusal(Fault.INVALID_PROPERTIES)
        explicit = entry.pending.event.identifies
        return Outcome(entry.duplicate, not entry.duplicate and (explicit or entry.pending.identified))


def _needs_decoy(tie: Tie) -> bool:
    """With a public key an identify is written for a known address as well, under the event's own ``_id`` which is
    taken by then, so that the same writes are issued for both."""
    return tie.announce is None and tie.event.trust == "public" and tie.event.email is not None
