"""For the tests of apps: a client that keeps its events instead of sending them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import _default
from ._client import Client
from ._queue import Event
from ._verdict import Verdict
from ._worker import Stats


class RecordingClient(Client):
    """A ``Client`` without a collector. ``FOOTFALL_DISABLED`` does not disable it.

    Attributes:
        events: What would have been sent, in order, as the parameters of event.track (section 5 of the wire contract).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("http://recording.invalid", "sk_recording", **{"spool": "", **options})
        self._disabled = False
        self.events: list[dict[str, Any]] = []
        recorder: Any = _Recorder(self.events)
        self._worker = recorder

    def track_now(self, event: str, properties: Mapping[str, Any] | None = None, **options: Any) -> Verdict:
        """Record the event; the verdict is that of a collector that takes it."""
        self.track(event, properties, **options)
        external = options.get("id")
        visitor = str(options.get("uuid") or "00000000-0000-4000-8000-000000000000")
        return Verdict("success", visitor, None if external is None else str(external), False)

    async def atrack_now(self, event: str, properties: Mapping[str, Any] | None = None, **options: Any) -> Verdict:
        """As ``track_now``."""
        return self.track_now(event, properties, **options)

    def assert_tracked(self, event: str, properties: Mapping[str, Any] | None = None, **parameters: Any) -> None:
        """Fail unless *event* was tracked with at least these *properties* and parameters (``Email="a@example.com"``).

        Raises AssertionError, which lists what was tracked.
        """
        wanted = {"Event": event, **parameters}
        for seen in self.events:
            if _holds(seen, wanted) and _holds(seen["Properties"], properties or {}):
                return
        raise AssertionError(f"Not tracked: {wanted} {dict(properties or {})}\nTracked: {self.events}")


@contextmanager
def recording(**options: Any) -> Iterator[RecordingClient]:
    """Within it, ``footfall.track`` and the other functions of the package record."""
    before, client = list(_default._clients), RecordingClient(**options)
    _default._clients[:] = [client]
    try:
        yield client
    finally:
        _default._clients[:] = before


class _Recorder:
    """In the place of the thread that sends."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._events = events

    def put(self, event: Event) -> None:
        self._events.append(json.loads(event.text))

    def flush(self, timeout: float) -> bool:
        return True

    close = flush

    def stats(self) -> Stats:
        return Stats(0, len(self._events), {}, 0, "")


def _holds(seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in seen and seen[name] == value for name, value in wanted.items())
