"""What a client is made of: its arguments, the environment, and what the collector allows."""

from __future__ import annotations

import os
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, TypedDict

from ._limits import Limits

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ._spool import Spool


class Others(TypedDict, total=False):
    """What ``track`` takes beside an event's name, its properties and an address."""

    id: str | int | None
    uuid: str | UUID | None
    list_id: int | None
    timestamp: datetime | float | str | None
    event_id: str | None
    is_test: bool | None


class Options(Others, total=False):
    """What ``track`` takes beside an event's name and its properties."""

    email: str | None


AROUND_EVENTS = 64
"""The bytes of a batch that are not its events: what stands around them, no more."""


def address_of(url: str | None, key: str | None, disabled: bool) -> tuple[str, str]:
    """Where to send, as given or from the environment. A disabled client needs neither."""
    url = url if url is not None else os.environ.get("FOOTFALL_URL", "")
    key = key if key is not None else os.environ.get("FOOTFALL_KEY", "")
    return (url or "http://disabled.invalid", key or "disabled") if disabled else (url, key)


def fitting(limits: Limits, key: str) -> Limits:
    """*limits* with no larger batches than the collector takes from *key* (sections 4 and 8 of the wire contract).

    Raises ValueError where nothing could be sent within *limits*.
    """
    for name, value in limits._asdict().items():
        least, most = (0, TIMEOUT_MAX) if name in {"interval", "exit_timeout"} else (1, float("inf"))
        if not least <= value <= most:
            raise ValueError(f"limits: {name}: {value!r}")
    events, size = (100, 256 << 10) if key.startswith("pk_") else (2000, 5 << 20)
    return limits._replace(
        batch_events=min(limits.batch_events, events), batch_bytes=min(limits.batch_bytes, size - AROUND_EVENTS)
    )


def spool_in(folder: str | os.PathLike[str] | None, megabytes: float, url: str, key: str) -> Spool | None:
    """The spool in *folder*, or where ``FOOTFALL_SPOOL`` says; None where neither names one.

    Raises ValueError where *megabytes* are none.
    """
    if not megabytes > 0:
        raise ValueError("spool_mb: a number above 0")
    named = os.fspath(os.environ.get("FOOTFALL_SPOOL", "") if folder is None else folder)
    if not named:
        return None
    from ._spool import Spool  # noqa: PLC0415 (only for those who have one)

    return Spool(named, int(megabytes * (1 << 20)), url, key)


def is_on(variable: str) -> bool:
    """Whether the environment's *variable* says yes."""
    return os.environ.get(variable, "").strip().lower() not in {"", "0", "false", "no", "off"}
