"""What of a group of events is kept in a spool, what is said of it, and how it is read again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from collector.ingest.pending import Pending
from collector.model import Outcome
from collector.spool import Spool, SpoolFull

log = logging.getLogger("collector.spool")

PUBLIC_SHARE = 0.8
"""The last fifth is kept for secret keys (section 8 of the contract)."""


def append(spool: Spool, group: Sequence[Pending]) -> set[int]:
    """The places of those that were kept: all, or where there is no room for all, those of secret keys, or none."""
    trusted = [place for place, pending in enumerate(group) if pending.event.trust == "secret"]
    whole = len(trusted) == len(group)
    tries = [(list(range(len(group))), 1.0 if whole else PUBLIC_SHARE)]
    tries += [(trusted, 1.0)] if trusted and not whole else []
    for places, share in tries:
        try:
            spool.append([group[place].record() for place in places], share)
        except SpoolFull as error:
            log.warning("an event finds no room: %s", error)
            continue
        return set(places)
    return set()


def acknowledged(pending: Pending) -> Outcome:
    """What is answered of an event that is kept. While MongoDB is away, whether an address is new cannot be known: it
    is said of every one (section 5)."""
    return Outcome(duplicate=False, identified=pending.event.email is not None or pending.event.identifies)


def read(payload: bytes) -> Pending | None:
    """The event of a record; None where it is unreadable."""
    try:
        return Pending.from_record(payload)
    except ValueError:
        return None
