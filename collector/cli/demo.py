"""The demo: a user, a list, a secret and a public key, made once and kept in the data directory."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from collector.access.administration import Administration
from collector.access.tokens import digest
from collector.errors import StartupError
from collector.storage.connection import Store

USER = "demo"
LIST = "Demo"
LOOPBACK = ("http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*")


@dataclass(frozen=True, slots=True)
class Demo:
    """What ``demo.json`` holds."""

    user: str
    password: str
    list_id: int
    secret_key: str
    public_key: str


def read_demo(data_dir: Path) -> Demo | None:
    """The demo of a data directory, None where there is none yet."""
    try:
        return Demo(**json.loads((data_dir / "demo.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StartupError(f"{data_dir / 'demo.json'} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise StartupError(f"{data_dir / 'demo.json'} is damaged: remove it, and bootstrap makes another") from error


async def bootstrap(store: Store, data_dir: Path) -> Demo:
    """The demo: what there is, or, where this database does not know it, a new one.

    Raises:
        StartupError: its file cannot be read or written, or there is none, and MongoDB is away.
    """
    demo = read_demo(data_dir)
    if store.health.away:
        if demo is None:
            raise StartupError("There is no demo yet, and MongoDB, which makes one, is away")
        return demo
    if demo is None or not await _known(store, demo):
        demo = await _make(store)
        try:
            _keep(data_dir, demo)
        except OSError as error:
            raise StartupError(f"{data_dir / 'demo.json'} cannot be written: {error.strerror}") from error
    return demo


async def _known(store: Store, demo: Demo) -> bool:
    keys = [await store.keys.find(digest(key)) for key in (demo.secret_key, demo.public_key)]
    return all(keys) and await store.users.find(demo.user) is not None


async def _make(store: Store) -> Demo:
    administration, password = Administration(store), secrets.token_urlsafe(12)
    found = await store.users.find(USER)
    if found:  # the demo of another data directory: its password is not known here
        user = found[0]
        await administration.set_password(user, password)
    else:
        user, _ = await administration.create_user(USER, password=password)
    lists = [row.id for row in await store.lists.all() if row.user_id == user.id and row.name == LIST]
    list_id = lists[0] if lists else (await administration.create_list(LIST, USER)).id
    secret_key, _ = await administration.create_secret_key(USER, list_id=list_id)
    public_key, _ = await administration.create_public_key(USER, list_id, LOOPBACK)
    return Demo(USER, password, list_id, secret_key, public_key)


def _keep(data_dir: Path, demo: Demo) -> None:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = data_dir / f"demo.json.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(demo), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(data_dir / "demo.json")
