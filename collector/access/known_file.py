"""The file in which a process keeps what it knows, for outages and for starts in one: ``known.json``, mode 600.

It holds digests of keys and sessions, never their texts, no password, no address and no name. A checksum tells whether
it is as it was written.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from collector.model import Caller, Key, MailingList, User
from collector.storage.opening import Deployment

log = logging.getLogger("collector.access")

FILE = "known.json"
_VERSION = 1

Name = tuple[str, str | int]
"""``("key", digest)``, ``("session", digest)``, ``("list", id)``."""


@dataclass(slots=True)
class Entry:
    """Something that MongoDB has said.

    ``confirmed`` is when it did last, ``expires`` when a session ends, ``written`` when what the file says was
    confirmed; all in seconds since 1970. ``due`` and ``until`` are seconds of the monotonic clock: from the one on
    MongoDB is asked again, until the other its answer is believed meanwhile.
    """

    name: Name
    value: Any
    confirmed: float
    expires: float | None = None
    written: float = 0.0
    due: float = 0.0
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says: of which MongoDB, and what that has said."""

    deployment: Deployment
    entries: list[Entry] = field(default_factory=list)


def read(path: Path) -> Content | None:
    """What a file says; None where there is none, or it is damaged, which is logged. It blocks."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s cannot be read, and is ignored: %s", path, error.strerror)
        return None
    try:
        return _content(raw)
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s is damaged or none of ours, and is ignored", path)
        return None


def write(path: Path, content: Content) -> None:
    """Replaces a file as a whole; it is on disk when this returns.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(_packed(content))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def hand_over(place: Path, heir: Path) -> None:
    """Moves the file of a process that will not run again to the directory of another. It blocks."""
    with suppress(FileNotFoundError):
        (place / FILE).replace(heir / f"known-{place.name}.json")


def files(slots: Path) -> list[Path]:
    """The files of all processes of this host, the newest first. It blocks.

    Args:
        slots: where each process has a directory for what it keeps for itself.
    """
    found: list[tuple[int, Path]] = []
    for path in slots.glob("*/known*.json"):
        with suppress(OSError):
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


def remembered(slots: Path, address: str) -> Deployment | None:
    """What the processes of this host know of the MongoDB at an address (``address_of``). It blocks.

    Args:
        slots: where each process has a directory for what it keeps for itself.
    """
    for path in files(slots):
        content = read(path)
        if content and content.deployment.address == address:
            return content.deployment
    return None


def _packed(content: Content) -> bytes:
    known = {
        "version": _VERSION,
        "deployment": {
            "address": content.deployment.address,
            "secret": content.deployment.secret.hex(),
            "standalone": content.deployment.standalone,
        },
        "entries": [_row(entry) for entry in content.entries],
    }
    return orjson.dumps({"checksum": _checksum(known), "known": known}) + b"\n"


def _content(raw: bytes) -> Content:
    packed = orjson.loads(raw)
    known = packed["known"]
    if packed["checksum"] != _checksum(known) or known["version"] != _VERSION:
        raise ValueError("not as it was written, or by another version")
    row = known["deployment"]
    deployment = Deployment(row["address"], bytes.fromhex(row["secret"]), row["standalone"])
    return Content(deployment, [_entry(row) for row in known["entries"]])


def _checksum(known: Any) -> str:
    return hashlib.sha256(orjson.dumps(known)).hexdigest()


def _row(entry: Entry) -> dict[str, Any]:
    kind, name = entry.name
    row = {"kind": kind, "name": name, "confirmed": entry.confirmed, "expires": entry.expires}
    return row | (_list_row(entry.value) if kind == "list" else _caller_row(entry.value))


def _entry(row: dict[str, Any]) -> Entry:
    kind, confirmed = row["kind"], float(row["confirmed"])
    value = _list(row) if kind == "list" else _caller(row)
    return Entry((kind, row["name"]), value, confirmed, row["expires"], written=confirmed)


def _caller_row(caller: Caller) -> dict[str, Any]:
    row = {"user": caller.user.id, "permissions": sorted(caller.permissions)}
    if caller.key is None:
        return row
    key = caller.key
    return row | {
        "prefix": key.prefix,
        "trust": key.trust,
        "list": key.list_id,
        "origins": list(key.origins),
        "rate_limit": key.rate_limit,
    }


def _caller(row: dict[str, Any]) -> Caller:
    permissions = frozenset(row["permissions"])
    user = User(row["user"], "", permissions)
    if row["kind"] == "session":
        return Caller(user, permissions)
    origins = tuple(row["origins"])
    key = Key(row["prefix"], user.id, row["trust"], permissions, row["list"], origins, row["rate_limit"])
    return Caller(user, permissions, key)


def _list_row(found: MailingList) -> dict[str, Any]:
    return {"user": found.user_id, "retention_days": found.retention_days, "time_zone": found.time_zone}


def _list(row: dict[str, Any]) -> MailingList:
    # Which a file that an older version has written does not say.
    return MailingList(row["name"], row["user"], "", row["retention_days"], row.get("time_zone") or "UTC")


def lately(entries: Iterable[Entry], now: float, seconds: float) -> list[Entry]:
    """Those that were confirmed within so many seconds; what a wrong clock has put into the future, just now."""
    found = [entry for entry in entries if now - entry.confirmed < seconds]
    for entry in found:
        entry.confirmed = min(entry.confirmed, now)
    return found
