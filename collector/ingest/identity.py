"""Whom each event of a group belongs to, asked and claimed in MongoDB as a set (section 5 of the contract).

The identities decide: an address or ``ID`` that is claimed names one subscriber for good. A new subscriber's id is made
of the identity that made it, so that two collectors that meet the same new address at one moment make the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cachetools import LRUCache

from collector.ingest.claims import Tie, claimed_by_public, email_of, first_of, named, plan, ties
from collector.ingest.persons import Persons
from collector.model import Event
from collector.storage.events import Events, event_of
from collector.storage.guard import StoreAway
from collector.storage.identities import Identities, Identity, kind_of

_ROUNDS = 10
_MOST_REMEMBERED = 20_000


class Resolver:
    """Ties events to subscribers.

    Args:
        identities: what is claimed.
        stored: the events, asked whether an address was announced.
        persons: makes the ids of new subscribers.
    """

    def __init__(self, identities: Identities, stored: Events, persons: Persons) -> None:
        self._identities = identities
        self._stored = stored
        self._persons = persons
        self._settled: LRUCache[str, Identity] = LRUCache(_MOST_REMEMBERED)

    async def resolve(self, events: Sequence[Event]) -> list[Tie]:
        """A tie an event, in order. The number of round trips does not grow with the group.

        Raises:
            StoreAway: MongoDB is.
        """
        keys = named(events)
        if not keys:
            return [Tie(event) for event in events]
        known = await self._find(keys, claimed_by_public(events))
        events = await self._as_first_sent(events, known)
        naming = [event for event in events if event.names_somebody]
        known = await self._claimed(naming, known)
        await self._adopt(naming, known)
        return ties(events, known, self._persons)

    async def _find(self, keys: set[str], asked: set[str]) -> dict[str, Identity]:
        """The identities that are known; of those in ``asked`` MongoDB is asked although they are remembered."""
        known = {key: self._settled[key] for key in keys - asked if key in self._settled}
        if unknown := keys - known.keys():
            found = await self._identities.find(unknown)
            self._settled.update({key: identity for key, identity in found.items() if _is_final(key, identity)})
            known |= found
        return known

    async def _as_first_sent(self, events: Sequence[Event], known: dict[str, Identity]) -> list[Event]:
        """The events, those of a repeated EventID as they were the first time: a repetition claims nothing of its own.

        MongoDB is asked about those alone that would claim; of claims with a public key always, so that nothing tells.
        """
        first: dict[str, Event] = {}
        for event in events:
            first.setdefault(event.id, event)
        doubtful = [
            event.id
            for event in first.values()
            if event.event_id
            and event.names_somebody
            and (event.trust == "public" or not named([event]) <= known.keys())
        ]
        rows = await self._stored.get(doubtful) if doubtful else {}
        return [event_of(rows[event.id]) if event.id in rows else first[event.id] for event in events]

    async def _claimed(self, events: Sequence[Event], known: dict[str, Identity]) -> dict[str, Identity]:
        """All of the group's identities, the new ones claimed. Who loses a claim to another collector plans again."""
        # A claim with a public key is written whether or not the address is known, so that nothing tells which.
        forced = claimed_by_public(events)
        keys = named(events)
        for _ in range(_ROUNDS):
            if not forced and keys <= known.keys():
                return known
            await self._claim(events, known, forced)
            forced = set()
            known = await self._identities.find(keys)
        raise StoreAway("identities are claimed faster than they can be read")

    async def _claim(self, events: Sequence[Event], known: dict[str, Identity], forced: set[str]) -> None:
        claims = plan(events, known, self._persons)
        ids = {key: claim for key, claim in claims.items() if kind_of(key) == "id"}
        addresses = {key: claim for key, claim in claims.items() if key not in ids}
        addresses |= {key: known[key] for key in forced & known.keys()}
        if ids:
            # IDs first: were one lost to another collector, the address may have to follow it.
            await self._identities.claim(ids)
            won = await self._identities.find(ids)
            if any(_lost(won[key], claim) for key, claim in ids.items()):
                return
        if addresses:
            await self._identities.claim(addresses)

    async def _adopt(self, events: Sequence[Event], known: dict[str, Identity]) -> None:
        """An address whose first event never came, since its collector died in between, is announced after all: by the
        first event here that names it."""
        heirs: dict[str, Event] = {}
        for event in events:
            key = email_of(event)
            if key and not known[key].settled:
                heirs.setdefault(key, event)
        heirs = {key: event for key, event in heirs.items() if known[key].first != first_of(event, self._persons)}
        if heirs:
            await self._take_over(heirs, known)

    async def _take_over(self, heirs: dict[str, Event], known: dict[str, Identity]) -> None:
        there = await self._stored.get(str(known[key].first) for key in heirs)
        for key, event in heirs.items():
            dead = str(known[key].first)
            # An EventID may have been used again, with another address.
            if dead in there and there[dead].get("email") == event.email:
                continue
            first = first_of(event, self._persons)
            await self._identities.take_over(key, dead, first)
            known[key] = replace(known[key], first=first)


def _is_final(key: str, identity: Identity) -> bool:
    """Whether nothing about an identity changes any more: what it names never does."""
    return identity.settled and identity.verified and (kind_of(key) == "email" or identity.address is not None)


def _lost(won: Identity, claim: Identity) -> bool:
    return (won.subscriber, won.address) != (claim.subscriber, claim.address)
