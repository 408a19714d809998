"""An event as it is stored, with what was found out when it was: for those who show events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson.dbref import DBRef

from collector.model import Document, Event
from collector.storage.events import event_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored event.

    ``subscriber`` is whom it names, by the id of that person's own; ``automatic`` marks the identify that announces a
    new address; ``bot`` one of a machine; ``agent`` what its user agent told, by ``browser``, ``os`` and
    ``device_type``.
    """

    event: Event
    subscriber: str | None
    automatic: bool
    bot: bool
    agent: Mapping[str, str]


def stored_of(row: Document) -> Stored:
    """The event of a document, its properties as they were sent."""
    return Stored(
        event_of({**row, "properties": exact(row["properties"])}),
        row.get("subscriber"),
        row.get("automatic", False),
        row.get("bot", False),
        row.get("agent") or {},
    )


def exact(value: Any) -> Any:
    """A value as it was sent: an object with ``$ref`` and ``$id`` is read by the driver, at any depth, as a reference
    to another document."""
    if isinstance(value, DBRef):
        value = value.as_doc()
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else value
