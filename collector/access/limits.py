"""Rate limits: fixed windows of 60 s (section 8 of the contract). Held by each process for itself."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

WINDOW = 60
"""Seconds. All windows begin at the same moments, so that what ended is dropped as a whole."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Whose requests are counted together, and how many of them a window allows."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True)
class Level:
    """What is left of a budget; ``reset`` is whole seconds to the window's end, at least 1."""

    limit: int
    remaining: int
    reset: int


class Limits:
    """Counts requests.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._window = 0
        self._spent: defaultdict[str, int] = defaultdict(int)
        self._emails: defaultdict[str, set[bytes]] = defaultdict(set)
        self._salt = secrets.token_bytes(16)

    def spend(self, budgets: list[Budget]) -> bool:
        """Takes one from every budget; false, and nothing taken, where one of them is used up."""
        self._turn()
        if any(self._spent[budget.name] >= budget.limit for budget in budgets):
            return False
        for budget in budgets:
            self._spent[budget.name] += 1
        return True

    def level(self, budgets: list[Budget]) -> Level:
        """The tightest of the budgets."""
        self._turn()
        left = {budget: max(budget.limit - self._spent[budget.name], 0) for budget in budgets}
        tightest = min(left, key=lambda budget: left[budget])
        return Level(tightest.limit, left[tightest], self.reset())

    def reset(self) -> int:
        """Whole seconds after which the window has ended: rounded up, so that who waits for them gets in."""
        return math.ceil(WINDOW - self._now() % WINDOW)

    def new_email(self, address: str, email: str, most: int) -> bool:
        """Whether a client may still claim this address: it may claim ``most`` different ones a window."""
        self._turn()
        named = self._emails[address]
        mark = hashlib.blake2b(email.encode(), digest_size=12, key=self._salt).digest()
        if mark not in named and len(named) >= most:
            return False
        named.add(mark)
        return True

    def address_name(self, address: str) -> str:
        """A client's address as a keyed hash, which lives no longer than this process; of IPv6 the /64."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            network = address
        else:
            found = getattr(found, "ipv4_mapped", None) or found
            network = str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
        return hashlib.blake2b(network.encode(), digest_size=12, key=self._salt).hexdigest()

    def _turn(self) -> None:
        window = int(self._now() // WINDOW)
        if window != self._window:
            self._window = window
            self._spent.clear()
            self._emails.clear()
