"""``footfall serve --processes 2``: two collectors on one port, of which either may die, and their parent as well."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from collector.embedded.state import load_state
from tests.support.books import read_books
from tests.support.children import children, command_line, halt, standing_still
from tests.support.live import Live, environment, eventually, footfall, free_port, start, stop
from tests.support.shell import reason
from tests.support.traffic import Traffic, beside, connection, event, post, posting
from tests.support.wire import ask

MANY = 40
"""Connections of which some reach either process: all of them the same one in half as many tries as there are stars."""


@pytest.fixture(scope="module")
def two(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A collector of two processes. Tests must leave both running."""
    data_dir = tmp_path_factory.mktemp("two") / "var"
    with beside(live, data_dir, "two_processes", "--processes", "2", "--track-limit", "1000000") as found:
        yield found
        left = children(found.process.pid)
        assert stop(found.process) == 0
        assert all(gone(pid) for pid in left.values())


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not command_line(pid)


def log_of(live: Live) -> str:
    """What a collector and its children have logged."""
    return live.data_dir.with_suffix(".log").read_text()


def send(live: Live, prefix: str, count: int = MANY) -> list[tuple[int, Any]]:
    """The answers to events, each on a connection of its own."""

    def one(number: int) -> tuple[int, Any]:
        with contextlib.closing(connection(live.url)) as on:
            return post(on, event(live, f"{prefix}-{number}"))

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(count)))


def stored(live: Live, prefix: str) -> Counter[str]:
    """The EventIDs that are stored, and how often."""
    return Counter(row["event_id"] for row in live.db["events"].find({"event_id": {"$regex": f"^{prefix}-"}}))


def test_two_processes_answer_on_one_port_and_both_get_work(two: Live) -> None:
    assert sorted(children(two.process.pid)) == [0, 1]
    assert {status for status, _ in send(two, "both")} == {200}
    assert len(two.db["events"].distinct("writer", {"event_id": {"$regex": "^both-"}})) == 2


def test_no_password_and_no_key_shows_in_a_list_of_processes(two: Live) -> None:
    private = [two.uri.partition("://")[2].partition("@")[0].partition(":")[2], two.demo["secret_key"]]
    for pid in children(two.process.pid).values():
        shown = " ".join(command_line(pid)) + Path(f"/proc/{pid}/environ").read_text()
        assert [text for text in private if text in shown] == []


def test_each_line_of_the_log_tells_which_process_it_is_of(two: Live) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert {reply.status for reply in pool.map(ask, [f"{two.url}/nowhere"] * MANY)} == {404}
    eventually(lambda: log_of(two).count("(unknown path) 404") == MANY)
    lines = [line for line in log_of(two).splitlines() if "(unknown path) 404" in line]
    assert {line.split()[3] for line in lines} == {"[0]", "[1]"}


def test_whichever_process_is_asked_the_metrics_are_those_of_all(two: Live) -> None:
    """A process that is too busy to say what it has counted is shown by what it last said, so it may take a moment."""
    send(two, "sum")
    stored = two.db["events"].count_documents({})
    eventually(lambda: {read_books(two.url)["stored"] for _ in range(MANY)} == {stored})


def test_the_metrics_are_answered_in_time_although_a_process_hangs(two: Live) -> None:
    before = read_books(two.url)
    stuck = children(two.process.pid)[0]
    began = time.monotonic()
    with ThreadPoolExecutor(MANY) as pool, standing_still(stuck):
        asked = [pool.submit(read_books, two.url) for _ in range(MANY)]  # some of the one that hangs
        eventually(lambda: any(one.done() for one in asked))
        took = time.monotonic() - began
        (first, *_) = [one.result() for one in asked if one.done()]
    assert took < 9  # a scrape may take 10 s; it hangs for as long as somebody waits
    assert first["stored"] == before["stored"]


def test_a_dead_process_is_replaced_and_costs_no_event_that_was_acknowledged(two: Live) -> None:
    def body(client: int, n: int) -> tuple[str, str]:
        return f"dead-{client}-{n}", event(two, f"dead-{client}-{n}")

    received = [read_books(two.url)["footfall_events_received_total"]]
    with posting([two.url], 16, body) as traffic:
        for slot, number in enumerate([signal.SIGKILL, signal.SIGTERM]):
            more(traffic)
            end(two, slot, number)
            more(traffic)
            received.append(total(two, "footfall_events_received_total"))
    assert "process 0 was ended by SIGKILL; another takes its place" in log_of(two)
    assert "process 1 ended with exit code 0; another takes its place" in log_of(two)
    assert received == sorted(received)
    assert traffic.statuses <= {200, 503}
    check(two, "dead", traffic)
    books = eventually(lambda: at_rest(two))  # of both, and of the two that are gone
    assert received[-1] <= books["footfall_events_received_total"]


def at_rest(live: Live) -> dict[str, float] | None:
    """The books once nothing is open; they balance at any moment."""
    books = read_books(live.url)
    return None if books["footfall_events_in_flight"] + books["footfall_spool_events"] else books


def total(live: Live, name: str) -> float:
    """The sum of a sample's values, while events are in flight."""
    lines = [line for line in ask(f"{live.url}/metrics").body.decode().splitlines() if line.startswith(name)]
    return sum(float(line.split()[-1]) for line in lines)


def more(traffic: Traffic, than: int = 100) -> None:
    """Returns once so many more events are acknowledged."""
    before = len(traffic.acknowledged)
    eventually(lambda: len(traffic.acknowledged) > before + than)


def end(live: Live, slot: int, number: int) -> None:
    """Ends the process in a slot by a signal; returns once there is another."""
    before = children(live.process.pid)[slot]
    os.kill(before, number)
    eventually(lambda: children(live.process.pid).get(slot, before) != before)


