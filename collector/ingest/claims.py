"""Which identities a group of events claims, and what binds each event to its subscriber: rules without a database.

The rules are those of section 5 of the contract, "Who an event belongs to".
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.ingest.persons import Persons
from collector.model import Event
from collector.storage.identities import Identity, email_key, id_key

Known = Mapping[str, Identity]


@dataclass(slots=True)
class Tie:
    """What binds an event to its subscriber.

    ``event`` is the event as it counts, which of a repetition is the one that was first; ``announce`` the ``_id`` of
    the automatic identify to be stored beside the event, where the address is new; ``conflict`` the subscriber that the
    event's ``ID`` names although its address names another; ``unverified`` the identities whose first event with a
    secret key this may be.
    """

    event: Event
    subscriber: str | None = None
    announce: str | None = None
    conflict: str | None = None
    unverified: frozenset[str] = frozenset()


def email_of(event: Event) -> str | None:
    """The key of the address that an event names."""
    return email_key(event.scope, event.email) if event.email is not None else None


def id_of(event: Event) -> str | None:
    """The key of the ``ID`` that an event names; with a public key an ``ID`` names nobody."""
    return id_key(event.scope, event.names_id) if event.names_id is not None else None


def automatic_id(scope: str, email: str, persons: Persons) -> str:
    """The ``_id`` of the automatic identify of an address: the same for all that meet the address first."""
    return f"{scope}i{persons.by_identity(email_key(scope, email))}"


def first_of(event: Event, persons: Persons) -> str:
    """The ``_id`` of the identify that announces the event's address, if this event is the first to name it."""
    return event.id if event.identifies else automatic_id(event.scope, event.email or "", persons)


def named(events: Iterable[Event]) -> set[str]:
    """The keys of all that the events name."""
    return {key for event in events if event.names_somebody for key in (email_of(event), id_of(event)) if key}


def claimed_by_public(events: Iterable[Event]) -> set[str]:
    """The addresses that are named with a public key: what is done for them must not tell whether they are known."""
    return {key for event in events if event.trust == "public" and (key := email_of(event))}


def plan(events: Sequence[Event], known: Known, persons: Persons) -> dict[str, Identity]:
    """The claims that the events make, in order: each event sees what those before it have claimed."""
    claims: dict[str, Identity] = {}
    view = ChainMap(claims, dict(known))
    for event in events:
        address, external = email_of(event), id_of(event)
        if external and external not in view:
            owner = _owner(view, address) or persons.by_identity(address or external)
            claims[external] = Identity(owner, address=address)
        elif external and address and address not in view and view[external].address is None:
            # Rule 4: a subscriber known by ID alone gains this address, and from now on no other.
            claims[external] = replace(view[external], address=address)
        if address and address not in view:
            claims[address] = _address_claim(event, address, view, persons)
    return claims


def _owner(view: Mapping[str, Identity], key: str | None) -> str | None:
    return view[key].subscriber if key and key in view else None


def _address_claim(event: Event, address: str, view: Mapping[str, Identity], persons: Persons) -> Identity:
    """A new address: the subscriber of the ``ID`` that holds it gains it, else it makes a subscriber."""
    external = id_of(event)
    gains = external is not None and view[external].address == address
    owner = view[external].subscriber if external and gains else persons.by_identity(address)
    return Identity(owner, first=first_of(event, persons))


def ties(events: Sequence[Event], known: Known, persons: Persons) -> list[Tie]:
    """What binds each event, once all identities are known. The first event of a new address announces it."""
    announced: set[str] = set()
    return [_tie(event, known, announced, persons) for event in events]


def _tie(event: Event, known: Known, announced: set[str], persons: Persons) -> Tie:
    tie = Tie(event)
    if not event.names_somebody:
        return tie
    address, external = email_of(event), id_of(event)
    by_email, by_id = _owner(known, address), _owner(known, external)
    tie.subscriber = by_email or by_id  # rule 4: the address wins
    if by_email and by_id and by_email != by_id:
        tie.conflict = by_id
    if event.trust == "secret":
        held = (key for key in (address, external) if key and not (tie.conflict and key == external))
        tie.unverified = frozenset(key for key in held if not known[key].verified)
    if address and not known[address].settled and address not in announced:
        announced.add(address)
        automatic = automatic_id(event.scope, event.email or "", persons)
        tie.announce = automatic if known[address].first == automatic else None
    return tie
