"""What it costs those who send events that somebody watches them come, at the console's Live."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from urllib.parse import urlsplit

from tests.bench.account import Wrong
from tests.bench.bench import Bench, Tested
from tests.bench.report import Row, ratios
from tests.bench.traffic import Population

_POPULATION = Population(visitors=5_000, addresses=1_000)
_CONNECTIONS = 128
_MARK = {"X-Footfall-Console": "1", "Content-Type": "application/json"}


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    alone: dict[str, list[float]] = {"collector": [], "mongod": []}
    watched: dict[str, list[float]] = {"collector": [], "mongod": []}
    with bench.collector("live") as tested:
        bench.arrive(tested, _POPULATION)
        for number in range(-1, len(bench.rounds)):  # the first warms up
            for costs, somebody in ((alone, nullcontext()), (watched, _watching(tested))):
                _round(bench, tested, somebody, costs if number >= 0 else None)
            bench.tell(f"live: round {number + 1}")
    together = [[sum(parts) for parts in zip(*costs.values(), strict=True)] for costs in (watched, alone)]
    return [
        Row("CPU per event while somebody watches, over without", ratios(*together), 1.1),
        *(Row(f"... {whose} alone", ratios(watched[whose], alone[whose])) for whose in alone),
    ]


def _round(
    bench: Bench, tested: Tested, somebody: AbstractContextManager[None], costs: dict[str, list[float]] | None
) -> None:
    with somebody:
        result = bench.visits(tested, bench.choose(20_000, 4_000), _CONNECTIONS, beside=(tested.mongod,))
    mongod = result.cpu.pop(tested.mongod)
    if costs:
        costs["mongod"].append(mongod / len(result.acknowledged))
        costs["collector"].append(sum(result.cpu.values()) / len(result.acknowledged))


@contextmanager
def _watching(tested: Tested) -> Iterator[None]:
    """Somebody who reads all that comes.

    Raises:
        Wrong: nothing came.
    """
    connection = http.client.HTTPConnection(urlsplit(tested.site.url).netloc, timeout=60)
    body = json.dumps({"Username": tested.live.demo["user"], "Password": tested.live.demo["password"]})
    connection.request("POST", "/console/login", body, _MARK)
    answer = connection.getresponse()
    answer.read()
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    connection.request("GET", f"/console/live?ListID={tested.site.list_id}", headers={"Cookie": cookie})
    stream = connection.getresponse()
    came = [0]
    reading = threading.Thread(target=_read, args=(stream, came))
    reading.start()
    try:
        yield
    finally:
        if connection.sock:
            connection.sock.shutdown(2)
        reading.join()
        connection.close()
    if stream.status != 200 or not came[0]:
        raise Wrong(f"nothing came to who watched: {stream.status}")


def _read(stream: http.client.HTTPResponse, came: list[int]) -> None:
    try:
        while line := stream.readline():
            came[0] += line.startswith(b"event: event")
    except (OSError, http.client.HTTPException):  # it is over
        pass
