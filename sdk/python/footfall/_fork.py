"""A forked child shares nothing with its parent: not a socket, not a lock that another thread held, not a numbering."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """What has something to replace in a forked child."""

    def renew(self) -> None:
        """Runs in the child, before any other thread exists there."""


_renewables: WeakSet[Renewable] = WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Have *renewable* renewed in every child forked from now on, for as long as it lives."""
    _renewables.add(renewable)


def notice_fork() -> None:
    """Renew all where this process was forked without Python having been told, as uWSGI does unless it is asked to."""
    if _pids[-1] == os.getpid():
        return
    with _noticing:
        if _pids[-1] != os.getpid():
            _renew_all()


def _renew_all() -> None:
    for renewable in list(_renewables):
        renewable.renew()
    _pids.append(os.getpid())


def _in_child() -> None:
    with suppress(RuntimeError):  # where it was not told that a fork would come
        importing.release()
    _renew_all()


importing = threading.RLock()
"""Held around each import that waits until it is needed: a fork waits for its end. The child would wait for ever for a
module that another thread had begun to import, since that thread is not in it."""
_noticing = threading.Lock()
_pids = [os.getpid()]
"""The processes that this one descends from, itself the last."""
if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(before=importing.acquire, after_in_parent=importing.release, after_in_child=_in_child)
