"""Rate limits: fixed windows of 60 s, exact across all processes and hosts (section 8 of the contract).

What a process may spend it holds as leases of MongoDB (``leases``), so that hardly a request waits for it. While
MongoDB is away the process goes on with its share (``contact``). All that is remembered of a window goes with it.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from typing import NamedTuple

from collector.access.contact import Contact
from collector.access.emails import Emails
from collector.access.leases import Budget, Leases
from collector.access.tally import Tally
from collector.access.windows import WINDOW, Window
from collector.metrics import Metrics
from collector.storage.health import Health
from collector.storage.limits import SharedLimits

__all__ = ["Budget", "Level", "Limits"]


class Level(NamedTuple):
    """What is left of a budget; ``reset`` is whole seconds to the window's end, at least 1."""

    limit: int
    remaining: int
    reset: int


class Limits:
    """Counts requests.

    Args:
        now: seconds since 1970.
        secret: 32 bytes, the same on every host of a database, which key the hashes of clients; asked for each time.
        store: what all processes share.
        health: whether MongoDB is taken to be there.
        metrics: what is counted.
        processes: how many collectors are at work on the database.
    """

    def __init__(
        self,
        now: Callable[[], float],
        secret: Callable[[], bytes],
        store: SharedLimits,
        health: Health,
        metrics: Metrics,
        processes: Callable[[], int] = lambda: 1,
    ) -> None:
        self._now = now
        self._secret = secret
        self._metrics = metrics
        self._contact = Contact(store, health, processes, metrics)
        self._open(now())
        metrics.watch("limiter_entries", "Budgets and clients that are remembered", self._entries)

    def try_spend(self, budgets: Sequence[Budget]) -> bool | None:
        """Takes the cost of every budget at once, or nothing: false where one of them is used up, None where MongoDB
        must be asked (``spend``)."""
        self._turn()
        leases = self._leases
        for place, budget in enumerate(budgets):
            if not leases.take(budget):
                for taken in budgets[:place]:
                    leases.give_back(taken)
                return self._undecided(budgets)
        return True

    async def spend(self, budgets: Sequence[Budget]) -> bool:
        """Takes the cost of every budget; false, and nothing taken, where one of them is used up. Waits only where a
        lease has run out."""
        while (verdict := self.try_spend(budgets)) is None:
            await self._leases.fill(budgets)
        return verdict

    def level(self, budgets: Sequence[Budget]) -> Level:
        """The tightest of the budgets, as far as this process knows."""
        now = self._turn()
        tightest, least = budgets[0], self._leases.remaining(budgets[0])
        for budget in budgets[1:]:
            if (remaining := self._leases.remaining(budget)) < least:
                tightest, least = budget, remaining
        return Level(tightest.limit, max(least, 0), self._window.left(now))

    def reset(self) -> int:
        """Whole seconds after which the window has ended: rounded up, so that who waits for them gets in."""
        return self._window.left(self._turn())

    async def new_emails(self, client: str, emails: Sequence[str], most: int) -> set[str]:
        """Those of the addresses that a client may claim: the first ``most`` different ones of the window, in the order
        given. One round trip for those that this process has not met, none for the others."""
        self._turn()
        return await self._emails.allowed(client, emails, most)

    def address_name(self, address: str) -> str:
        """A client's address as a keyed hash, the same on all hosts; of IPv6 the /64. It is what a process calls the
        client while it answers: MongoDB is given another, which lives as long as its window."""
        network = address if ":" not in address else _network(address)
        key = self._secret()
        return hashlib.blake2b(network.encode(), digest_size=12, key=key, person=b"client").hexdigest()

    async def close(self) -> None:
        """Returns once nothing is under way."""
        await self._contact.close()

    def _undecided(self, budgets: Sequence[Budget]) -> bool | None:
        """None where leases may help, else false."""
        open_ = all(self._leases.remaining(budget) >= budget.cost for budget in budgets)
        if open_ and not self._contact.away:
            return None
        self._metrics.limit_denials.inc()
        return False

    def _turn(self) -> float:
        """Begins another window if it is time to; the time."""
        now = self._now()
        if not self._window.start <= now < self._window.end:
            self._open(now)
        return now

    def _open(self, now: float) -> None:
        self._window = Window(int(now // WINDOW), self._secret)
        self._leases = Leases(self._window, self._contact, self._now, Tally())
        self._emails = Emails(self._window, self._contact, self._now)

    def _entries(self) -> int:
        return len(self._leases) + len(self._emails)


def _network(address: str) -> str:
    """What counts as one client: an address, of IPv6 its /64; what is no address as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
