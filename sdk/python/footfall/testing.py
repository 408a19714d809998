"""For the tests of apps: a client that keeps its events instead of sending them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import _default
from ._answer import Answer
from ._client import Client
from ._limits import Stats
from ._queue import Event
from ._values import encoded


class RecordingClient(Client):
    """A ``Client`` without a collector. ``FOOTFALL_DISABLED`` does not disable it.

    The verdicts of ``track_now`` and ``atrack_now`` are those of a collector that takes every event.

    Attributes:
        events: What would have been sent, in order, as the parameters of event.track (section 5 of the wire contract).
    """

    def __init__(self, **options: Any) -> None:
        self.events: list[dict[str, Any]] = []
        fixed = {"spool": "", "transport": _Taker(self.events)}
        super().__init__("http://recording.invalid", "sk_recording", **{**fixed, **options})
        self._disabled = False
        recorder: Any = _Recorder(self.events)
        self._worker = recorder

    def assert_tracked(self, event: str, properties: Mapping[str, Any] | None = None, **parameters: Any) -> None:
        """Fail unless *event* was tracked with at least these *properties* and parameters (``Email="a@example.com"``).

        Values are compared as they are sent: a date is the text that it becomes.

        Raises AssertionError, which lists what was tracked.
        """
        wanted = json.loads(encoded({"Event": event, **parameters, "Properties": properties or {}}, False))
        named = wanted.pop("Properties")
        for seen in self.events:
            if _holds(seen, wanted) and _holds(seen["Properties"], named):
                return
        raise AssertionError(f"Not tracked: {wanted} {named}\nTracked: {self.events}")


@contextmanager
def recording(**options: Any) -> Iterator[RecordingClient]:
    """Within it, ``footfall.track`` and the other functions of the package record.

    ``footfall.configure`` changes nothing then, and returns what records: an app that is made within it sends nothing.
    """
    client = RecordingClient(**options)
    before = _default.replace([client], is_recording=True)
    try:
        yield client
    finally:
        _default.replace(*before)


class _Taker:
    """A transport that keeps what ``track_now`` sends, and says what a collector does that takes it."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._events = events

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        event = json.loads(body)
        self._events.append(event)
        external = event.get("ID")
        verdict = {
            "status": "success",
            "uuid": str(event.get("UUID", "00000000-0000-4000-8000-000000000000")),
            "external_id": None if external is None else str(external),
            "identify_event_sent": False,
        }
        return Answer(200, json.dumps(verdict).encode())

    def close(self) -> None:
        pass


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
