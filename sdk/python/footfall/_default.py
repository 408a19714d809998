"""The functions of the package: one client for the process, made at the first call from the environment."""

from __future__ import annotations

import threading
from functools import wraps
from types import MethodType
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from ._client import Client
from ._drops import logger
from ._exit import flush_all
from ._ids import event_ids

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])
_lock = threading.Lock()
_clients: list[Client] = []
_told: list[bool] = []
_recording: list[bool] = []


def configure(url: str | None = None, key: str | None = None, **options: Any) -> Client:
    """Make the client that ``footfall.track`` and the others use, of the arguments of ``Client``; the last counts.

    Within ``footfall.testing.recording`` it is the one that records. Raises ValueError, as ``Client`` does.
    """
    client = Client(url, key, **options)
    with _lock:
        if _recording:
            return _clients[0]
        _clients[:] = [client]
    return client


def replace(clients: list[Client], is_recording: bool) -> tuple[list[Client], bool]:
    """Have the functions of the package use *clients*, one or none. Returns what they used before, to be given back."""
    with _lock:
        before = (list(_clients), bool(_recording))
        _clients[:], _recording[:] = clients, [True] if is_recording else []
    return before


def default_client() -> Client:
    """That client. Raises ValueError where neither ``configure`` nor the environment says which collector and key."""
    return _clients[0] if _clients else configure()


def _known() -> Client | None:
    """The client; None where no collector is configured, of which the log has a word."""
    try:
        return default_client()
    except ValueError as fault:
        if not _told:
            _told.append(True)
            logger.error("Nothing is tracked: set FOOTFALL_URL and FOOTFALL_KEY, or call footfall.configure: %s", fault)
        return None


def _tracking(method: Callable[Concatenate[Client, P], str]) -> Callable[P, str]:
    """*method* of the process's client; a fresh id where there is none."""

    def call(*arguments: P.args, **options: P.kwargs) -> str:
        client = _known()
        return event_ids.next() if client is None else method(client, *arguments, **options)

    return _alike(call, method)


def _asking(method: Callable[Concatenate[Client, P], Result]) -> Callable[P, Result]:
    """*method* of the process's client. Raises ValueError where there is none."""

    def call(*arguments: P.args, **options: P.kwargs) -> Result:
        return method(default_client(), *arguments, **options)

    return _alike(call, method)


def _alike(call: Function, method: Callable[..., Any]) -> Function:
    call.__name__ = call.__qualname__ = method.__name__
    call.__module__, call.__doc__ = "footfall", method.__doc__
    call.__wrapped__ = MethodType(method, Client)  # type: ignore[attr-defined]  # its signature is without self
    return call


track = _tracking(Client.track)
page = _tracking(Client.page)
identify = _tracking(Client.identify)
conversion = _tracking(Client.conversion)
track_now = _asking(Client.track_now)
atrack_now = _asking(Client.atrack_now)


def flush(timeout: float = 10.0) -> bool:
    """``Client.flush`` of the process's client; True where there is none yet."""
    return _clients[0].flush(timeout) if _clients else True


def close(timeout: float = 2.0) -> bool:
    """``Client.close`` of the process's client; True where there is none yet."""
    return _clients[0].close(timeout) if _clients else True


def flushes(function: Function) -> Function:
    """*function*, a serverless handler, with what it tracked sent before it returns: afterwards its process is frozen.

    All clients of the process are flushed, for at most two seconds.
    """

    from inspect import iscoroutinefunction  # noqa: PLC0415 (5 ms for a decorator that few use)

    @wraps(function)
    def handle(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        finally:
            flush_all(2.0)

    @wraps(function)
    async def handle_async(*arguments: Any, **options: Any) -> Any:
        import asyncio  # noqa: PLC0415 (25 ms that only those pay who have it imported already)

        try:
            return await function(*arguments, **options)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, flush_all, 2.0)

    return cast("Function", handle_async if iscoroutinefunction(function) else handle)
