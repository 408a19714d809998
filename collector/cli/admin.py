"""``footfall user``, ``list``, ``key``, ``catalog`` and ``bootstrap``: a function a command, from arguments to what is
printed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from collector.access.administration import Administration
from collector.access.tokens import prefix
from collector.catalog.caps import Caps
from collector.catalog.rebuild import Rebuild
from collector.cli.demo import bootstrap as make_demo
from collector.config import Settings
from collector.errors import StartupError
from collector.storage.connection import Store

Rows = list[dict[str, Any]]
Work = Callable[[Store, argparse.Namespace, Settings], Awaitable[dict[str, Any] | Rows]]


async def bootstrap(store: Store, _arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """The demo user, list and keys."""
    return asdict(await make_demo(store, settings.data_dir))


async def user_create(store: Store, arguments: argparse.Namespace, _settings: Settings) -> dict[str, Any]:
    """A new user; the password is printed where it was made here."""
    given = _read_password() if arguments.password_stdin else None
    user, password = await Administration(store).create_user(arguments.name, arguments.permissions, given)
    made = {"id": user.id, "name": user.name, "permissions": sorted(user.permissions)}
    return made if arguments.password_stdin else {**made, "password": password}


async def user_list(store: Store, _arguments: argparse.Namespace, _settings: Settings) -> Rows:
    """All users."""
    users = await store.users.all()
    return [{"id": user.id, "name": user.name, "permissions": sorted(user.permissions)} for user in users]


async def list_create(store: Store, arguments: argparse.Namespace, _settings: Settings) -> dict[str, Any]:
    """A new list."""
    made = await Administration(store).create_list(arguments.name, arguments.user, arguments.retention)
    return {"id": made.id, "name": made.name, "user": arguments.user, "retention_days": made.retention_days}


async def list_list(store: Store, _arguments: argparse.Namespace, _settings: Settings) -> Rows:
    """All lists."""
    names = {user.id: user.name for user in await store.users.all()}
    return [
        {"id": row.id, "name": row.name, "user": names.get(row.user_id), "retention_days": row.retention_days}
        for row in await store.lists.all()
    ]


async def key_create(store: Store, arguments: argparse.Namespace, _settings: Settings) -> dict[str, Any]:
    """A new key, shown this once."""
    administration = Administration(store)
    if arguments.public:
        text, key = await administration.create_public_key(
            arguments.user, arguments.list, arguments.origin or (), arguments.rate_limit
        )
    else:
        text, key = await administration.create_secret_key(
            arguments.user, arguments.permissions, arguments.list, arguments.rate_limit
        )
    return {"key": text, "prefix": key.prefix}


async def key_list(store: Store, _arguments: argparse.Namespace, _settings: Settings) -> Rows:
    """All keys, by their prefixes."""
    users = {user.id: user for user in await store.users.all()}
    return [
        {
            "prefix": row.key.prefix,
            "kind": row.key.trust,
            "user": users[row.key.user_id].name if row.key.user_id in users else None,
            "permissions": sorted(row.key.permissions),
            "list_id": row.key.list_id,
            "origins": list(row.key.origins),
            "rate_limit": row.key.rate_limit,
            "created": _moment(row.created),
            "last_used": _moment(row.last_used),
            "revoked": row.revoked,
        }
        for row in await store.keys.all(users)
    ]


async def key_revoke(store: Store, arguments: argparse.Namespace, _settings: Settings) -> dict[str, Any]:
    """Ends a key."""
    named = prefix(arguments.prefix)  # who pastes the whole key means it too, and does not want to see it again
    await Administration(store).revoke_key(named)
    return {"prefix": named, "revoked": True}


async def catalog_rebuild(store: Store, _arguments: argparse.Namespace, _settings: Settings) -> dict[str, Any]:
    """The catalog made anew."""
    return {"entries": await Rebuild(store.catalog, store.counts, store.writers, Caps()).run()}


def _read_password() -> str:
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise StartupError("The password is not text in UTF-8") from error


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
