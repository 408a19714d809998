"""How many different addresses a client may claim in a window (section 8 of the contract)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from collector.access.contact import Contact
from collector.access.windows import MARK_BYTES, Window

MOST_CLIENTS = 5_000


class Named:
    """What a client has claimed: ``marks`` of its addresses, one after the other; ``full`` where there can be no more;
    ``wanted`` the marks that requests wait for, ``asking`` the round trip that they share."""

    __slots__ = ("asking", "full", "marks", "wanted")

    def __init__(self) -> None:
        self.marks = b""
        self.full = False
        self.wanted: list[bytes] = []
        self.asking: asyncio.Task[None] | None = None

    def unknown(self, marks: Iterable[bytes]) -> list[bytes]:
        """Those of which it is not known whether they may be claimed, each once."""
        return [] if self.full else [mark for mark in dict.fromkeys(marks) if mark not in self.marks]

    def each(self) -> list[bytes]:
        """The marks, in order."""
        return [self.marks[start:][:MARK_BYTES] for start in range(0, len(self.marks), MARK_BYTES)]


class Emails:
    """The claims of all clients in one window. MongoDB is asked once for each client and address that are new to the
    process, be the subscriber known or not.

    Args:
        window: which.
        contact: MongoDB.
        now: seconds since 1970.
        most_clients: those that are remembered. One that is forgotten is asked for again.
    """

    def __init__(
        self, window: Window, contact: Contact, now: Callable[[], float], most_clients: int = MOST_CLIENTS
    ) -> None:
        self._window = window
        self._contact = contact
        self._now = now
        self._most_clients = most_clients
        self._clients: dict[str, Named] = {}

    def __len__(self) -> int:
        return len(self._clients)

    async def allowed(self, client: str, emails: Sequence[str], most: int) -> set[str]:
        """Those of the addresses that the client may claim: the first ``most`` different ones of the window."""
        marks = {email: self._window.mark(email) for email in emails}
        named = self._named(client)
        while unknown := named.unknown(marks.values()):
            if self._contact.away:
                self._allow_share(client, named, unknown, most)
                break
            named.wanted += unknown
            await asyncio.wait({named.asking or self._ask(client, named, most)})
        return {email for email, mark in marks.items() if mark in named.marks}

    def _named(self, client: str) -> Named:
        named = self._clients.get(client)
        if named is None:
            if len(self._clients) >= self._most_clients:
                del self._clients[next(iter(self._clients))]
            named = self._clients[client] = Named()
        return named

    def _allow_share(self, client: str, named: Named, unknown: Sequence[bytes], most: int) -> None:
        """Lets a client claim this process's part while it cannot ask. MongoDB hears of it with the next ask."""
        room = self._contact.share(most) - len(named.marks) // MARK_BYTES
        named.marks += b"".join(unknown[: max(room, 0)])
        if named.asking is None and self._contact.due():
            self._ask(client, named, most)

    def _ask(self, client: str, named: Named, most: int) -> asyncio.Task[None]:
        named.asking = task = self._contact.start(self._claim(client, named, most))
        return task

    async def _claim(self, client: str, named: Named, most: int) -> None:
        """One round trip, for all that want one when it starts."""
        wanted, named.wanted = named.wanted, []
        key, left = self._window.name(f"emails/{client}"), self._window.left(self._now())
        marks = list(dict.fromkeys([*named.each(), *wanted]))
        try:
            known = await self._contact.ask(self._contact.store.claim(key, marks, most, left))
        finally:
            named.asking = None
        if known is not None:
            named.marks = b"".join(known)
            named.full = len(known) >= most
