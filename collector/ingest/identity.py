"""Whom each event of a group belongs to, asked and claimed in MongoDB as a set (section 5 of the contract).

The identities decide: an address or ``ID`` that is claimed names one subscriber for good. A new subscriber's id is made
of the identity that made it, so that two collectors that meet the same new address at one moment make the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from collector.ingest.claims import Tie, automatic_id, email_of, id_of, plan, ties
from collector.ingest.persons import Persons
from collector.model import Event
from collector.storage.events import Events
from collector.storage.guard import StoreAway
from collector.storage.identities import Identities, Identity, kind_of

_ROUNDS = 10


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

    async def resolve(self, events: Sequence[Event]) -> list[Tie]:
        """A tie an event, in order. The number of round trips does not grow with the group.

        Raises:
            StoreAway: MongoDB is.
        """
        keys = {key for event in events for key in (email_of(event), id_of(event)) if key}
        if not keys:
            return [Tie() for _ in events]
        known = await self._claimed(events, keys)
        await self._adopt(events, known)
        return ties(events, known, self._persons)

    async def _claimed(self, events: Sequence[Event], keys: set[str]) -> dict[str, Identity]:
        """All of the group's identities, the new ones claimed. Who loses a claim to another collector plans again."""
        # A claim with a public key is written whether or not the address is known, so that nothing tells which.
        forced = {key for event in events if event.trust == "public" and (key := email_of(event))}
        for _ in range(_ROUNDS):
            known = await self._identities.find(keys)
            if not forced and keys <= known.keys():
                return known
            await self._claim(events, known, forced)
            forced = set()
        raise StoreAway("identities are claimed faster than they can be read")

    async def _claim(self, events: Sequence[Event], known: dict[str, Identity], forced: set[str]) -> None:
        claims = plan(events, known, await self._having_address(events, known), self._persons)
        ids = {key: claim for key, claim in claims.items() if kind_of(key) == "id"}
        addresses = {key: claim for key, claim in claims.items() if key not in ids}
        addresses |= {key: known[key] for key in forced & known.keys()}
        if ids:
            # IDs first: were one lost to another collector, the address may have to follow it.
            await self._identities.claim(ids)
            won = await self._identities.find(ids)
            if any(won[key].subscriber != claim.subscriber for key, claim in ids.items()):
                return
        if addresses:
            await self._identities.claim(addresses)

    async def _having_address(self, events: Sequence[Event], known: dict[str, Identity]) -> set[str]:
        """Of the subscribers that could gain an address (rule 4), those that have one."""
        gaining = {
            known[external].subscriber
            for event in events
            if (external := id_of(event)) in known and (address := email_of(event)) and address not in known
        }
        return await self._identities.with_address(gaining) if gaining else set()

    async def _adopt(self, events: Sequence[Event], known: dict[str, Identity]) -> None:
        """An address whose first event was an explicit identify that never came gets its automatic one after all:
        its collector died in between."""
        ours = {event.id for event in events}
        missing: dict[str, Event] = {}
        for event in events:
            key = email_of(event)
            if key and not known[key].settled and known[key].first not in ours:
                automatic = automatic_id(event.scope, event.email or "", self._persons)
                if known[key].first != automatic:
                    missing[key] = event
        if missing:
            await self._take_over(missing, known)

    async def _take_over(self, missing: dict[str, Event], known: dict[str, Identity]) -> None:
        there = await self._stored.get(str(known[key].first) for key in missing)
        for key, event in missing.items():
            if known[key].first in there:
                continue
            automatic = automatic_id(event.scope, event.email or "", self._persons)
            await self._identities.take_over(key, str(known[key].first), automatic)
            known[key] = replace(known[key], first=automatic)
