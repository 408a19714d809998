"""What is sent: visitors of a shop, some of whom are known by an address.

All of it follows from numbers, so that a client process needs no more than those. Of a hundred events, one names an
address that is new, nine name one that is known, and ninety come from known visitors that name nobody. Every event has
an ``EventID`` as the SDKs make them, and eight properties.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]

PAGE = 5
"""Events of one page load: they have one visitor, and one ``start`` of their EventIDs."""
NEW, KNOWN = 1, 9
"""Events of a hundred that name a new address, and a known one."""
NAMES = (
    "product_view", "add_to_basket", "remove_from_basket", "search", "filter", "scroll", "video_play", "video_end",
    "download", "share", "rate", "comment", "login", "logout", "open_chat", "close_chat", "checkout", "coupon", "error",
)  # fmt: skip
"""Beside ``page_view``, which every second event is."""


@dataclass(frozen=True)
class Population:
    """Known visitors, of whom the first ``addresses`` are known by an address."""

    visitors: int
    addresses: int


class Stream(Protocol):
    """Events in the order in which they are sent."""

    def events(self) -> Iterator[Document]:
        """Their parameters, without key and list."""


@dataclass(frozen=True)
class Arrivals:
    """The first event of every visitor of a population.

    ``moment`` is milliseconds since 1970, from which on the EventIDs count.
    """

    population: Population
    moment: int

    def events(self) -> Iterator[Document]:
        """One a visitor, with the address of those that have one."""
        chance = random.Random(self.moment)
        for n in range(self.population.visitors):
            named = {"Email": address(n)} if n < self.population.addresses else {}
            event_id = f"{start(self.moment + n, chance)}-0"
            yield _event(n, visitor(n), event_id, chance) | named


@dataclass(frozen=True)
class Visits:
    """Events of a population that has arrived, and of newcomers, who are others for every ``moment``."""

    population: Population
    moment: int
    count: int

    def events(self) -> Iterator[Document]:
        """``count`` of them."""
        chance = random.Random(self.moment)
        who = begun = ""
        for n in range(self.count):
            if n % PAGE == 0:
                who, begun = visitor(chance.randrange(self.population.visitors)), start(self.moment + n, chance)
            yield _event(n, who, f"{begun}-{n % PAGE}", chance) | self._named(n, chance)

    @property
    def newcomers(self) -> int:
        """How many addresses are new."""
        return sum(n % 100 < NEW for n in range(self.count))

    def _named(self, n: int, chance: random.Random) -> Document:
        place = n % 100
        if place < NEW:
            return {"UUID": f"{self.moment:016x}-{n:08x}-new-visitor", "Email": f"new-{self.moment}-{n}@example.com"}
        if place < NEW + KNOWN:
            person = chance.randrange(self.population.addresses)
            return {"UUID": visitor(person), "Email": address(person)}
        return {}


def visitor(n: int) -> str:
    """The UUID of a visitor of a population, which is as good as chance."""
    digits = hashlib.blake2b(n.to_bytes(8, "big"), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def address(n: int) -> str:
    """The address of a person of a population."""
    return f"person-{n:09d}@example.com"


def start(moment: int, chance: random.Random) -> str:
    """What the EventIDs of one page load begin with."""
    return f"{moment:012x}{chance.getrandbits(48):012x}"


def _event(n: int, who: str, event_id: str, chance: random.Random) -> Document:
    item = chance.randrange(1_000)
    return {
        "Event": "page_view" if n % 2 else NAMES[n // 2 % len(NAMES)],
        "UUID": who,
        "EventID": event_id,
        "Properties": {
            "$page_title": f"Walking boots no. {item} for every season - Example Outdoor Shop",
            "$current_url": f"https://www.example.com/products/item-{item}?utm_source=newsletter&utm_campaign=spring",
            "$referrer": "https://www.example.com/products",
            "$language": "en-GB",
            "$screen_width": 1920,
            "item": f"item-{item}",
            "price": item / 10,
            "in_stock": item % 7 > 0,
        },
    }
