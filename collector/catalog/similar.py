"""Names that may mean the same: ``pageTitle`` beside ``$page_title``, ``recieved`` beside ``received``."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

MOST = 5
"""How many are told of a name."""
LONG = 6
"""Letters of which a name may have one wrong: in shorter ones that is mostly another word."""
_TOO_LONG = 64
_SERIES = 8
"""So many names that differ in one place are a series, and no mistake."""

_SEPARATOR = re.compile(r"(?<=\d)[\W_]+(?=\d)|([\W_]+)")


def similar(names: Collection[str]) -> dict[str, list[str]]:
    """Of each name that has such, the others that have the same letters and digits, whatever their case and what stands
    between them, and those that have one letter more, less or other, or two the other way round; at most ``MOST``.

    It takes time in proportion to the number of names.
    """
    same: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        if key := letters(name):
            same[key].append(name)
    near = _near(same)
    found: dict[str, list[str]] = {}
    for key, group in same.items():
        others = [name for other in near.get(key, ()) for name in same[other][:MOST]]
        if len(group) + len(others) > 1:
            found |= {name: list(islice(_but(name, group, others), MOST)) for name in group}
    return found


def letters(name: str) -> str:
    """What of a name is compared. Digits that are apart stay so: ``1_1`` is not ``11``."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _SEPARATOR.sub(lambda found: "" if found[1] else "_", folded)


def _but(name: str, *groups: Iterable[str]) -> Iterator[str]:
    return (other for group in groups for other in group if other != name)


def _near(keys: Iterable[str]) -> dict[str, list[str]]:
    """Of each key those that are one step away: two such are equal once a character is left out of either."""
    without: defaultdict[str, list[str]] = defaultdict(list)
    for key in keys:
        if LONG <= len(key) <= _TOO_LONG:
            for variant in {key, *(key[:place] + key[place + 1 :] for place in range(len(key)))}:
                without[variant].append(key)
    near: defaultdict[str, set[str]] = defaultdict(set)
    for group in without.values():
        if 1 < len(group) <= _SERIES:
            for one in group:
                near[one].update(other for other in group if _one_step(one, other))
    return {key: sorted(others) for key, others in near.items()}


def _one_step(one: str, other: str) -> bool:
    """Whether they differ in one letter. Digits count things: ``step1`` is not meant to be ``step2``."""
    if len(one) > len(other):
        one, other = other, one
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    mine, theirs = one[place:], other[place:]
    if not theirs or theirs[0].isnumeric() or mine[:1].isnumeric():
        return False
    if len(one) < len(other):
        return mine == theirs[1:]
    return mine[1:] == theirs[1:] or (mine[1::-1] == theirs[:2] and mine[2:] == theirs[2:])