def check(live: Live, prefix: str, traffic: Traffic) -> None:
    """All that was acknowledged is there once, all else at most once."""
    found = stored(live, prefix)
    assert max(found.values()) == 1
    assert set(traffic.acknowledged) - found.keys() == set()
    assert found.keys() <= {*traffic.acknowledged, *traffic.unknown}


def test_connections_that_wait_for_a_process_which_dies_are_taken_by_its_successor(two: Live) -> None:
    before = read_books(two.url)
    halt(children(two.process.pid)[0])
    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(send, two, f"queue-{number}", 1) for number in range(MANY)]
        eventually(lambda: any(one.done() for one in asked))
        assert not all(one.done() for one in asked)
        end(two, 0, signal.SIGKILL)
        assert {one.result()[0][0] for one in asked} == {200}
    assert Counter(stored(two, "queue").values()) == {1: MANY}
    # What the dead one has counted is part of it.
    eventually(lambda: read_books(two.url)["stored"] == before["stored"] + MANY)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_port_that_is_taken_is_not_shared_with_another_collector(two: Live, tmp_path: Path, processes: str) -> None:
    port = two.url.rpartition(":")[2]
    done = footfall("serve", "--processes", processes, "--port", port, "--data-dir", str(tmp_path / "var"))
    line = reason(done.returncode, done.stdout, done.stderr)
    assert line == f"Port {port} is taken on 127.0.0.1: choose another with --port"
    assert not (tmp_path / "var").exists()


def test_where_one_process_cannot_start_none_is_left_running(live: Live, tmp_path: Path) -> None:
    spool = tmp_path / "var" / "slots" / "1" / "spool"
    spool.parent.mkdir(parents=True)
    spool.write_text("no directory")
    options = ("--processes", "2", "--port", str(free_port()), "--data-dir", str(tmp_path / "var"))
    done = footfall("serve", *options, "--mongodb-uri", live.uri, "--database", "two_processes")
    line = reason(done.returncode, done.stdout, done.stderr)
    assert line == f"{spool.parent} cannot be created or written: File exists"
    assert not (tmp_path / "var" / "lock").read_text()


@contextlib.contextmanager
def printed(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A collector on a port that it finds, and what it prints as JSON."""
    command = [sys.executable, "-m", "collector", "serve", "--json", "--port", "0", *arguments]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def begun(url: str, body: bytes) -> socket.socket:
    """A connection with a request that has been begun, and whose head the collector has read."""
    place = urlsplit(url)
    on = socket.create_connection((place.hostname, place.port), timeout=30)
    head = (
        f"POST /api/v1/event HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    on.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
    assert on.recv(1000).startswith(b"HTTP/1.1 100 ")
    return on


def finished(on: socket.socket, body: bytes) -> int:
    """Sends what is missing of a request; the status of its answer."""
    on.sendall(body)
    answer = http.client.HTTPResponse(on)
    answer.begin()
    answer.read()
    return answer.status


def test_told_to_stop_all_processes_answer_what_is_in_flight(live: Live, tmp_path: Path) -> None:
    database = live.db.client["told_to_stop"]
    options = ("--mongodb-uri", live.uri, "--database", database.name, "--data-dir", str(tmp_path / "var"))
    with printed("--processes", "2", "--demo", *options) as (process, made), contextlib.ExitStack() as stack:
        body = json.dumps({"APIKey": made["secret_key"], "Event": "in flight"}).encode()
        begun_ones = [stack.enter_context(begun(made["url"], body)) for _ in range(MANY)]
        pids = children(process.pid)
        process.send_signal(signal.SIGINT)
        eventually(lambda: refuses(made["url"]))
        assert {finished(on, body) for on in begun_ones} == {200}
        stack.close()
        assert process.wait(60) == 0
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids.values())
    written = Counter(row["writer"] for row in database["events"].find({"event": "in flight"}))
    live.db.client.drop_database(database)
    assert (len(written), written.total()) == (2, MANY)


def refuses(url: str) -> bool:
    """Whether nobody listens there any more."""
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def waiting(data_dir: Path) -> list[int]:
    """How many events wait in the spool of each slot."""
    return [int((data_dir / "slots" / str(slot) / "waiting").read_bytes() or 0) for slot in (0, 1)]


@contextlib.contextmanager
def away(live: Live) -> Iterator[None]:
    """MongoDB does not answer."""
    state = load_state(live.data_dir)
    assert state is not None
    assert state.pid is not None
    with standing_still(state.pid):
        yield


def test_a_killed_parent_leaves_no_process_behind_and_fewer_processes_find_all_that_waits(
    live: Live, tmp_path: Path
) -> None:
    with beside(live, tmp_path / "var", "killed_parent", "--processes", "2") as two:
        pids = children(two.process.pid)
        send(two, "before")
        with away(live):
            assert {status for status, _ in send(two, "wait")} == {200}
            assert min(waiting(two.data_dir)) > 0
            os.kill(two.process.pid, signal.SIGKILL)
            eventually(lambda: all(gone(pid) for pid in pids.values()))
        two.process.wait()
        options = ("--mongodb-uri", live.uri, "--database", "killed_parent", "--processes", "1")
        again = start(two.data_dir, int(two.url.rpartition(":")[2]), *options)
        try:
            eventually(lambda: len(stored(two, "wait")) == MANY)
            assert {*stored(two, "before").values(), *stored(two, "wait").values()} == {1}
            assert not (two.data_dir / "slots" / "1").exists()
            eventually(lambda: read_books(two.url)["footfall_spool_events"] == 0)
        finally:
            assert stop(again) == 0
