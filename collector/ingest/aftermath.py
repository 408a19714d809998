"""What a stored event changes besides itself: subscribers, the links and traits of visitors (section 5).

Every change is idempotent and made of the event as it is stored, so that it can be made again for an event that came
twice: a collector that died between an event and its aftermath is made good by the client's repetition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from collector.ingest.claims import Tie
from collector.ingest.links import begins_within, linked
from collector.ingest.traits import merged
from collector.model import Document, Event
from collector.storage.versioned import Change

MOST_IDS = 1_000
"""IDs that are noted with a subscriber. Each still names it (``identities``), but a document of MongoDB has an end."""


def visitor_key(event: Event) -> str:
    """The ``_id`` of the event's visitor."""
    return f"{event.scope}/{event.visitor}"


def visitor_changes(ties: Sequence[Tie]) -> dict[str, Change]:
    """Links of visitors to the subscribers that their events name, and traits of visitors that name none."""
    steps: dict[str, list[Change]] = {}
    for tie in ties:
        event = tie.event
        if tie.subscriber is not None:
            steps.setdefault(visitor_key(event), []).append(_link(event, tie.subscriber))
        elif event.identifies:
            steps.setdefault(visitor_key(event), []).append(_visitor_traits(event))
    return {key: _chain(changes) for key, changes in steps.items()}


def begins_link(tie: Tie, visitors: Mapping[str, Document]) -> bool:
    """Whether the event has begun a link beside others of its visitor."""
    if tie.subscriber is None:
        return False
    return begins_within(visitors[visitor_key(tie.event)]["links"], tie.subscriber, tie.event.time)


def subscriber_changes(ties: Sequence[Tie]) -> dict[str, Change]:
    """New subscribers, and what is learned of known ones."""
    steps: dict[str, list[Change]] = {}
    for tie in ties:
        event = tie.event
        if tie.subscriber is None:
            continue
        changes = steps.setdefault(tie.subscriber, [])
        if tie.unverified or event.trust == "public":
            changes.append(_presence(event, tie))
        if event.traits:
            changes.append(_subscriber_traits(event))
    return {key: _chain(changes) for key, changes in steps.items() if changes}


def _chain(changes: list[Change]) -> Change:
    return lambda document: reduce(lambda found, change: change(found), changes, document)


def _link(event: Event, subscriber: str) -> Change:
    def change(visitor: Document) -> Document:
        links = linked(visitor.get("links", ()), subscriber, event.time, event.trust, event.key)
        return {**visitor, "scope": event.scope, "uuid": event.visitor, "links": links}

    return change


def _visitor_traits(event: Event) -> Change:
    def change(visitor: Document) -> Document:
        known = {**visitor, "scope": event.scope, "uuid": event.visitor, "links": visitor.get("links", [])}
        return merged(known, event.traits, event.time, event.trust)

    return change


def _subscriber_traits(event: Event) -> Change:
    return lambda subscriber: merged(subscriber, event.traits, event.time, event.trust)


def _presence(event: Event, tie: Tie) -> Change:
    """The subscriber as this event knows it: made where there is none, with the names that it has gained."""

    def change(subscriber: Document) -> Document:
        names: dict[str, Any] = {"ids": subscriber.get("ids", [])}
        if event.email is not None and "email" not in subscriber:
            names["email"] = event.email
        if event.names_id is not None and tie.conflict is None and len(names["ids"]) < MOST_IDS:
            names["ids"] = sorted({*names["ids"], event.names_id})
        if event.trust == "public":
            # Written for a known and an unknown address alike, so that nothing tells which (section 3).
            names["claimed_at"] = max(subscriber.get("claimed_at", event.received), event.received)
        verified = subscriber.get("verified", False) or event.trust == "secret"
        first = {"scope": event.scope, "created": min(subscriber.get("created", event.received), event.received)}
        return {**subscriber, **first, **names, "verified": verified}

    return change
