"""``python -m tests.bench.sdks.stub``: a server that takes what each SDK sends and counts it, printing its port first.

An event counts once, by the identifier that its SDK gives it. ``POST /control`` forgets all and sets the seconds that
each answer takes; ``GET /counts`` tells how many of each name there are.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
from tornado.web import Application, RequestHandler

RESULT = (
    b'{"status":"success","uuid":"550e8400-e29b-41d4-a716-446655440000","external_id":null,"identify_event_sent":false}'
)
Events = list[tuple[str, str]]
"""Of each, its identifier and its name."""


class Counts:
    """What has come since it was last told to forget."""

    def __init__(self) -> None:
        self.latency = 0.0
        self._names: dict[str, str] = {}

    def forget(self, latency: float) -> None:
        """Begin anew."""
        self.latency = latency
        self._names.clear()

    def add(self, events: Events) -> None:
        """Those that came."""
        self._names.update(events)

    def by_name(self) -> dict[str, int]:
        """How many different ones."""
        return Counter(self._names.values())


class _Handler(RequestHandler):
    def initialize(self, counts: Counts) -> None:
        self.counts = counts


class Taken(_Handler):
    """An SDK's address: ``read`` finds the events in a body, ``answer`` is what the SDK wants to hear of so many."""

    def initialize(self, counts: Counts, read: Callable[[bytes], Events], answer: Callable[[int], bytes]) -> None:  # type: ignore[override]
        """As Tornado hands it in."""
        super().initialize(counts)
        self.read, self.answer = read, answer

    async def post(self) -> None:
        """Take one batch."""
        body = self.request.body
        if self.request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        events = self.read(body)
        if self.counts.latency:
            await asyncio.sleep(self.counts.latency)
        self.counts.add(events)
        self.set_header("Content-Type", "application/json")
        self.finish(self.answer(len(events)))


class Control(_Handler):
    """For who measures."""

    def post(self) -> None:
        """Forget, and set the latency."""
        self.counts.forget(float(self.request.body))

    def get(self) -> None:
        """What has come."""
        self.finish(orjson.dumps(self.counts.by_name()))


def _footfall(body: bytes) -> Events:
    return [(event["EventID"], event["Event"]) for event in orjson.loads(body)["Events"]]


def _posthog(body: bytes) -> Events:
    return [(event["uuid"], event["event"]) for event in orjson.loads(body)["batch"]]


def _segment(body: bytes) -> Events:
    return [(event["messageId"], event["event"]) for event in orjson.loads(body)["batch"]]


def _mixpanel(body: bytes) -> Events:
    events = orjson.loads(parse_qs(body.decode())["data"][0])
    return [(event["properties"]["$insert_id"], event["event"]) for event in events]


def _results(count: int) -> bytes:
    return b'{"status":"success","accepted":%d,"results":[%s]}' % (count, b",".join([RESULT] * count))


def application() -> Application:
    """All addresses."""
    counts = Counts()
    routes: list[tuple[str, Callable[[bytes], Events], Callable[[int], bytes]]] = [
        ("/api/v1/events", _footfall, _results),
        ("/batch/?", _posthog, lambda _: b'{"status":"Ok"}'),
        ("/v1/batch", _segment, lambda _: b'{"success":true}'),
        ("/track", _mixpanel, lambda _: b'{"status":1,"error":null}'),
    ]
    taken = [(path, Taken, {"counts": counts, "read": read, "answer": answer}) for path, read, answer in routes]
    other: list[Any] = [(path, Control, {"counts": counts}) for path in ("/control", "/counts")]
    return Application([*taken, *other], log_function=lambda _: None)


async def _serve() -> None:
    from tornado.httpserver import HTTPServer
    from tornado.testing import bind_unused_port

    socket, port = bind_unused_port()
    server = HTTPServer(application(), max_body_size=64 << 20)
    server.add_sockets([socket])
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
