"""What the driver raises, in Footfall's words: nobody outside of ``storage`` knows pymongo's errors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import pymongo
from pymongo import errors

# Server codes that mean "not now" though the driver reports them as plain failures: interrupted, shutting down,
# stepping down, not (or no longer) primary, write concern not met, out of disk, our name or password not taken; and
# just after a start, when neither the replica set's configuration nor the keys that sign its time are there yet.
_PASSING = frozenset(
    {
        *(6, 7, 13, 18, 24, 50, 64, 79, 89, 91, 94, 100, 112, 133, 134, 189, 202, 211, 262),
        *(9001, 10107, 11600, 11601, 11602, 13435, 13436, 14031),
    }
)

T = TypeVar("T", bound=type)


class StoreAway(Exception):
    """MongoDB did not take (or not confirm) an operation; whether it took place is unknown. Trying again is right."""


class Door:
    """Whether a MongoDB may be used: one that could not be reached at the start is shut until it has been looked at."""

    def __init__(self, is_open: bool) -> None:
        self.is_open = is_open


def within(seconds: float) -> AbstractContextManager[None]:
    """Has all storage operations in its block end within so many seconds together, by ``StoreAway`` at the latest. It
    replaces the client's own limit, so that it may be longer as well."""
    return pymongo.timeout(seconds)


def is_away(error: errors.PyMongoError) -> bool:
    """Whether ``error`` is the store's state and not the operation's fault."""
    if isinstance(error, errors.ConnectionFailure | errors.ExecutionTimeout | errors.WriteConcernError):
        return True
    if isinstance(error, errors.BulkWriteError):
        details: dict[str, Any] = dict(error.details or {})
        return bool(details.get("writeConcernErrors")) or any(
            row.get("code") in _PASSING for row in details.get("writeErrors", ())
        )
    return error.timeout or (isinstance(error, errors.OperationFailure) and error.code in _PASSING)


def guarded(cls: T) -> T:
    """Makes every public coroutine method of a storage class raise ``StoreAway`` where the store was away, or is behind
    a ``door`` that is shut."""
    cls.door = None  # type: ignore[attr-defined]
    for name, method in list(vars(cls).items()):
        if inspect.iscoroutinefunction(method) and not name.startswith("_"):
            setattr(cls, name, _wrapped(method))
    return cls


def _wrapped(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.door is not None and not self.door.is_open:
            raise StoreAway("it has not been seen yet")
        try:
            return await method(self, *args, **kwargs)
        except errors.PyMongoError as error:
            if is_away(error):
                raise StoreAway(type(error).__name__) from error
            raise

    return call
