"""How much of a catalog is shown, and how much is kept (section 7 of the contract)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from collector.storage.entering import Kept, Limit

K = TypeVar("K", str, tuple[str, str])


@dataclass(frozen=True, slots=True)
class Caps:
    """What is shown of a list: event names, property names of an event, and names altogether.

    Names that only public keys have brought fill at most half of each, and give way to those of secret keys: so a
    stranger who has copied a public key takes no place that the site's own names need. ``slack`` is how many times as
    much is kept before nothing more is entered, so that what is shown does not depend on the order in which collectors
    write.
    """

    events: int = 2_000
    names: int = 1_000
    total: int = 100_000
    slack: int = 2

    @property
    def kept(self) -> Kept:
        """How many entries there may be."""
        return Kept(self._kept(self.events), self._kept(self.names), self._kept(self.total))

    def _kept(self, most: int) -> Limit:
        return Limit(most * self.slack, most // 2 * self.slack)


CAPS = Caps()
"""The caps of the contract."""


class Received(NamedTuple):
    """When a name was first received at all, and first with a secret key."""

    first: datetime
    trusted: datetime | None


def shown(received: Mapping[K, Received], most: int) -> list[K]:
    """The names that a cap leaves, ascending: of each kind those first received, ties in code-point order."""
    if len(received) <= most // 2:
        return sorted(received)
    own: dict[K, datetime] = {name: at.trusted for name, at in received.items() if at.trusted}
    claimed: dict[K, datetime] = {name: at.first for name, at in received.items() if not at.trusted}
    room = max(most - len(own), 0)
    return sorted(_in_order(own)[:most] + _in_order(claimed)[: min(most // 2, room)])


def _in_order(moments: Mapping[K, datetime]) -> list[K]:
    return sorted(moments, key=lambda name: (moments[name], name))
