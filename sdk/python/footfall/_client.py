"""The client: an event in, the collector's verdict out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from threading import TIMEOUT_MAX
from types import TracebackType
from typing import Any
from uuid import UUID

from ._ids import event_ids
from ._retry import deliver
from ._transport import Transport
from ._values import snapshot
from ._verdict import Verdict, verdict_of

PATH = "/api/v1/event"
NO_TEST = (False, 0, None, "", "0", "false")
"""The values of ``Properties.isTest`` that make no test event (section 5 of the wire contract)."""


class Client:
    """Sends events to one collector with one key, over one kept connection. Threads may share it, and so may forks.

    Args:
        url: The collector's address, like ``https://footfall.example.com``; a path in it is kept.
        key: A secret key (``sk_…``) with the permission ``Events.Track``.
        timeout: The seconds that one call may take, its retries included, before a silent collector is given up.

    Raises:
        ValueError: *url*, *key* or *timeout* cannot be one.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 10.0) -> None:
        if not 0 < timeout <= TIMEOUT_MAX:
            raise ValueError("timeout: a number of seconds above 0")
        self._transport = Transport(url, key)
        self._timeout = timeout

    def track(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        email: str | None = None,
        id: str | int | None = None,
        uuid: str | UUID | None = None,
        list_id: int | None = None,
        timestamp: datetime | float | str | None = None,
        event_id: str | None = None,
        is_test: bool | None = None,
    ) -> Verdict:
        """Send one event, and wait for the collector's verdict: once this returns, the event is safe.

        Args:
            event: Its name, like ``page_view``, ``conversion`` or one of your own.
            properties: JSON values under names of your choice. A datetime or date becomes an ISO 8601 string, a Decimal
                a number, a UUID a string. They are copied, and never changed.
            email: The subscriber's address.
            id: The subscriber's identifier in your system.
            uuid: The visitor.
            list_id: The list of the event, where it is not the key's own.
            timestamp: When it happened, if that was not now: a datetime (a naive one is UTC), an epoch in seconds or
                milliseconds, or an ISO 8601 string.
            event_id: What identifies the event, so that sending it again stores it once; made if it is not given.
            is_test: True checks the event as any other and keeps nothing, False makes it a real one. Otherwise
                ``isTest`` in *properties* decides.

        Raises:
            ApiError: The collector did not take the event.
            NetworkError: No answer came.
            TypeError, ValueError: A value that JSON cannot hold; the message names it.
        """
        marked = _marked(properties, is_test)
        parameters = {
            "Event": event,
            "EventID": event_id or event_ids.next(),
            "ListID": list_id,
            "Email": email,
            "ID": id,
            "UUID": uuid,
            "Timestamp": timestamp,
        }
        answer = deliver(self._transport, PATH, _encoded(parameters, marked), self._timeout)
        return verdict_of(answer, tracked=marked.get("isTest") in NO_TEST)

    def close(self) -> None:
        """Close the kept connection. A later ``track`` opens another."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _marked(properties: Mapping[str, Any] | None, is_test: bool | None) -> dict[str, Any]:
    """A copy of *properties*, with the flag of test events set as *is_test* asks."""
    if not isinstance(properties, (Mapping, type(None))):
        raise TypeError(f"properties: a mapping, not {type(properties).__name__}")
    copy = snapshot(properties or {}, "property")
    return copy if is_test is None else {**copy, "isTest": is_test}


def _encoded(parameters: dict[str, Any], properties: dict[str, Any]) -> bytes:
    given = {name: value for name, value in parameters.items() if value is not None}
    body = {**snapshot(given, "parameter"), "Properties": properties}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
