"""What questions bring together, where there is too much of it; and the slices in which they look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from collector.questions import lines, numbers, values
from collector.questions.lines import Amounts, Line
from collector.questions.numbers import Numbers
from collector.questions.slices import Slices
from collector.questions.values import Tally

END = datetime(2026, 1, 1, tzinfo=UTC)


class Seconds:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("days", [0.001, 1, 30, 365, 100_000])
@pytest.mark.parametrize("each", [0.0, 0.001, 0.5, 3.0])
def test_slices_cover_a_span_without_a_gap_newest_first(days: float, each: float) -> None:
    seconds = Seconds()
    start = END - timedelta(days=days)
    slices = Slices(start, END, 1_000_000, seconds)
    found = []
    for begin, end in slices:
        assert begin < end
        found.append((begin, end))
        seconds.now += each
    assert found[0][1] == END
    assert found[-1][0] == start
    assert all(later[0] == earlier[1] for later, earlier in pairwise(found))
    assert slices.complete


def test_slices_grow_where_they_are_fast_and_shrink_where_they_are_slow() -> None:
    seconds = Seconds()
    lengths: list[timedelta] = []
    slices = Slices(END - timedelta(days=10_000), END, 10.0, seconds)
    for begin, end in slices:
        lengths.append(end - begin)
        seconds.now += 0.001 if len(lengths) < 4 else 4.0
    assert lengths[:4] == [timedelta(minutes=8**n) for n in range(4)]
    assert lengths[4:6] == [lengths[3] / 4, lengths[3] / 16]
    assert not slices.complete


def test_a_slice_that_was_too_much_is_looked_at_in_smaller_ones() -> None:
    slices = Slices(END - timedelta(days=10), END, 10.0, Seconds())
    lengths = []
    for begin, end in slices:
        assert end == END
        lengths.append(end - begin)
        slices.again()
    assert lengths == [timedelta(seconds=seconds) for seconds in (60, 15, 3.75)]
    assert slices.reached == END


def _tally(counts: dict[Any, int]) -> Tally:
    tally = Tally()
    for value, count in counts.items():
        tally.add(value, count)
    return tally


@pytest.mark.parametrize(("most", "exact"), [(10, True), (9, False)])
def test_beyond_a_number_of_values_the_most_frequent_are_kept(
    monkeypatch: pytest.MonkeyPatch, most: int, exact: bool
) -> None:
    monkeypatch.setattr(values, "MOST_DISTINCT", most)
    tally = _tally({f"v{n}": 100 - n for n in range(10)})
    assert tally.exact is exact
    assert tally.events == sum(100 - n for n in range(10))
    assert [counted.value for counted in tally.top(4)] == ["v0", "v1", "v2", "v3"]
    assert tally.distinct == 10


@pytest.mark.parametrize(("most", "exact"), [(1_000, True), (999, False)])
def test_beyond_a_size_too(monkeypatch: pytest.MonkeyPatch, most: int, exact: bool) -> None:
    monkeypatch.setattr(values, "MOST_BYTES", most)
    tally = _tally({str(n) * 100: 100 - n for n in range(10)})
    assert tally.exact is exact
    assert tally.top(1)[0].count == 100


def test_what_two_have_counted_adds_up() -> None:
    one, other = _tally({"a": 1, 1: 2}), _tally({"a": 3, "b": 1})
    one.merge(other)
    assert {counted.value: counted.count for counted in one.top(10)} == {"a": 4, 1: 2, "b": 1}
    assert one.events == 7


@pytest.mark.parametrize(("most", "exact"), [(1_000, True), (999, False)])
def test_of_too_many_numbers_some_digits_are_given_up(monkeypatch: pytest.MonkeyPatch, most: int, exact: bool) -> None:
    monkeypatch.setattr(numbers, "MOST_DISTINCT", most)
    found, half = Numbers(), Numbers()
    for n in range(1_000):
        (found if n % 2 else half).add(1_000_000 + n, 1)
    found.merge(half)
    told = found.summary()
    assert told is not None
    assert found.exact is exact
    assert (told["Count"], told["Min"], told["Max"]) == (1_000, 1_000_000, 1_000_999)
    assert told["Mean"] == pytest.approx(1_000_499.5)
    assert told["Median"] == pytest.approx(1_000_499.5, rel=1e-3)
    assert sum(bar["Count"] for bar in told["Histogram"]) == 1_000


@pytest.mark.parametrize(("most", "exact"), [(40, True), (39, False)])
@pytest.mark.gen_test(timeout=30)
async def test_the_smallest_of_too_many_lines_go_into_one(
    monkeypatch: pytest.MonkeyPatch, most: int, exact: bool
) -> None:
    monkeypatch.setattr(lines, "MOST_CELLS", most)
    amounts, other = Amounts(), Amounts()
    rows = [{"_id": {"b": float(place), "v": f"v{n}"}, "n": 100 - n} for n in range(20) for place in range(2)]
    await amounts.take(rows[:30])
    await other.take(rows[30:])
    amounts.merge(other)
    found = await amounts.lines(5)
    assert found.exact is exact
    assert [line.value for line in found.top] == [f"v{n}" for n in range(5)]
    together = Line()
    for line in [*found.top, found.other or Line()]:
        together.merge(line)
    assert together.counts == dict.fromkeys(range(2), sum(100 - n for n in range(20)))
