"""``footfall snippet``: the tag for a page of a list."""

from __future__ import annotations

import argparse
from typing import Any

from collector.access.administration import Administration
from collector.access.tokens import digest
from collector.config import Settings
from collector.errors import StartupError
from collector.model import MailingList
from collector.resources import resource_dir
from collector.storage.connection import Store
from collector.web.scripts import Bundle, tags

_PLACE = "pk_…"
"""What stands for a key that was not given."""


async def snippet(store: Store, arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """The tag, the same pinned to this version, and with ``--noscript`` the image. A key is shown once, when it is
    made: it must be given, or is made here for the pages of ``--origin``, or is filled in by hand.

    Raises:
        StartupError: no such list, the key is none for its pages, or what is no origin.
    """
    found = await store.lists.get(arguments.list)
    if found is None:
        raise StartupError(f"There is no list {arguments.list}")
    made = await _key(store, found, arguments)
    lines = tags(
        Bundle(resource_dir("static")),
        arguments.url.rstrip("/"),
        made.get("key", arguments.key or _PLACE),
        settings.script_path,
        settings.event_path,
    )
    if not arguments.noscript:
        del lines["noscript"]
    return made | lines


async def _key(store: Store, mailing_list: MailingList, arguments: argparse.Namespace) -> dict[str, str]:
    """What is to be said of the key: a new one, or that one is missing; nothing of one that was given."""
    if arguments.origin:
        owner = next(user for user in await store.users.all() if user.id == mailing_list.user_id)
        text, key = await Administration(store).create_public_key(owner.name, mailing_list.id, arguments.origin)
        return {"key": text, "prefix": key.prefix}
    if not arguments.key:
        return {"missing": await _missing(store, mailing_list)}
    if not arguments.key.startswith("pk_"):
        raise StartupError("A page needs a public key: --origin https://www.example.com makes one")
    row = await store.keys.find(digest(arguments.key))
    if row is None or row.get("list_id") != mailing_list.id:
        raise StartupError(f"This is no key of list {mailing_list.id}")
    return {}


async def _missing(store: Store, mailing_list: MailingList) -> str:
    rows = await store.keys.all({user.id: user for user in await store.users.all()})
    known = [row.key.prefix for row in rows if row.key.list_id == mailing_list.id and not row.revoked]
    known = [prefix for prefix in known if prefix.startswith("pk_")]
    which = f"one of {', '.join(f'{prefix}…' for prefix in known)}, " if known else ""
    return (
        f"a key in place of {_PLACE}: {which}by --key, which was shown when it was made; "
        "or --origin https://www.example.com makes another for the pages of that site"
    )
