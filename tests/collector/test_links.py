"""Which subscriber a visitor was, when: the rules of links as a table, and what holds of them whatever comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.links import MOST_LINKS, linked, subscriber_at
from collector.model import Document, Trust

Naming = tuple[int, str, Trust]
"""Minute, subscriber, trust of an event that names somebody."""


def at(minute: float) -> datetime:
    """A moment."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def after(*namings: Naming) -> list[Document]:
    """The links of a visitor after these events have come, in this order."""
    links: list[Document] = []
    for minute, subscriber, trust in namings:
        links = linked(links, subscriber, at(minute), trust, f"key of {subscriber}")
    return links


def spans(links: list[Document]) -> str:
    """Links in short: ``A.-5 b.5-`` is A until minute 5, then b, who is only claimed."""

    def moment(value: datetime | None) -> str:
        return "" if value is None else str(int((value - at(0)).total_seconds() // 60))

    return " ".join(
        f"{link['subscriber'].lower() if link['trust'] == 'public' else link['subscriber']}."
        f"{moment(link['from'])}-{moment(link['until'])}"
        for link in links
    )


def parsed(text: str) -> list[Naming]:
    """``A5 b7``: A at minute 5 by a secret key, then B at 7 by a public one."""
    return [(int(word[1:]), word[0].upper(), "secret" if word[0].isupper() else "public") for word in text.split()]


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        ("A5", "A.-"),
        ("a5", "a.-"),
        ("A5 A7", "A.-"),
        ("A5 B7", "A.-7 B.7-"),
        ("A5 B7 A9", "A.-7 B.7-9 A.9-"),
        ("B7 A5", "A.-7 B.7-"),
        ("A5 A3 B4", "A.-4 B.4-"),
        ("A5 B7 B6", "A.-6 B.6-7 B.7-"),
        ("A5 B7 B6 A6", "A.-6 A.6-7 B.7-"),
        ("A5 B7 B9", "A.-7 B.7-"),
        ("A5 B5", "B.-"),
        ("a5 b7", "a.-7 b.7-"),
        # Rule 5: a link from a secret key ends one that was claimed, also of the same subscriber.
        ("a5 B7", "a.-7 B.7-"),
        ("a5 A7", "a.-7 A.7-"),
        ("a5 B5", "B.-"),
        ("a5 b9 B7", "a.-7 B.7-"),
        ("a5 b9 a12 C7", "a.-7 C.7-"),
        ("a5 B9 C7", "a.-7 C.7-9 B.9-"),
        # And a claim never ends a trusted one, wherever in it the claim lies.
        ("A5 b7", "A.-"),
        ("A5 b5", "A.-"),
        ("A5 b3", "A.-"),
        ("A5 a3", "A.-"),
        ("A5 B9 b7", "A.-9 B.9-"),
        ("a5 B7 c9", "a.-7 B.7-"),
        ("a5 B9 c7", "a.-7 c.7-9 B.9-"),
    ],
)
def test_links_follow_the_events_that_name_a_subscriber(arrived: str, expected: str) -> None:
    assert spans(after(*parsed(arrived))) == expected


def test_a_link_keeps_the_trust_and_the_key_that_made_it() -> None:
    made = [(link["trust"], link["key"], link["since"]) for link in after(*parsed("a5 B7 B8"))]
    assert made == [("public", "key of A", at(5)), ("secret", "key of B", at(7))]


def test_a_visitor_shared_by_more_people_than_a_device_has_stops_to_change_hands() -> None:
    namings: list[Naming] = [(minute, str(minute), "secret") for minute in range(MOST_LINKS)]
    full = after(*namings)
    assert len(full) == MOST_LINKS
    assert linked(full, "one more", at(MOST_LINKS), "secret") == full


def test_claims_leave_room_for_what_a_secret_key_says() -> None:
    namings: list[Naming] = [(minute, str(minute), "public") for minute in range(MOST_LINKS)]
    full = after(*namings)
    assert linked(full, "one more", at(MOST_LINKS), "public") == full
    known = linked(full, "known", at(MOST_LINKS), "secret")
    assert (len(known), known[-1]["subscriber"]) == (MOST_LINKS + 1, "known")


MINUTES = st.integers(0, 12)
NAMINGS = st.tuples(MINUTES, st.sampled_from("ABC"), st.sampled_from(["secret", "public"]))
HISTORIES = st.lists(NAMINGS, max_size=10)
MOMENTS = [at(minute + half) for minute in range(-1, 14) for half in (0, 0.5)]


def was(links: list[Document]) -> list[Any]:
    """Who the visitor was, and by what trust, at every moment."""
    trusts = {(link["subscriber"], link["since"]): link["trust"] for link in links}
    found = [[link for link in links if subscriber_at([link], moment)] for moment in MOMENTS]
    assert all(len(covering) <= 1 for covering in found)
    return [(row[0]["subscriber"], trusts[row[0]["subscriber"], row[0]["since"]]) if row else None for row in found]


@given(HISTORIES.filter(bool))
def test_links_cover_all_time_without_a_gap(history: list[Naming]) -> None:
    links = after(*history)
    assert links[0]["from"] is None
    assert links[-1]["until"] is None
    assert [link["until"] for link in links[:-1]] == [link["from"] for link in links[1:]]
    assert [link["since"] for link in links[1:]] == [link["from"] for link in links[1:]]
    moments = [link["since"] for link in links]
    assert moments == sorted(set(moments))


@given(HISTORIES, NAMINGS)
def test_saying_the_same_twice_is_saying_it_once(history: list[Naming], naming: Naming) -> None:
    assert after(*history, naming, naming) == after(*history, naming)


@given(HISTORIES, NAMINGS)
def test_a_trusted_event_says_who_the_visitor_was_at_its_time(history: list[Naming], naming: Naming) -> None:
    minute, subscriber, _ = naming
    assert subscriber_at(after(*history, (minute, subscriber, "secret")), at(minute)) == subscriber


@given(HISTORIES, NAMINGS)
def test_a_claim_changes_no_moment_of_a_trusted_link(history: list[Naming], naming: Naming) -> None:
    minute, subscriber, _ = naming
    before = was(after(*history))
    now = was(after(*history, (minute, subscriber, "public")))
    trusted = [place for place, found in enumerate(before) if found and found[1] == "secret"]
    assert [now[place] for place in trusted] == [before[place] for place in trusted]


@given(HISTORIES)
def test_once_trusted_a_visitor_is_never_again_only_claimed(history: list[Naming]) -> None:
    trusts = [link["trust"] for link in after(*history)]
    assert trusts == sorted(trusts)  # public, then secret
