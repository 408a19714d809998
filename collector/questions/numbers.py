"""What is told of numbers: smallest, middle, mean, greatest, and a histogram with round bounds."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from collector.model import Document

MOST_DISTINCT = 100_000
_FEWER_DIGITS = 6
"""Of so many digits there are some million numbers of common sizes; of two there are few of any."""
_BARS = 10
_ROUND = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
_EXACTLY = 2**53
"""Integers beyond this are no JSON that every reader takes as it is."""

_GREATEST = sys.float_info.max

Number = int | float


class Numbers:
    """Numbers, counted in bounded memory: of too many different ones some digits are given up, and ``exact`` is
    False."""

    def __init__(self) -> None:
        self._counts: dict[Number, int] = {}
        self._digits: int | None = None
        self.count = 0
        self.exact = True
        self._sum: Number = 0
        self._least: Number = math.inf
        self._greatest: Number = -math.inf

    def add(self, number: Number, count: int) -> None:
        """Counts a number so many times."""
        self.count += count
        self._sum += number * count
        self._least, self._greatest = min(self._least, number), max(self._greatest, number)
        self._keep_all({number: count})

    def merge(self, other: Numbers) -> None:
        """Takes in what another has counted."""
        if other.count:
            self.count += other.count
            self.exact &= other.exact
            self._sum += other._sum
            self._least, self._greatest = min(self._least, other._least), max(self._greatest, other._greatest)
            self._keep_all(other._counts)

    def summary(self) -> Document | None:
        """What is shown of them; None where there are none."""
        if not self.count:
            return None
        ordered = sorted(self._counts.items())
        return {
            "Count": self.count,
            "Min": self._least,
            "Median": _median(ordered, self.count),
            "Mean": _finite(self._sum / self.count),
            "Max": self._greatest,
            "Histogram": histogram(ordered, self._least, self._greatest),
        }

    def _keep_all(self, counts: Mapping[Number, int]) -> None:
        for number, count in counts.items():
            place = number if self._digits is None else _rounded(number, self._digits)
            self._counts[place] = self._counts.get(place, 0) + count
        if len(self._counts) > MOST_DISTINCT:
            self._digits = _FEWER_DIGITS if self._digits is None else self._digits - 1
            self.exact = False
            counts, self._counts = self._counts, {}
            self._keep_all(counts)


def histogram(ordered: Sequence[tuple[Number, int]], least: Number, greatest: Number) -> list[Document]:
    """Bars of equal width between round bounds; each includes its lower one.

    Args:
        ordered: numbers and how often each came, ascending.
    """
    bounds = _bounds(least, greatest)
    if any(low >= high for low, high in pairwise(bounds)):
        # So close together, or so large, that no number lies between.
        return [{"From": least, "To": greatest, "Count": sum(count for _, count in ordered)}]
    counts = [0] * (len(bounds) - 1)
    for number, count in ordered:
        counts[min(max(bisect_right(bounds, number) - 1, 0), len(counts) - 1)] += count
    bars = zip(pairwise(bounds), counts, strict=True)
    return [{"From": low, "To": high, "Count": count} for (low, high), count in bars]


def _bounds(least: Number, greatest: Number) -> list[Number]:
    low, high = Decimal(str(least)), Decimal(str(greatest))  # 0.3 is meant, not what a double makes of it
    step = _step(high - low or abs(high) or Decimal(_BARS))
    if isinstance(least, int) and isinstance(greatest, int):
        step = max(step, Decimal(1))
    first, last = math.floor(low / step), math.floor(high / step) + 1
    return [_plain(number * step) for number in range(first, last + 1)]


def _step(span: Decimal) -> Decimal:
    """A round width of which about ten make the span: 1, 2 or 5 times a power of ten."""
    wanted = span / _BARS
    power = Decimal(1).scaleb(wanted.adjusted())
    return next(times * power for times in _ROUND if times * power >= wanted)


def _plain(bound: Decimal) -> Number:
    if bound == bound.to_integral_value() and abs(bound) <= _EXACTLY:
        return int(bound)
    return max(-_GREATEST, min(float(bound), _GREATEST))


def _median(ordered: Iterable[tuple[Number, int]], count: int) -> Any:
    """The middle one; of an even number the mean of the two."""
    places, seen = [(count - 1) // 2, count // 2], 0
    found: list[Number] = []
    for number, times in ordered:
        seen += times
        while places and places[0] < seen:
            found.append(number)
            places.pop(0)
    low, high = found
    middle = (low + high) / 2
    return low if low == high else middle if math.isfinite(middle) else low / 2 + high / 2


def _rounded(number: Number, digits: int) -> Number:
    return float(f"{number:.{digits - 1}e}")


def _finite(number: Number) -> Number | None:
    """A number as JSON has it: a sum may be beyond all."""
    return number if math.isfinite(number) else None
