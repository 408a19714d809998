"""Which subscriber a visitor was, when (section 5 of the contract, rules 1 to 5).

A visitor's links are records ``{subscriber, since, from, until, trust, key}`` in the order of time, that cover all of
it without a gap. ``since`` is the event that made the link; ``from`` is None on the first, which reaches back to the
visitor's beginning, and ``until`` is None on the last. Neighbours of one subscriber stay apart: the later one's moment
is needed when another comes between them late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import dropwhile
from typing import NamedTuple

from collector.model import Document, Trust

MOST_LINKS = 1_000
"""Links of one visitor, counted apart for each trust, so that claims leave room. A device that so many people share
tells nothing; the events still name their subscribers."""


class Mark(NamedTuple):
    """A moment from which on a visitor was somebody."""

    since: datetime
    subscriber: str
    trust: Trust
    key: str | None


def linked(
    links: Sequence[Document], subscriber: str, at: datetime, trust: Trust, key: str | None = None
) -> list[Document]:
    """The links of a visitor after an event at ``at`` named ``subscriber``. Saying the same twice changes nothing."""
    marks = [_mark(link) for link in links]
    place = sum(1 for mark in marks if mark.since <= at)
    new = Mark(at, subscriber, trust, key)
    if not marks:
        return _records([new])
    covering = marks[max(place - 1, 0)]
    if covering.trust == "secret" and trust == "public":
        return list(links)  # rule 5: a claim never ends a trusted link
    if covering.subscriber == subscriber and covering.trust == trust:
        # Known already. An earlier event of the same link only moves its beginning back.
        return list(links) if place else _records([covering._replace(since=at), *marks[1:]])
    if sum(mark.trust == trust for mark in marks) >= MOST_LINKS:
        return list(links)
    return _records([*marks[:place], new, *_after(new, marks[place:])])


def begins_within(links: Sequence[Document], subscriber: str, at: datetime) -> bool:
    """Whether an event at ``at`` has begun a link of ``subscriber`` that is not the only one. If it came late, others
    may have been named after it, which the records do not tell where the link that it split was theirs."""
    return len(links) > 1 and any(link["since"] == at and link["subscriber"] == subscriber for link in links)


def subscriber_at(links: Sequence[Document], at: datetime) -> str | None:
    """Whose an event without a name of its own is, by the links of its visitor."""
    for link in links:
        if (link["from"] is None or link["from"] <= at) and (link["until"] is None or at < link["until"]):
            return str(link["subscriber"])
    return None


def _mark(link: Document) -> Mark:
    return Mark(link["since"], link["subscriber"], link["trust"], link["key"])


def _after(new: Mark, later: list[Mark]) -> list[Mark]:
    """What stays behind a new mark: had they come in order, claims would not have ended a trusted link (rule 5)."""
    if new.trust == "public":
        return later
    return list(dropwhile(lambda mark: mark.trust == "public", later))


def _records(marks: list[Mark]) -> list[Document]:
    """Links without a gap, out of the moments at which they change; of several at one moment the last stands."""
    kept = list({mark.since: mark for mark in marks}.values())
    ends = [mark.since for mark in kept[1:]]
    return [
        {
            "subscriber": mark.subscriber,
            "since": mark.since,
            "from": start,
            "until": end,
            "trust": mark.trust,
            "key": mark.key,
        }
        for mark, start, end in zip(kept, [None, *ends], [*ends, None], strict=True)
    ]
