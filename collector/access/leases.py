"""Leases of a window's budgets: what a process may spend without asking, and how it comes by more.

A name begins in the tally, with the little that may be spent unasked. Who spends more gets an account, which is filled
from MongoDB by the lease, ahead of the need where the limit is large; many requests that wait share one round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from collector.access.contact import Contact
from collector.access.tally import Tally
from collector.access.windows import Window
from collector.storage.limits import PART_OF_REST, Ask, Lease

MOST_ACCOUNTS = 10_000
_CHUNKS = 100
"""Into how many leases a limit goes."""
_REFILL_BELOW = 4
"""A lease of which less than this part is left is filled up in the background."""
_AT_A_TIME = 1_000


class Budget(NamedTuple):
    """Whose requests are counted together, how many of them a window allows, and how many this one counts for."""

    name: str
    limit: int
    cost: int = 1


class Account:
    """What a process has of one budget in one window.

    ``left`` may be spent without asking; ``spent`` is all that it has spent; ``charged`` what MongoDB holds to be its
    share; ``rest`` what nobody has taken, as far as is known. ``chunk`` is the size of its leases, and below ``low``
    it is filled up in the background. ``wanted`` is what requests wait for, ``asking`` the round trip that they share.
    """

    __slots__ = ("asking", "charged", "chunk", "known", "left", "low", "rest", "spent", "wanted")

    def __init__(self, rest: int, spent: int, chunk: int) -> None:
        self.left = self.low = self.charged = self.wanted = 0
        self.rest = rest
        self.spent = spent
        self.chunk = chunk
        self.known = False
        self.asking: asyncio.Task[None] | None = None

    def fill(self, limit: int, lease: Lease, since: int) -> None:
        """Enters a lease; ``since`` was spent while it was under way."""
        self.known = True
        self.charged = lease.share
        self.spent = lease.share - lease.held + since
        self.left = lease.held - since
        self.rest = max(limit - lease.taken, 0)
        self.low = min(self.chunk, self.rest // PART_OF_REST) // _REFILL_BELOW


class Leases:
    """What a process has of all budgets in one window.

    Args:
        window: which.
        contact: MongoDB.
        now: seconds since 1970.
        tally: counts what is spent unasked.
        most: accounts that are kept: those that leased last. One that is forgotten is remembered by MongoDB.
    """

    def __init__(
        self, window: Window, contact: Contact, now: Callable[[], float], tally: Tally, most: int = MOST_ACCOUNTS
    ) -> None:
        self._window = window
        self._contact = contact
        self._now = now
        self._tally = tally
        self._most = most
        self._accounts: dict[str, Account] = {}
        self._indebted = False

    def __len__(self) -> int:
        return len(self._accounts) + self._tally.names

    def take(self, budget: Budget) -> bool:
        """Spends what the process has; while MongoDB is away, of its share too."""
        account = self._accounts.get(budget.name)
        if account is None:
            if self._tally.add(budget.name, budget.cost, self._contact.unasked(budget.limit)):
                return True
        elif account.left >= budget.cost:
            account.left -= budget.cost
            account.spent += budget.cost
            if account.left < account.low and account.asking is None and not self._contact.away:
                self._ask(budget, account, 0)
            return True
        return self._contact.away and self._take_share(budget)

    def give_back(self, budget: Budget) -> None:
        """Undoes a ``take``: it stays with the process."""
        account = self._accounts.get(budget.name)
        if account is None:
            self._tally.take_back(budget.name, budget.cost)
        else:
            account.left += budget.cost
            account.spent -= budget.cost

    def remaining(self, budget: Budget) -> int:
        """What is left of a budget, as far as this process knows."""
        account = self._accounts.get(budget.name)
        if account is None:
            return budget.limit - self._tally.count(budget.name)
        return account.rest + account.left

    async def fill(self, budgets: Sequence[Budget]) -> None:
        """Waits for leases of those of which the process has too little."""
        short = [(budget, self._account(budget)) for budget in budgets if self._is_short(budget)]
        for budget, account in short:
            account.wanted += budget.cost
        try:
            await asyncio.wait({account.asking or self._ask(budget, account, budget.cost) for budget, account in short})
        finally:
            for budget, account in short:
                account.wanted -= budget.cost

    async def charge(self) -> None:
        """Charges what was spent while MongoDB was away."""
        self._indebted = False
        owing = [(name, account) for name, account in self._accounts.items() if account.spent > account.charged]
        for start in range(0, len(owing), _AT_A_TIME):
            rows = [(account, self._window.name(name), account.spent) for name, account in owing[start:][:_AT_A_TIME]]
            spent = [(key, amount) for _, key, amount in rows]
            work = self._contact.store.charge(self._contact.process, spent, self._window.left(self._now()))
            if await self._contact.ask(work) is None:
                self._indebted = True
                return
            for account, _, amount in rows:
                account.charged = max(account.charged, amount)

    def _is_short(self, budget: Budget) -> bool:
        account = self._accounts.get(budget.name)
        if account is not None:
            return account.left < budget.cost
        return not self._tally.fits(budget.name, budget.cost, self._contact.unasked(budget.limit))

    def _take_share(self, budget: Budget) -> bool:
        """Spends of what is this process's while it cannot ask, which it tries in the background now and then."""
        account = self._account(budget)
        if account.asking is None and self._contact.due():
            self._ask(budget, account, 0)
        share = self._contact.share(budget.limit)
        if budget.cost > account.rest + account.left or account.spent + budget.cost > share:
            return False
        account.spent += budget.cost
        account.rest -= budget.cost
        self._indebted = True
        return True

    def _account(self, budget: Budget) -> Account:
        """The account of a budget. Where there is no room for all it leases one by one, lest what it holds be lost each
        time that it is forgotten."""
        found = self._accounts.get(budget.name)
        if found is not None:
            return found
        full = len(self._accounts) >= self._most
        if full:
            del self._accounts[next(iter(self._accounts))]
        spent = self._tally.count(budget.name)
        account = Account(budget.limit - spent, spent, 0 if full else budget.limit // _CHUNKS)
        self._accounts[budget.name] = account
        return account

    def _ask(self, budget: Budget, account: Account, need: int) -> asyncio.Task[None]:
        account.asking = task = self._contact.start(self._lease(budget, account, need))
        return task

    async def _lease(self, budget: Budget, account: Account, need: int) -> None:
        """One round trip. It starts after all that found the last one to have brought too little have said so."""
        spent = account.spent
        left = self._window.left(self._now())
        ask = Ask(budget.limit, spent, not account.known, need, account.wanted, account.chunk, left)
        try:
            key = self._window.name(budget.name)
            lease = await self._contact.ask(self._contact.store.lease(key, self._contact.process, ask))
        finally:
            account.asking = None
        if lease is None:
            return
        account.fill(budget.limit, lease, account.spent - spent)
        if self._accounts.get(budget.name) is account:
            self._accounts[budget.name] = self._accounts.pop(budget.name)
        if self._indebted:
            self._contact.start(self.charge())
