"""The functions of the package: one client for the process, made at the first call from the environment."""

from __future__ import annotations

import threading
from functools import wraps
from typing import Any, Callable, TypeVar, cast

from ._client import Client
from ._drops import logger
from ._ids import event_ids
from ._verdict import Verdict

Function = TypeVar("Function", bound=Callable[..., Any])
_lock = threading.Lock()
_clients: list[Client] = []
_told: list[bool] = []


def configure(url: str | None = None, key: str | None = None, **options: Any) -> Client:
    """Make the client that ``footfall.track`` and the others use, of the arguments of ``Client``; the last counts.

    Raises ValueError, as ``Client`` does.
    """
    client = Client(url, key, **options)
    with _lock:
        _clients[:] = [client]
    return client


def default_client() -> Client:
    """That client. Raises ValueError where neither ``configure`` nor the environment says which collector and key."""
    return _clients[0] if _clients else configure()


def track(event: str, *arguments: Any, **options: Any) -> str:
    """``Client.track`` of the process's client."""
    return _called("track", event, *arguments, **options)


def page(*arguments: Any, **options: Any) -> str:
    """``Client.page`` of the process's client."""
    return _called("page", *arguments, **options)


def identify(*arguments: Any, **options: Any) -> str:
    """``Client.identify`` of the process's client."""
    return _called("identify", *arguments, **options)


def conversion(*arguments: Any, **options: Any) -> str:
    """``Client.conversion`` of the process's client."""
    return _called("conversion", *arguments, **options)


def track_now(event: str, *arguments: Any, **options: Any) -> Verdict:
    """``Client.track_now`` of the process's client."""
    return default_client().track_now(event, *arguments, **options)


async def atrack_now(event: str, *arguments: Any, **options: Any) -> Verdict:
    """``Client.atrack_now`` of the process's client."""
    return await default_client().atrack_now(event, *arguments, **options)


def flush(timeout: float = 10.0) -> bool:
    """``Client.flush`` of the process's client; True where there is none yet."""
    return _clients[0].flush(timeout) if _clients else True


def close(timeout: float = 2.0) -> bool:
    """``Client.close`` of the process's client; True where there is none yet."""
    return _clients[0].close(timeout) if _clients else True


def flushes(function: Function) -> Function:
    """*function*, a serverless handler, with what it tracked sent before it returns: afterwards its process is frozen.

    The process's client is flushed, for at most two seconds.
    """

    from inspect import iscoroutinefunction  # noqa: PLC0415 (5 ms for a decorator that few use)

    @wraps(function)
    def handle(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        finally:
            flush(2.0)

    @wraps(function)
    async def handle_async(*arguments: Any, **options: Any) -> Any:
        import asyncio  # noqa: PLC0415 (25 ms that only those pay who have it imported already)

        try:
            return await function(*arguments, **options)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, flush, 2.0)

    return cast("Function", handle_async if iscoroutinefunction(function) else handle)


def _called(method: str, *arguments: Any, **options: Any) -> str:
    """The id that *method* returns; a fresh one, and a word in the log, where no collector is configured."""
    try:
        client = default_client()
    except ValueError as fault:
        if not _told:
            _told.append(True)
            logger.error("Nothing is tracked: set FOOTFALL_URL and FOOTFALL_KEY, or call footfall.configure: %s", fault)
        return event_ids.next()
    return str(getattr(client, method)(*arguments, **options))
