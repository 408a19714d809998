"""What is known of a subscriber or visitor, merged name by name (section 5 of the contract).

Two sets, since a public key claims and never decides: ``traits`` from secret keys, ``claims`` from public ones. The
later event wins a name, by corrected time, whatever the order of arrival; so merging twice is merging once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collector.model import Document, Trust

MOST_NAMES = 1_000
MOST_BYTES = 1 << 20
"""What one subscriber's traits may hold, in names and in approximate bytes: a document of MongoDB ends at 16 MiB."""


def merged(document: Document, traits: Mapping[str, Any], at: datetime, trust: Trust) -> Document:
    """``document`` with ``traits`` of an event at ``at``; names beyond the limits are left out."""
    if not traits:
        return document
    kind = "traits" if trust == "secret" else "claims"
    values: Document = dict(document.get(kind, {}))
    times: Document = dict(document.get(f"{kind}_at", {}))
    room = MOST_BYTES - len(repr(values))
    for name, value in traits.items():
        room -= len(name) + len(repr(value))
        if name in times and times[name] > at:
            continue
        if room < 0 or (name not in values and len(values) >= MOST_NAMES):
            continue
        values[name], times[name] = value, at
    return {**document, kind: values, f"{kind}_at": times}
