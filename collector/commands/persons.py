"""How commands show what is known of a subscriber: visitors, traits, conflicts, each with its trust."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from collector.commands.shown import iso
from collector.model import Document
from collector.storage.history import Strand
from collector.storage.people import Conflict


def strands(scope: str, subscriber: str, visitors: Iterable[Document]) -> list[Strand]:
    """What a subscriber's history is made of: the events that name it, and those of its visitors in its spans."""
    own = [Strand(scope, subscriber)]
    for visitor in visitors:
        for start, end in _spans(_links(subscriber, visitor)):
            own.append(Strand(scope, subscriber, visitor["uuid"], start, end))
    return own


def shown_visitors(subscriber: str, visitors: Iterable[Document]) -> list[Document]:
    """The links of a subscriber's visitors, each with its span and trust, those that hold longest first."""
    rows = [(visitor["uuid"], link) for visitor in visitors for link in _links(subscriber, visitor)]
    rows.sort(key=lambda row: (row[1]["until"] is None, row[1]["since"]), reverse=True)
    return [
        {
            "UUID": uuid,
            "From": link["from"] and iso(link["from"]),
            "Until": link["until"] and iso(link["until"]),
            "Trust": link["trust"],
        }
        for uuid, link in rows
    ]


def traits(document: Document) -> list[Document]:
    """Traits by name; of one name what a secret key has said before what pages claim."""
    found = [
        (name, kind == "claims", value, document[f"{kind}_at"][name])
        for kind in ("traits", "claims")
        for name, value in document.get(kind, {}).items()
    ]
    return [
        {"Trait": name, "Value": value, "Trust": "public" if claimed else "secret", "Time": iso(moment)}
        for name, claimed, value, moment in sorted(found, key=lambda row: row[:2])
    ]


def conflicts(subscriber: str, met: Iterable[Conflict]) -> list[Document]:
    """Where an address named one subscriber and an ``ID`` another; ``Names`` says which of them was this one."""
    return [
        {
            "Names": "Email" if conflict.address_of == subscriber else "ID",
            "Subscriber": conflict.id_of if conflict.address_of == subscriber else conflict.address_of,
            "ID": conflict.external_id,
            "Events": conflict.events,
            "First": iso(conflict.first),
            "Last": iso(conflict.last),
        }
        for conflict in met
    ]


def _links(subscriber: str, visitor: Document) -> list[Document]:
    return [link for link in visitor["links"] if link["subscriber"] == subscriber]


def _spans(links: Sequence[Document]) -> list[tuple[datetime | None, datetime | None]]:
    """The spans of links in the order of time, those that touch made one."""
    spans: list[tuple[datetime | None, datetime | None]] = []
    for link in links:
        if spans and spans[-1][1] is not None and spans[-1][1] == link["from"]:
            spans[-1] = (spans[-1][0], link["until"])
        else:
            spans.append((link["from"], link["until"]))
    return spans
