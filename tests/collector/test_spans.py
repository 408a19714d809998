"""Spans of numbers are the sets that they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.storage.spans import Spans

PAIRS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=8)


def numbers(spans: Spans) -> set[int]:
    """All of them; spans are ascending, and none touches the next."""
    ends = [end for part in spans for end in part]
    assert all(first <= last for first, last in spans)
    assert all(last + 1 < first for last, first in zip(ends[1::2], ends[2::2], strict=False))
    return {number for first, last in spans for number in range(first, last + 1)}


@given(PAIRS, PAIRS)
def test_they_are_joined_and_taken_apart_as_sets_are(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    left, right = Spans.of(one), Spans.of(other)
    assert numbers(left) == {number for first, last in one for number in range(first, last + 1)}
    assert numbers(left | right) == numbers(left) | numbers(right)
    assert numbers(left - right) == numbers(left) - numbers(right)
    assert left.size == len(numbers(left))
    assert bool(left) == bool(one)


@given(PAIRS, st.integers(0, 40), st.integers(0, 4))
def test_a_beginning_is_the_first_numbers_in_so_many_spans(pairs: list[tuple[int, int]], most: int, parts: int) -> None:
    spans = Spans.of(pairs)
    found = spans.beginning(most, parts)
    assert len(found.parts) <= parts
    within = {number for first, last in spans.parts[:parts] for number in range(first, last + 1)}
    assert sorted(numbers(found)) == sorted(within)[:most]


def test_up_to_nothing_is_nothing() -> None:
    assert list(Spans.upto(0)) == []
    assert list(Spans.upto(1)) == [(1, 1)]
