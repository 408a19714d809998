"""The nouns of Footfall, as typed frozen classes. Nothing here knows HTTP or MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

TRACK = "Events.Track"
READ = "Subscribers.Get"
PERMISSIONS = frozenset({TRACK, READ})

ORIGIN_UNKNOWN = "origin_unknown"
BOT = "bot"
MARKS = (ORIGIN_UNKNOWN, BOT)
"""What may be noted on an event, each as a field of its own."""

Trust = Literal["secret", "public"]
"""How far to believe an event, a link or a trait: known by a server, or claimed in a page (section 3)."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """Who owns lists and keys."""

    id: int
    name: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class MailingList:
    """A list of subscribers. ``retention_days`` is how long its events are kept, None for ever; ``time_zone`` the IANA
    name of the zone whose days are its days."""

    id: int
    user_id: int
    name: str
    retention_days: int | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, without the key: only its hash is kept, and the prefix by which people name it."""

    prefix: str
    user_id: int
    trust: Trust
    permissions: frozenset[str]
    list_id: int | None = None
    origins: tuple[str, ...] = ()
    rate_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request comes from, once its key or session is known (section 3 of the contract)."""

    user: User
    permissions: frozenset[str]
    key: Key | None = None

    @property
    def trust(self) -> Trust:
        """A session is as good as a secret key."""
        return self.key.trust if self.key else "secret"


@dataclass(slots=True)  # not frozen, which makes it three times as slow to make; it is never changed all the same
class Event:
    """One event that has been admitted: parsed, checked, and given its place; nothing in it is raw any more.

    ``id`` is the unique ``_id`` on which storing once rests; ``scope`` is the list (``l12``), or the user where no
    list was given (``u3``); ``visitor`` the UUID of section 5; ``email`` and ``external_id`` are what the event says
    of its subscriber, ``claims`` whether it may name one by them. ``time`` is the corrected time, ``received`` the
    server's, ``timestamp`` and ``sent_at`` what the client sent; ``agent`` the visitor's browser, system and kind of
    device (``browser``, ``os``, ``device_type``), as far as a page's user agent names them.
    """

    id: str
    scope: str
    user_id: int
    list_id: int | None
    name: str
    properties: Mapping[str, Any]
    visitor: str
    time: datetime
    received: datetime
    trust: Trust
    email: str | None = None
    external_id: str | None = None
    event_id: str | None = None
    timestamp: Any = None
    sent_at: Any = None
    key: str | None = None
    expire_at: datetime | None = None
    marks: tuple[str, ...] = field(default=())
    agent: Mapping[str, str] | None = None

    @property
    def identifies(self) -> bool:
        """Whether this is an explicit ``identify``, whose properties are traits."""
        return self.name == "identify"

    @property
    def names_id(self) -> str | None:
        """The ``ID`` that makes an identity: with a public key none does (section 3 of the contract)."""
        return self.external_id if self.trust == "secret" else None

    @property
    def names_somebody(self) -> bool:
        """Whether it says whose it is."""
        return self.email is not None or self.names_id is not None

    @property
    def traits(self) -> dict[str, Any]:
        """The subscriber's traits in an explicit identify; names that begin with ``$`` are context, not traits."""
        if not self.identifies:
            return {}
        return {name: value for name, value in self.properties.items() if not name.startswith("$")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event: whether it was stored before, and whether an identify event was."""

    duplicate: bool
    identified: bool


def list_scope(list_id: int) -> str:
    """The scope of a list: identities, visitors and events of one scope never meet those of another."""
    return f"l{list_id}"


def user_scope(user_id: int) -> str:
    """The scope of what a user tracks without a list."""
    return f"u{user_id}"
