"""The client: keep-alive connections in one thread, requests that are made before the clock starts.

It knows as much of HTTP as it needs to see that an answer is whole and good, so that it takes little of the machine it
shares with what is measured. It runs in a process of its own (``bench.Bench.load``).
"""

from __future__ import annotations

import gc
import random
import select
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.bench import usage
from tests.bench.traffic import Stream

SINGLE, BATCH = "/api/v1/event", "/api/v1/events"
_PATIENCE = 60.0
"""Seconds for which an answer is waited for after the last request."""
_PIECE = 1 << 18
_SUCCESS = b'{"status":"success"'
_DUPLICATE = b'"duplicate"'


@dataclass(frozen=True)
class Site:
    """Where events go, and with what."""

    url: str
    key: str
    list_id: int


@dataclass(frozen=True)
class Load:
    """What is sent.

    ``path`` is where; ``batch`` how many events go into a request, 0 for one that is sent alone; ``rate`` requests a
    second, at moments as independent visitors choose them, None for as many as there are answers; ``seconds`` when
    nothing more is sent; ``watched`` the processes whose CPU time is taken meanwhile.
    """

    site: Site
    stream: Stream
    connections: int
    path: str = SINGLE
    batch: int = 0
    rate: float | None = None
    seconds: float = 600.0
    watched: tuple[int, ...] = ()


@dataclass
class Result:
    """What came of a load: EventIDs by whether they were acknowledged, seconds, and CPU seconds by process.

    ``latencies`` are seconds, ascending, counted from the moment for which a request was planned.
    """

    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: dict[int, float] = field(default_factory=dict)
    own_cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged events a second."""
        return len(self.acknowledged) / self.seconds

    @property
    def cpu_per_event(self) -> float:
        """CPU seconds of all watched processes an acknowledged event."""
        return sum(self.cpu.values()) / len(self.acknowledged)

    def percentile(self, share: float) -> float:
        """The latency within which a share of the requests was answered, in seconds."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


def run(load: Load) -> Result:
    """Sends a load and waits for its answers."""
    requests = list(_requests(load))
    planned = list(_moments(load.rate, len(requests)))
    gc.collect()
    gc.disable()
    try:
        with _Loop(load, requests, planned) as loop:
            before = {pid: usage.cpu([pid]) for pid in load.watched}
            own = time.process_time()
            loop.run()
            loop.result.cpu = {pid: usage.cpu([pid]) - taken for pid, taken in before.items()}
            loop.result.own_cpu = time.process_time() - own
    finally:
        gc.enable()
    loop.result.latencies.sort()
    return loop.result


Request = tuple[bytes, list[str]]
"""What goes over the wire, and the EventIDs in it."""


def _requests(load: Load) -> Iterator[Request]:
    common = {"APIKey": load.site.key, "ListID": load.site.list_id}
    if not load.batch:
        for event in load.stream.events():
            yield _request(load, common | event), [event["EventID"]]
        return
    events = list(load.stream.events())
    for place in range(0, len(events), load.batch):
        some = events[place : place + load.batch]
        yield _request(load, {**common, "Events": some}), [event["EventID"] for event in some]


def _request(load: Load, parameters: dict[str, Any]) -> bytes:
    """A request with the headers of Python's ``http.client``."""
    body = orjson.dumps(parameters)
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: {urlsplit(load.site.url).netloc}\r\nAccept-Encoding: identity\r\n"
        f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\nUser-Agent: footfall-bench\r\n\r\n"
    )
    return head.encode() + body


def _moments(rate: float | None, count: int) -> Iterable[float]:
    """Seconds from the beginning at which each request is due."""
    if rate is None:
        return [0.0] * count
    chance = random.Random(count)
    return accumulate(chance.expovariate(rate) for _ in range(count))


class _Connection:
    """A connection, and the request that it is waiting for an answer to."""

    __slots__ = ("answer", "place", "since", "socket")

    def __init__(self, url: str) -> None:
        found = urlsplit(url)
        self.socket = socket.create_connection((found.hostname or "", found.port or 80), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = b""
        self.place = 0
        self.since = 0.0


class _Loop:
    """Sends what is due on the connections that are free."""

    def __init__(self, load: Load, requests: Sequence[Request], planned: Sequence[float]) -> None:
        self.result = Result()
        self._load = load
        self._requests = requests
        self._planned = planned
        self._next = 0
        self._free = [_Connection(load.site.url) for _ in range(min(load.connections, len(requests)))]
        self._by_number = {connection.socket.fileno(): connection for connection in self._free}
        self._poll = select.epoll()
        for number in self._by_number:
            self._poll.register(number, select.EPOLLIN)

    def __enter__(self) -> _Loop:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._poll.close()
        for connection in self._by_number.values():
            connection.socket.close()

    def run(self) -> None:
        """Returns once all that was sent is answered.

        Raises:
            TimeoutError: an answer does not come.
        """
        began = time.perf_counter()
        while True:
            wait = self._send_due(began)
            if wait is None and len(self._free) == len(self._by_number):
                break
            # select waits by the microsecond, epoll by the millisecond.
            if not select.select([self._poll], [], [], _PATIENCE if wait is None else wait)[0] and wait is None:
                raise TimeoutError("an answer does not come")
            for number, _ in self._poll.poll(0):
                self._receive(self._by_number[number], began)
        self.result.seconds = time.perf_counter() - began

    def _send_due(self, began: float) -> float | None:
        """Sends; the seconds until the next request is due, None where only an answer brings anything on."""
        while self._free and self._next < len(self._requests):
            now = time.perf_counter() - began
            due = self._planned[self._next]
            if now >= self._load.seconds:
                self._next = len(self._requests)
                return None
            if due > now:
                return due - now
            connection = self._free.pop()
            connection.place = self._next
            connection.since = due if self._load.rate else now
            connection.socket.sendall(self._requests[self._next][0])
            self._next += 1
        return None

    def _receive(self, connection: _Connection, began: float) -> None:
        piece = connection.socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server has closed a connection")
        answer = connection.answer + piece
        body = _body(answer)
        if body is None:
            connection.answer = answer
            return
        connection.answer = b""
        self._free.append(connection)
        self.result.latencies.append(time.perf_counter() - began - connection.since)
        self._note(int(answer[9:12]), body, self._requests[connection.place][1])

    def _note(self, status: int, body: bytes, event_ids: list[str]) -> None:
        self.result.statuses[status] += 1
        if status == 200 and body.startswith(_SUCCESS) and _DUPLICATE not in body:
            self.result.acknowledged += event_ids
        elif status == 200 and self._load.batch:
            for event_id, one in zip(event_ids, orjson.loads(body)["results"], strict=True):
                good = one["status"] == "success" and "duplicate" not in one
                (self.result.acknowledged if good else self.result.refused).append(event_id)
        else:
            self.result.refused += event_ids


def _body(answer: bytes) -> bytes | None:
    """The body of an answer; None while it is not whole."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = answer[:end].lower()
    mark = head.find(b"\r\ncontent-length:")
    size = int(head[mark + 17 :].split(b"\r\n", 1)[0])
    body = answer[end + 4 :]
    return body if len(body) >= size else None
