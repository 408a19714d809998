"""The console's stream at a collector of two processes: what either takes shows, and it ends with its process."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.children import children
from tests.support.live import PATIENCE, Live, stop
from tests.support.traffic import beside
from tests.support.wire import post

MANY = 24
"""Events on connections of their own: that one process takes them all happens once in eight million times."""


@pytest.fixture
def two(live: Live, tmp_path: Path) -> Iterator[Live]:
    """A collector of two processes."""
    with beside(live, tmp_path / "var", "live_processes", "--processes", "2") as found:
        yield found
        stop(found.process)


def _cookie(two: Live) -> str:
    given = {"Username": two.demo["user"], "Password": two.demo["password"]}
    answer = post(f"{two.url}/console/login", given, X_Footfall_Console="1")
    assert answer.status == 200, answer
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


@contextlib.contextmanager
def _stream(two: Live) -> Iterator[HTTPResponse]:
    connection = HTTPConnection(urlsplit(two.url).netloc, timeout=30)
    try:
        path = f"/console/live?ListID={two.demo['list_id']}"
        connection.request("GET", path, headers={"Cookie": _cookie(two)})
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield response
    finally:
        connection.close()


def _events(stream: HTTPResponse) -> Iterator[dict[str, Any]]:
    """The events of a stream, until it ends."""
    kind, pings = "", 0
    while line := stream.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        kind = value if name == "event" else kind
        pings += (name, value) == ("event", "ping")
        assert pings < 8, "but for pings, nothing has come for two minutes"
        if name == "data" and kind == "event":
            yield json.loads(value)


def _until(stream: HTTPResponse, wanted: set[str]) -> Iterator[dict[str, Any]]:
    """The events of a stream up to the last that is wanted; fails when there is one missing after a while."""
    left, deadline = set(wanted), time.monotonic() + PATIENCE
    for event in _events(stream):
        yield event
        left.discard(event["Event"])
        if not left:
            return
        assert time.monotonic() < deadline, left


def test_what_either_process_takes_shows_and_the_stream_ends_with_the_collector(two: Live) -> None:
    assert len(children(two.process.pid)) == 2
    given = {"APIKey": two.demo["secret_key"], "ListID": two.demo["list_id"], "Properties": {"isTest": True}}
    with _stream(two) as stream:
        wanted = {f"trial {number}" for number in range(MANY)}
        for name in wanted:
            assert post(f"{two.url}/api/v1/event", {**given, "Event": name}).status == 200
        shown = {event["Event"] for event in _until(stream, wanted)}
        assert shown == wanted
        assert stop(two.process) == 0
        assert [*_events(stream)] == []
