"""What an event changes of its subscriber: made of the event alone, in whatever order events come."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest

from collector.ingest.aftermath import MOST_IDS, subscriber_changes
from collector.ingest.claims import Tie
from collector.model import Document, Event

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tie(minute: int = 0, **given: Any) -> Tie:
    """An event of the subscriber ``s`` whose names are new."""
    at = NOW + timedelta(minutes=minute)
    event = Event("e", "l1", 1, 1, "view", {}, "v", at, at, given.pop("trust", "secret"), **given)
    return Tie(event, "s", unverified=frozenset({"something"}))


def after(*ties: Tie) -> Document:
    """The subscriber after these events, each in a group of its own."""
    return reduce(lambda found, one: subscriber_changes([one])["s"](found), ties, Document())


EVENTS = [
    tie(1, email="jane@example.com"),
    tie(2, external_id="u2"),
    tie(3, external_id="u1", email="jane@example.com"),
    tie(4, email="jane@example.com", trust="public"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_a_subscriber_is_the_same_in_whatever_order_its_events_are_stored(order: tuple[int, ...]) -> None:
    found = after(*(EVENTS[number] for number in order))
    assert found == {
        "scope": "l1",
        "created": NOW + timedelta(minutes=1),
        "email": "jane@example.com",
        "ids": ["u1", "u2"],
        "verified": True,
        "claimed_at": NOW + timedelta(minutes=4),
    }
    assert after(*EVENTS, *EVENTS) == found
    assert subscriber_changes(EVENTS)["s"]({}) == found


def test_of_an_id_that_names_another_nothing_is_noted() -> None:
    conflicting = tie(email="jane@example.com", external_id="u1")
    conflicting.conflict = "another"
    assert after(conflicting)["ids"] == []


def test_an_event_of_a_subscriber_that_is_settled_changes_nothing() -> None:
    known = tie(email="jane@example.com")
    known.unverified = frozenset()
    assert subscriber_changes([known, Tie(known.event)]) == {}


def test_a_subscriber_has_so_many_ids_noted_and_no_more() -> None:
    full = after(*(tie(external_id=f"{number:04}") for number in range(MOST_IDS)))
    assert len(full["ids"]) == MOST_IDS
    assert subscriber_changes([tie(external_id="one more")])["s"](full) == full
