"""Examples of what properties hold: computed when they are asked for, from a bounded look at the newest events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from collector.catalog.masking import shown
from collector.storage.newest import Newest

MOST = 5
"""Examples of a property."""
_WITHIN = 20_000
"""Events of the list that are looked at."""
_FIRST = 200
"""Events of the name that are looked at for all its properties; for those that these do not have, the others are."""
_VALUES = 20


class Examples:
    """Finds examples.

    Args:
        newest: looks at the newest events.
    """

    def __init__(self, newest: Newest) -> None:
        self._newest = newest

    async def of(self, scope: str, event: str, names: Sequence[str], until: datetime) -> dict[str, list[Any]]:
        """A few different values of each of these properties of an event, the newest first; none of what the last
        events do not have. Addresses are masked in them, and what is long is cut.

        Args:
            until: when the event came last.

        Raises:
            StoreAway: MongoDB is away.
        """
        rows = await self._newest.properties(scope, event, until, _WITHIN, _FIRST)
        found = {name: _different(row[name] for row in rows if name in row) for name in names}
        if missing := [name for name, values in found.items() if not values]:
            values = await self._newest.values(scope, event, missing, until, _WITHIN, _VALUES)
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
