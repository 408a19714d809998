"""Showing values without the addresses in them, and without more of them than helps to see what they are."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

MASK = "…@…"
LONGEST = 200
"""Characters of a text."""
_MOST_ITEMS = 10
_DEEPEST = 3

_QUOTED = re.compile(r'"[^"]{1,64}"(?=@)')
_WORD = re.compile(r"""[^\s"'`<>()\[\]{}|\\,;:&=?/#]+""")
# As it is, in a URL (twice encoded too), and the look-alikes that are normalised to it.
_AT = re.compile(r"@|%(?:25)*40|＠|﹫", re.IGNORECASE)


def masked(text: str) -> str:
    """A text in which every word that has an ``@`` in it is ``MASK``: rather one too many than an address."""
    if not _AT.search(text):
        return text
    return _WORD.sub(lambda found: MASK if _AT.search(found[0]) else found[0], _QUOTED.sub("…", text))


def shown(value: Any, depth: int = _DEEPEST) -> Any:
    """A JSON value as an example: addresses masked in texts and names, and what is long or deep cut with ``…``."""
    if isinstance(value, str):
        text = masked(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    rest = ["…"] if len(value) > _MOST_ITEMS else []
    if isinstance(value, list):
        return [shown(item, depth - 1) for item in value[:_MOST_ITEMS]] + rest
    some = {shown(name): shown(item, depth - 1) for name, item in islice(value.items(), _MOST_ITEMS)}
    return some | dict.fromkeys(rest, "…")
