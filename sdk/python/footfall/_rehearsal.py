"""Which events are test events: checked like any other, and not kept (section 5 of the wire contract)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Optional

NO_TEST = (False, 0, None, "", "0", "false")
"""The values of ``Properties.isTest`` that make no test event."""
_testing: ContextVar[Optional[bool]] = ContextVar("footfall_testing", default=None)  # noqa: UP045 (3.9 evaluates it)


@contextlib.contextmanager
def test_mode(on: bool) -> Iterator[None]:
    """Within it, in this thread or task, events are test events, or are not."""
    before = _testing.get()
    _testing.set(on)
    try:
        yield
    finally:
        _testing.set(before)  # not by a token: an asynchronous fixture ends in another context than it began in


def marked(properties: Mapping[str, Any] | None, is_test: bool | None, otherwise: bool | None) -> Mapping[str, Any]:
    """*properties*, with the flag of test events set as it was asked for: by the call, ``test_mode``, the client.

    Raises TypeError where they are none.
    """
    if not isinstance(properties, (Mapping, type(None))):
        raise TypeError(f"properties: a mapping, not {type(properties).__name__}")
    given = {} if properties is None else properties
    if is_test is None and "isTest" not in given:
        testing = _testing.get()
        is_test = otherwise if testing is None else testing
    return given if is_test is None else {**given, "isTest": is_test}


def is_kept(properties: Mapping[str, Any]) -> bool:
    """Whether an event with *properties* is a real one."""
    return properties.get("isTest") in NO_TEST
