"""How processes begin and end: forks, pools, threads and signals. Every event arrives once, and nothing hangs."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import footfall
import pytest

from tests.sdk.stub import Reply, Stub, good
from tests.support.live import environment, eventually

HEAD = """
import atexit, multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
import footfall
client = footfall.Client(sys.argv[1], "sk_key", limits=footfall.Limits(interval=30, exit_timeout=20))
"""
forks = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
METHODS = sorted(set(multiprocessing.get_all_start_methods()))


@contextmanager
def script(tmp_path: Path, code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs *code*; what it leaves behind is ended."""
    path = tmp_path / "script.py"
    path.write_text(HEAD + code)
    command = [sys.executable, "-W", "error", str(path), *arguments]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with process:
            pass


def run(tmp_path: Path, code: str, *arguments: str) -> None:
    """A process that runs *code* to a clean end."""
    with script(tmp_path, code, *arguments) as process:
        complaints = process.communicate(timeout=60)[1]
    assert (process.returncode, complaints) == (0, "")


def arrived(stub: Stub) -> list[str]:
    """The names of all events, in order; fails where one came twice."""
    events = [event for body in stub.bodies for event in body["Events"]]
    assert len({event["EventID"] for event in events}) == len(events)
    return sorted(event["Event"] for event in events)


# Children

PROCESS = """
def work():
    for n in range(20): client.track("child")
if __name__ == "__main__":
    client.track("parent")
    child = multiprocessing.get_context(sys.argv[2]).Process(target=work)
    child.start(); child.join(); assert child.exitcode == 0
"""
POOL = """
def work(n): client.track("child")
if __name__ == "__main__":
    client.track("parent")
    pool = multiprocessing.get_context(sys.argv[2]).Pool(2)
    pool.map(work, range(20)); pool.close(); pool.join()
"""
EXECUTOR = """
def work(n): client.track("child")
if __name__ == "__main__":
    client.track("parent")
    with ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[2])) as pool: list(pool.map(work, range(20)))
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("code", [PROCESS, POOL, EXECUTOR], ids=["Process", "Pool", "ProcessPoolExecutor"])
def test_a_child_of_multiprocessing_sends_all_that_it_tracked(
    stub: Stub, tmp_path: Path, code: str, method: str
) -> None:
    run(tmp_path, code, stub.url, method)

    assert arrived(stub) == [*["child"] * 20, "parent"]


@forks
@pytest.mark.parametrize("end", ["sys.exit()", "client.flush(); os._exit(0)"])
def test_a_forked_child_sends_all_where_it_ends_as_python_does_or_flushes(stub: Stub, tmp_path: Path, end: str) -> None:
    code = f"""
client.track("parent")
if not os.fork():
    for n in range(20): client.track("child")
    {end}
os.wait()
"""
    run(tmp_path, code, stub.url)

    assert arrived(stub) == [*["child"] * 20, "parent"]


@forks
def test_a_fork_in_the_midst_of_tracking_threads_harms_nobody(stub: Stub, tmp_path: Path) -> None:
    code = """
end = threading.Event()
def busy():
    for n in range(500): client.track("parent")
    end.wait()
threads = [threading.Thread(target=busy) for _ in range(4)]
for thread in threads: thread.start()
children = []
for n in range(8):
    child = os.fork()
    if not child:
        end.set()
        for n in range(20): client.track("child")
        client.close(20)
        os._exit(0)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
end.set()
"""
    run(tmp_path, code, stub.url)

    assert arrived(stub) == [*["child"] * 160, *["parent"] * 2000]


@forks
def test_children_of_children_have_a_numbering_each(stub: Stub, tmp_path: Path) -> None:
    code = """
for level in range(4):
    client.track("event")
    if os.fork(): os.wait(); break
"""
    run(tmp_path, code, stub.url)

    assert arrived(stub) == ["event"] * 4


# The end

THREADS = """
import logging
logging.disable()  # of what came too late
client = footfall.Client(sys.argv[1], "sk_key", limits=footfall.Limits(interval=30, exit_timeout=20))
def busy(daemon):
    for n in range(50):
        client.track("daemon" if daemon else "thread"); time.sleep(0.001)
    while daemon:
        client.track("late"); time.sleep(0.001)
for daemon in (True, False):
    threading.Thread(target=busy, args=(daemon,), daemon=daemon).start()
"""


def test_threads_that_go_on_tracking_do_not_hold_up_the_end(stub: Stub, tmp_path: Path) -> None:
    run(tmp_path, THREADS, stub.url)

    assert arrived(stub).count("thread") == 50


def test_what_an_apps_own_last_function_tracks_arrives(stub: Stub, tmp_path: Path) -> None:
    run(tmp_path, "client.track('first')\natexit.register(client.track, 'last')", stub.url)

    assert arrived(stub) == ["first", "last"]


def test_the_end_waits_for_a_slow_server(stub: Stub, tmp_path: Path) -> None:
    stub.replies = [Reply(content=good({"Events": [0] * 500}).content, delay=0.3) for _ in range(2)]

    run(tmp_path, "for n in range(1000): client.track('event')", stub.url)

    assert arrived(stub) == ["event"] * 1000


def test_a_dead_server_of_one_client_costs_another_nothing(stub: Stub, tmp_path: Path) -> None:
    code = """
