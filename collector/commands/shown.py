"""How commands show an event, and moments."""

from __future__ import annotations

from datetime import UTC, datetime

from collector.model import ORIGIN_UNKNOWN, Document
from collector.storage.stored import Stored


def shown(stored: Stored) -> Document:
    """An event as JSON. Of a key only its prefix is known."""
    event = stored.event
    return {
        "Key": event.id,
        "Event": event.name,
        "Time": iso(event.time),
        "Received": iso(event.received),
        "EventID": event.event_id,
        "UUID": event.visitor,
        "Email": event.email,
        "ID": event.external_id,
        "Subscriber": stored.subscriber,
        "Trust": event.trust,
        "KeyPrefix": event.key,
        "Bot": stored.bot,
        "OriginUnknown": ORIGIN_UNKNOWN in event.marks,
        "Automatic": stored.automatic,
        "Agent": {f"${name}": value for name, value in stored.agent.items()} or None,
        "Properties": event.properties,
    }


def iso(moment: datetime) -> str:
    """A moment in UTC as ISO 8601, to the millisecond: ``2026-11-24T11:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
