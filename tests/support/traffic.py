"""Clients that post events from threads of their own, as many and as long as a test wants."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.live import Live, free_port, start, stop

PATH = "/api/v1/event"


@dataclass(frozen=True)
class Sending:
    """A request: the EventIDs in it, in order, and how it is sent."""

    ids: tuple[str, ...]
    text: str
    path: str = PATH
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Traffic:
    """What clients have sent and been told: EventIDs that were acknowledged, and those of which nothing is known.

    ``unanswered`` are the requests of the latter, ``wrong`` the answers that no outage excuses, ``slowest`` the seconds
    of the longest wait for an acknowledgement, ``open`` what each client waits for an answer to.
    """

    acknowledged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)
    unanswered: list[Sending] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    open: dict[int, Sending] = field(default_factory=dict)

    def lost(self, sending: Sending) -> None:
        """There was no answer."""
        self.unknown.extend(sending.ids)
        self.unanswered.append(sending)

    def heard(self, sending: Sending, status: int, headers: Message, answer: Any, seconds: float) -> None:
        """Takes an answer in."""
        self.statuses.add(status)
        results = _results(status, answer, len(sending.ids))
        taken = [event_id for event_id, codes in zip(sending.ids, results, strict=True) if not codes]
        self.acknowledged.extend(taken)
        if len(taken) < len(sending.ids):
            self.unknown.extend(event_id for event_id, codes in zip(sending.ids, results, strict=True) if codes)
            self.unanswered.append(sending)
            if any(codes not in ([], [503]) for codes in results) or int(headers.get("Retry-After", 0)) < 1:
                self.wrong.append(f"{status} {headers.items()} {answer}")
        if taken:
            self.slowest = max(self.slowest, seconds)


def _results(status: int, answer: Any, events: int) -> list[list[int]]:
    """The codes of the errors of each event, none where it was acknowledged."""
    if status != 200:
        return [[error["Code"] for error in answer["Errors"]]] * events
    return [[error["Code"] for error in result.get("Errors", ())] for result in answer.get("results", [answer])]


def connection(url: str) -> http.client.HTTPConnection:
    """A connection that does not wait for ever."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)


def event(live: Live, event_id: str, **more: Any) -> str:
    """The body of an event with the demo's secret key."""
    given = {"APIKey": live.demo["secret_key"], "ListID": live.demo["list_id"], "Event": "view", "EventID": event_id}
    return json.dumps({**given, **more})


def post(on: http.client.HTTPConnection, body: str) -> tuple[int, Any]:
    """Status and answer of one event."""
    status, _, answer = send(on, Sending((), body))
    return status, answer


def send(on: http.client.HTTPConnection, sending: Sending) -> tuple[int, Message, Any]:
    """Status, headers and answer of a request."""
    on.request("POST", sending.path, sending.text, {"Content-Type": "application/json", **sending.headers})
    response = on.getresponse()
    return response.status, response.headers, json.loads(response.read())


@contextlib.contextmanager
def posting(urls: list[str], clients: int, body: Callable[[int, int], tuple[str, str]]) -> Iterator[Traffic]:
    """Runs clients, spread over the addresses, until the block ends; each posts one event after another.

    Args:
        body: the EventID and the body of a client's n-th event.
    """

    def made(client: int, n: int) -> Sending:
        event_id, text = body(client, n)
        return Sending((event_id,), text)

    with sending(urls, clients, made) as traffic:
        yield traffic


@contextlib.contextmanager
def sending(
    urls: list[str], clients: int, make: Callable[[int, int], Sending], pause: float = 0.0
) -> Iterator[Traffic]:
    """Runs clients, spread over the addresses, until the block ends; each sends one request after another.

    Args:
        make: a client's n-th request.
        pause: seconds between an answer and the next request.
    """
    traffic = Traffic()
    threads = [
        threading.Thread(target=_client, args=(urls[number % len(urls)], number, make, pause, traffic))
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


def _client(url: str, number: int, make: Callable[[int, int], Sending], pause: float, traffic: Traffic) -> None:
    count, on = 0, connection(url)
    while not traffic.ended.is_set():
        sent, began = make(number, count), time.monotonic()
        count += 1
        traffic.open[number] = sent
        try:
            status, headers, answer = send(on, sent)
        except ConnectionRefusedError:  # so it was not sent
            count -= 1
            on.close()
            traffic.ended.wait(0.1)
            continue
        except (OSError, http.client.HTTPException):
            traffic.lost(sent)
            on.close()
            traffic.ended.wait(0.05)
            continue
        finally:
            del traffic.open[number]
        traffic.heard(sent, status, headers, answer, time.monotonic() - began)
        traffic.ended.wait(pause if status == 200 else 0.05)
    on.close()


@contextlib.contextmanager
def beside(live: Live, data_dir: Path, database: str, *arguments: str, before: Sequence[str] = ()) -> Iterator[Live]:
    """Another collector process, with a demo and a database of its own, on the same MongoDB."""
    port, options = free_port(), ("--demo", "--mongodb-uri", live.uri, "--database", database, *arguments)
    process = start(data_dir, port, *options, before=before)
    try:
        demo = json.loads((data_dir / "demo.json").read_text())
        client = live.db.client
        yield Live(f"http://127.0.0.1:{port}", demo, client[database], live.uri, data_dir, process)
        client.drop_database(database)
    finally:
        stop(process)