import socket
silent = socket.create_server(("127.0.0.1", 0))
limits = footfall.Limits(interval=30, exit_timeout=5)
clients = [footfall.Client(url, "sk_key", limits=limits) for url in
           (sys.argv[1], f"http://127.0.0.1:{silent.getsockname()[1]}", sys.argv[1])]
silent.detach()
for one in clients: one.track("event")
"""
    run(tmp_path, code, stub.url)

    assert arrived(stub) == ["event", "event"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callback_that_ends_the_thread_does_not_end_delivery(stub: Stub) -> None:
    def leaves(*_: str) -> None:
        raise SystemExit

    stub.replies = [Reply(422, {})]
    with footfall.Client(stub.url, "sk_key", on_drop=leaves, limits=footfall.Limits(interval=0.01)) as client:
        client.track("refused")
        eventually(lambda: client.stats().dropped)
        client.track("event")
        assert client.flush(20)

    assert arrived(stub) == ["event", "refused"]


INTERRUPTED = """
client = footfall.Client(sys.argv[1], "sk_key", limits=footfall.Limits(exit_timeout=0.1))
client.track("event")
client.flush(60)
"""


def test_ctrl_c_ends_a_flush(stub: Stub, tmp_path: Path) -> None:
    stub.replies = [Reply(503, {}, retry_after="60")]
    with script(tmp_path, INTERRUPTED, stub.url) as process:
        eventually(lambda: stub.bodies)
        process.send_signal(signal.SIGINT)
        complaints = process.communicate(timeout=60)[1]

    assert process.returncode != 0
    assert complaints.splitlines()[-2:] == ["KeyboardInterrupt", "1 events dropped; in all: {'closed': 1}"]


@forks
def test_sigterm_in_the_midst_of_tracking_sends_all_and_does_what_it_did_before(stub: Stub, tmp_path: Path) -> None:
    code = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
footfall.flush_on_sigterm()
while True: client.track("event"); time.sleep(0.0001)
"""
    with script(tmp_path, code, stub.url) as process:
        eventually(lambda: stub.bodies)
        process.terminate()
        assert process.wait(60) == 3
        assert process.communicate()[1] == ""

    numbers = sorted(int(event["EventID"].split("-")[1]) for body in stub.bodies for event in body["Events"])
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_flush_does_not_wait_for_what_is_tracked_after_it(stub: Stub, tmp_path: Path) -> None:
    code = """
begun, end = threading.Event(), threading.Event()
def busy():
    while not end.is_set():
        client.track("after"); begun.set()
thread = threading.Thread(target=busy)
thread.start(); begun.wait()
client.track("before")
assert client.flush(20) and client.stats().queued
end.set(); thread.join()
"""
    run(tmp_path, code, stub.url)

    assert arrived(stub).count("before") == 1


# Where a process is frozen, and where threads are not threads


@pytest.fixture
def default(stub: Stub) -> Iterator[footfall.Client]:
    """The process's client, which sends nothing by itself."""
    yield footfall.configure(stub.url, "sk_key", limits=footfall.Limits(interval=60))
    footfall.close()


def test_a_serverless_handler_has_sent_all_when_it_returns(stub: Stub, default: footfall.Client) -> None:
    own = footfall.Client(stub.url, "sk_other", limits=footfall.Limits(interval=60))

    @footfall.flushes
    def handler(event: dict[str, Any]) -> str:
        footfall.track("handled", event)
        own.track("of a client of its own")
        return "done"

    assert handler({"n": 1}) == "done"
    assert sorted(arrived(stub)) == ["handled", "of a client of its own"]
    own.close()


def test_a_serverless_handler_that_fails_or_awaits_has_sent_all_too(stub: Stub, default: footfall.Client) -> None:
    @footfall.flushes
    async def handler() -> None:
        footfall.track("handled")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ThreadPoolExecutor(1) as thread:  # this one has pytest-tornado's event loop
        thread.submit(asyncio.run, handler()).result()
    assert arrived(stub) == ["handled"]


GEVENT = """
import gevent
def work(n):
    client.track("greenlet"); gevent.sleep(0.001); client.track("greenlet")
gevent.joinall([gevent.spawn(work, n) for n in range(20)])
assert client.track_now("now").tracked
if sys.argv[2] == "flush": assert client.flush(20)
"""


@pytest.mark.parametrize("end", ["flush", "exit"])
def test_under_gevent_all_arrive(stub: Stub, tmp_path: Path, end: str) -> None:
    path = tmp_path / "gevented.py"
    path.write_text("import gevent.monkey; gevent.monkey.patch_all()\n" + HEAD + GEVENT)
    began = time.monotonic()
    subprocess.run([sys.executable, str(path), stub.url, end], env=environment(), check=True, timeout=60)

    events = [event["Event"] for body in stub.bodies for event in body.get("Events", [body])]
    assert sorted(events) == [*["greenlet"] * 40, "now"]
    assert time.monotonic() - began < 20
