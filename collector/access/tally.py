"""Small counts for very many names, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

MOST = 255
"""What one name can be counted to: a byte."""

_SIZES = (1 << 12, 1 << 16, 1 << 19, 1 << 20)
"""Places of the tables, powers of two: 1.2 million names in 12.5 MiB. A table that is three quarters full is followed
by the next, and never made anew: nobody waits for a million names to be moved."""
_COUNT = 255
_NAME = ~_COUNT


class Tally:
    """Counts what each of many names has spent; 8 bytes a name.

    A place holds 56 bits of the name's hash, which Python keys anew in each process, and the count in the last 8.

    Args:
        sizes: places of the tables, each a power of two.
    """

    def __init__(self, sizes: Sequence[int] = _SIZES) -> None:
        self._sizes = list(sizes)
        self._tables: list[array[int]] = []
        self._room = 0
        self.names = 0

    def count(self, name: str) -> int:
        """What a name has spent."""
        table, place = self._find(_hashed(name))
        return table[place] & _COUNT if table else 0

    def add(self, name: str, cost: int, most: int) -> bool:
        """Lets a name spend, as long as it has spent ``most`` in the end; false, too, where there is no room for it."""
        most = min(most, MOST)
        if cost > most:
            return False
        hashed = _hashed(name)
        table, place = self._find(hashed)
        if table:
            if (table[place] & _COUNT) + cost > most:
                return False
            table[place] += cost
            return True
        return self._enter(hashed | cost, hashed)

    def fits(self, name: str, cost: int, most: int) -> bool:
        """Whether ``add`` would be true."""
        table, place = self._find(_hashed(name))
        if not table:
            return cost <= min(most, MOST) and bool(self._room or self._sizes)
        return (table[place] & _COUNT) + cost <= min(most, MOST)

    def take_back(self, name: str, cost: int) -> None:
        """Undoes an ``add``; nothing where there was none."""
        table, place = self._find(_hashed(name))
        if table and table[place] & _COUNT >= cost:
            table[place] -= cost

    def _find(self, hashed: int) -> tuple[array[int], int]:
        """The table and place of a name; an empty table where it has none."""
        for table in self._tables:
            last = len(table) - 1
            place = (hashed >> 8) & last
            while found := table[place]:
                if found & _NAME == hashed:
                    return table, place
                place = (place + 1) & last
        return _NOWHERE

    def _enter(self, entry: int, hashed: int) -> bool:
        if not self._room and not self._grow():
            return False
        table = self._tables[-1]
        last = len(table) - 1
        place = (hashed >> 8) & last
        while table[place]:
            place = (place + 1) & last
        table[place] = entry
        self._room -= 1
        self.names += 1
        return True

    def _grow(self) -> bool:
        if not self._sizes:
            return False
        size = self._sizes.pop(0)
        self._tables.append(array("Q", [0]) * size)
        self._room = size * 3 // 4
        return True


_NOWHERE: tuple[array[int], int] = (array("Q"), 0)


def _hashed(name: str) -> int:
    """64 bits whose last 8 are zero, and which are not zero themselves."""
    return (hash(name) & 0xFFFF_FFFF_FFFF_FF00) or 256
