"""Clients that post events from threads of their own, as many and as long as a test wants."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.live import Live, free_port, start, stop

PATH = "/api/v1/event"


@dataclass
class Traffic:
    """What clients have sent and been told: EventIDs that were acknowledged, and those of which nothing is known."""

    acknowledged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)


def connection(url: str) -> http.client.HTTPConnection:
    """A connection that does not wait for ever."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)


def event(live: Live, event_id: str, **more: Any) -> str:
    """The body of an event with the demo's secret key."""
    given = {"APIKey": live.demo["secret_key"], "ListID": live.demo["list_id"], "Event": "view", "EventID": event_id}
    return json.dumps({**given, **more})


def post(on: http.client.HTTPConnection, body: str) -> tuple[int, Any]:
    """Status and answer of one event."""
    on.request("POST", PATH, body, {"Content-Type": "application/json"})
    response = on.getresponse()
    return response.status, json.loads(response.read())


@contextlib.contextmanager
def posting(urls: list[str], clients: int, body: Callable[[int, int], tuple[str, str]]) -> Iterator[Traffic]:
    """Runs clients, spread over the addresses, until the block ends; each posts one event after another.

    Args:
        body: the EventID and the body of a client's n-th event.
    """
    traffic = Traffic()
    threads = [
        threading.Thread(target=_client, args=(urls[number % len(urls)], number, body, traffic))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        traffic.ended.set()
        for thread in threads:
            thread.join()


def _client(url: str, number: int, body: Callable[[int, int], tuple[str, str]], traffic: Traffic) -> None:
    count, on = 0, connection(url)
    while not traffic.ended.is_set():
        event_id, text = body(number, count)
        count += 1
        try:
            status, _ = post(on, text)
        except (OSError, http.client.HTTPException):
            traffic.unknown.append(event_id)
            on.close()
            traffic.ended.wait(0.05)
            continue
        traffic.statuses.add(status)
        (traffic.acknowledged if status == 200 else traffic.unknown).append(event_id)
        if status != 200:
            traffic.ended.wait(0.05)
    on.close()


@contextlib.contextmanager
def beside(live: Live, data_dir: Path, database: str, *arguments: str) -> Iterator[Live]:
    """Another collector process, with a demo and a database of its own, on the same MongoDB."""
    port = free_port()
    process = start(data_dir, port, "--demo", "--mongodb-uri", live.uri, "--database", database, *arguments)
    try:
        demo = json.loads((data_dir / "demo.json").read_text())
        client = live.db.client
        yield Live(f"http://127.0.0.1:{port}", demo, client[database], live.uri, data_dir, process)
        client.drop_database(database)
    finally:
        stop(process)
