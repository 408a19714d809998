"""Examples of what properties hold: computed when they are asked for, from a bounded look at the newest events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from collector.catalog.masking import shown
from collector.storage.newest import Newest

MOST = 5
"""Examples of a property."""
_FIRST_LOOK = 200
_SECOND_LOOK = 20_000
"""Events that are looked at for what the last few have not brought."""
_VALUES = 20


class Examples:
    """Finds examples.

    Args:
        newest: looks at the newest events.
    """

    def __init__(self, newest: Newest) -> None:
        self._newest = newest

    async def of(self, scope: str, event: str, names: Sequence[str]) -> dict[str, list[Any]]:
        """A few different values of each of these properties of an event, the newest first; none of what the last
        events do not have. Addresses are masked in them, and what is long is cut.

        Raises:
            StoreAway: MongoDB is away.
        """
        rows = await self._newest.properties(scope, event, _FIRST_LOOK)
        found = {name: _different(row[name] for row in rows if name in row) for name in names}
        if missing := [name for name, values in found.items() if not values]:
            values = await self._newest.values(scope, event, missing, _SECOND_LOOK, _VALUES)
            found |= {name: _different(values[name]) for name in missing if name in values}
        return found


def _different(values: Iterable[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for value in values:
        example = shown(value)
        found.setdefault(json.dumps(example, sort_keys=True), example)
        if len(found) == MOST:
            break
    return list(found.values())
