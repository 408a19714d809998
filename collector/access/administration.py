"""Making users, lists and keys: what the command line and the console offer, checked in one place."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from zoneinfo import available_timezones

from collector.access.origins import read_pattern
from collector.access.passwords import Passwords
from collector.access.tokens import digest, new_token, prefix
from collector.errors import StartupError
from collector.model import PERMISSIONS, TRACK, Key, MailingList, User
from collector.storage.connection import Store
from collector.storage.users import NameTaken

_LONGEST_NAME = 200
_LONGEST_PASSWORD = 1_000  # what user.login takes
_MOST_RETENTION_DAYS = 36_500
_MOST_ORIGINS = 100


class Administration:
    """Makes and ends users, lists and keys.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._passwords = Passwords()

    async def create_user(
        self, name: str, permissions: Iterable[str] | None = None, password: str | None = None
    ) -> tuple[User, str]:
        """A new user, with the password; one is made where none is given. Without permissions: all of them.

        Raises:
            StartupError: a name that is taken or no name, an unknown permission, an empty or too long a password.
        """
        name = checked_name(name)
        granted = PERMISSIONS if permissions is None else read_permissions(permissions)
        password = secrets.token_urlsafe(12) if password is None else password
        user = User(await self._store.meta.next_id("users"), name, granted)
        try:
            await self._store.users.add(user, await self._hash(password))
        except NameTaken as error:
            raise StartupError(f"There is a user {name!r} already") from error
        return user, password

    async def set_password(self, user: User, password: str) -> None:
        """Gives a user another password."""
        await self._store.users.set_password(user.id, await self._hash(password))

    async def create_list(
        self, name: str, user_name: str, retention_days: int | None = None, time_zone: str = "UTC"
    ) -> MailingList:
        """A new list of a user.

        Raises:
            StartupError: no such user, no name, a retention that is no positive number of days, or no time zone.
        """
        user = await self.user_named(user_name)
        if retention_days is not None and not 0 < retention_days <= _MOST_RETENTION_DAYS:
            raise StartupError(f"A retention is 1 to {_MOST_RETENTION_DAYS} days")
        name, time_zone = checked_name(name), checked_zone(time_zone)
        made = MailingList(await self._store.meta.next_id("lists"), user.id, name, retention_days, time_zone)
        await self._store.lists.add(made)
        return made

    async def update_list(
        self, mailing_list: MailingList, name: str | None = None, time_zone: str | None = None
    ) -> MailingList:
        """A list with another name, time zone, or both.

        Raises:
            StartupError: no name, or no time zone.
        """
        changed = replace(
            mailing_list,
            name=mailing_list.name if name is None else checked_name(name),
            time_zone=mailing_list.time_zone if time_zone is None else checked_zone(time_zone),
        )
        await self._store.lists.set(changed)
        return changed

    async def create_secret_key(
        self,
        user_name: str,
        permissions: Iterable[str] | None = None,
        list_id: int | None = None,
        rate_limit: int | None = None,
    ) -> tuple[str, Key]:
        """A key for a server, as text, and what is kept of it.

        Raises:
            StartupError: no such user or list, or a permission that the user does not have.
        """
        user = await self.user_named(user_name)
        granted = None if permissions is None else read_permissions(permissions)
        if granted and not granted <= user.permissions:
            raise StartupError(f"The user has no permission {', '.join(sorted(granted - user.permissions))}")
        if list_id is not None:
            await self._own_list(list_id, user)
        text = new_token("sk")
        key = Key(
            prefix(text),
            user.id,
            "secret",
            user.permissions if granted is None else granted,
            list_id,
            (),
            _limit(rate_limit),
        )
        await self._store.keys.add(digest(text), key, granted)
        return text, key

    async def create_public_key(
        self, user_name: str, list_id: int, origins: Iterable[str], rate_limit: int | None = None
    ) -> tuple[str, Key]:
        """A key for the pages of these origins, as text, and what is kept of it.

        Raises:
            StartupError: no such user or list, or what is no origin.
        """
        user = await self.user_named(user_name)
        await self._own_list(list_id, user)
        patterns = checked_origins(origins)
        text, granted = new_token("pk"), frozenset({TRACK})
        key = Key(prefix(text), user.id, "public", granted, list_id, patterns, _limit(rate_limit))
        await self._store.keys.add(digest(text), key, granted)
        return text, key

    async def set_origins(self, key: Key, origins: Iterable[str]) -> tuple[str, ...]:
        """Gives a public key the origins of other pages; every process knows within 5 s.

        Raises:
            StartupError: what is no origin, or none at all.
        """
        patterns = checked_origins(origins)
        await self._store.keys.set_origins(key.prefix, patterns)
        return patterns

    async def revoke_key(self, key_prefix: str) -> None:
        """Ends a key; every process knows within 5 s.

        Raises:
            StartupError: there is none of this prefix, or it has ended before.
        """
        if not await self._store.keys.revoke(key_prefix):
            raise StartupError(f"There is no key {key_prefix!r} that could be revoked")

    async def user_named(self, name: str) -> User:
        """The user of a name.

        Raises:
            StartupError: there is none.
        """
        found = await self._store.users.find(name)
        if found is None:
            raise StartupError(f"There is no user {name!r}")
        return found[0]

    async def _own_list(self, list_id: int, user: User) -> MailingList:
        found = await self._store.lists.get(list_id)
        if found is None or found.user_id != user.id:
            raise StartupError(f"The user {user.name!r} has no list {list_id}")
        return found

    async def _hash(self, password: str) -> str:
        if not 0 < len(password) <= _LONGEST_PASSWORD:
            raise StartupError(f"A password is 1 to {_LONGEST_PASSWORD} characters")
        return await self._passwords.hash(password)


def read_permissions(names: Iterable[str]) -> frozenset[str]:
    """Permissions by their names.

    Raises:
        StartupError: one is unknown.
    """
    wanted = frozenset(name.strip() for name in names)
    if unknown := wanted - PERMISSIONS:
        known = ", ".join(sorted(PERMISSIONS))
        raise StartupError(f"Unknown permission {', '.join(sorted(unknown))}: there are {known}")
    return wanted


def checked_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """The origins of a public key in their compared form.

    Raises:
        StartupError: one is none, there are none, or too many.
    """
    try:
        patterns = tuple(dict.fromkeys(read_pattern(origin) for origin in origins))
    except ValueError as error:
        raise StartupError(str(error)) from error
    if not patterns:
        raise StartupError("A public key needs the origin of its pages: --origin https://www.example.com")
    if len(patterns) > _MOST_ORIGINS:
        raise StartupError(f"A public key has {_MOST_ORIGINS} origins at most")
    return patterns


def checked_zone(name: str) -> str:
    """A time zone by its IANA name.

    Raises:
        StartupError: there is none of this name.
    """
    if name != "UTC" and name not in _zones():
        raise StartupError(f"There is no time zone {name!r}: use a name such as Europe/Berlin")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_name(name: str) -> str:
    """The name of a user or list, trimmed.

    Raises:
        StartupError: it is empty, too long, or holds what cannot be shown.
    """
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise StartupError(f"A name is 1 to {_LONGEST_NAME} printable characters")
    return name


def _limit(rate_limit: int | None) -> int | None:
    if rate_limit is not None and rate_limit < 1:
        raise StartupError("A rate limit is 1 or more requests a 60 s")
    return rate_limit
