"""Merging traits: what holds whatever comes, and how much is kept."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.traits import MOST_BYTES, MOST_NAMES, merged
from collector.model import Document, Trust

NAMES = st.sampled_from(["", "a", "a.b", "$x", "__proto__", "ü"])
TRAITS = st.dictionaries(NAMES, st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3), max_size=4)
TRUSTS = st.sampled_from(["secret", "public"])


def at(minute: int) -> datetime:
    """A moment."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def after(*identifies: tuple[int, dict[str, Any], Trust]) -> Document:
    """What is known after these have come."""
    document: Document = {}
    for minute, traits, trust in identifies:
        document = merged(document, traits, at(minute), trust)
    return document


@given(st.lists(st.tuples(st.integers(0, 99), TRAITS, TRUSTS), max_size=4, unique_by=lambda item: item[0]))
def test_whatever_the_order_of_arrival_the_same_is_known(identifies: list[tuple[int, dict[str, Any], Trust]]) -> None:
    known = [after(*order) for order in itertools.permutations(identifies)]
    assert all(repr(_sorted(found)) == repr(_sorted(known[0])) for found in known)


@given(st.lists(st.tuples(st.integers(0, 3), TRAITS, TRUSTS), max_size=4))
def test_merging_all_twice_is_merging_all_once(identifies: list[tuple[int, dict[str, Any], Trust]]) -> None:
    assert after(*identifies, *identifies) == after(*identifies)


@given(TRAITS, TRAITS)
def test_what_is_claimed_never_touches_what_is_known(known: dict[str, Any], claimed: dict[str, Any]) -> None:
    document = after((1, known, "secret"), (2, claimed, "public"))
    assert document.get("traits", {}) == known
    assert document.get("claims", {}) == claimed


def test_merging_leaves_what_it_was_given_as_it_is() -> None:
    before = after((1, {"a": [1]}, "secret"))
    copy = repr(before)
    merged(before, {"a": [2], "b": 1}, at(2), "secret")
    assert repr(before) == copy


def test_a_subscriber_has_a_thousand_traits_and_no_more() -> None:
    full = after((1, {str(number): 0 for number in range(MOST_NAMES)}, "secret"))
    assert len(full["traits"]) == MOST_NAMES
    changed = merged(full, {"one more": 1, "0": 1}, at(2), "secret")
    assert (len(changed["traits"]), changed["traits"]["0"]) == (MOST_NAMES, 1)
    assert merged(full, {"claimed": 1}, at(2), "public")["claims"] == {"claimed": 1}


def test_a_subscribers_traits_have_an_end_in_bytes() -> None:
    large = {str(number): "x" * 60_000 for number in range(40)}
    known = after(*((minute, {name: value}, "secret") for minute, (name, value) in enumerate(large.items())))
    assert MOST_BYTES - 70_000 < len(repr(known["traits"])) <= MOST_BYTES + 1_000
    assert merged(known, {"0": "y"}, at(99), "secret")["traits"]["0"] == "y"  # what is there can still change


def _sorted(document: Document) -> list[tuple[str, Any]]:
    return sorted((name, sorted(value.items(), key=repr)) for name, value in document.items())
