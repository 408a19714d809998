"""The spool: what a process could not deliver, the next one does, however the first has ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import footfall
import pytest
from footfall._segment import HEAD_BYTES, created, records
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk.conftest import LIMITS, UNHURRIED
from tests.sdk.stub import TAKEN, Reply, Stub, results
from tests.sdk.waiting import eventually

DEAD = "http://127.0.0.1:1"
START = """
import footfall, os, signal, sys, time
def client(url, **options):
    limits = footfall.Limits(interval=0.02, exit_timeout=float(os.environ.get("PATIENCE", "0.2")))
    return footfall.Client(url, "sk_key", timeout=5, limits=limits, **options)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")


def run(code: str, *arguments: Any, expect: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own that runs *code*, and ends with *expect*."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + code, *map(str, arguments)],
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
        env=variables,
    )
    assert ended.returncode == expect, ended.stderr
    return ended


def events(stub: Stub) -> list[dict[str, Any]]:
    """All events that came, in order."""
    return [event for body in stub.bodies for event in body["Events"]]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.stat().st_size)


def replayed(stub: Stub, folder: Path, count: int) -> list[dict[str, Any]]:
    """What the next process sends of what is in *folder*; afterwards there is nothing in it."""
    with footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=folder) as client:
        eventually(lambda: client.stats().sent == count and not files(folder))
        assert client.stats().dropped == {}
    assert list(folder.iterdir()) == []
    return events(stub)


def left(stub: Stub, folder: Path, *names: str) -> None:
    """Have a process leave events named so for the collector *stub*, which does not take them."""
    stub.replies = [Reply(503, {})]
    run(f"c = client(sys.argv[1], spool=sys.argv[2])\nfor n in {names!r}: c.track(n)\nos._exit(0)", stub.url, folder)
    stub.replies.clear()
    stub.bodies.clear()


# How a process ends


@pytest.mark.parametrize(
    ("end", "code"),
    [("pass", 0), ("os._exit(3)", 3), ("os.kill(os.getpid(), signal.SIGKILL)", -9), ("os.abort()", -6)],
    ids=["exit", "os._exit", "SIGKILL", "abort"],
)
def test_what_a_process_could_not_send_the_next_one_does(stub: Stub, tmp_path: Path, end: str, code: int) -> None:
    folder = tmp_path / "made" / "by itself"
    tracks = "c = client(sys.argv[1], spool=sys.argv[2])\nfor n in range(300): print(c.track(str(n), {'n': n}))\n"
    stub.replies = [Reply(503, {}) for _ in range(200)]
    before = time.time_ns() // 1_000_000

    ids = run(tracks + "sys.stdout.flush()\n" + end, stub.url, folder, expect=code).stdout.split()
    between = time.time_ns() // 1_000_000
    stub.replies.clear()
    stub.bodies.clear()
    found = replayed(stub, folder, 300)

    assert [event["EventID"] for event in found] == ids
    assert [event["Properties"]["n"] for event in found] == list(range(300))
    assert all(before <= event["Timestamp"] <= between for event in found)


def test_a_dead_server_holds_up_no_end_and_costs_no_event(tmp_path: Path) -> None:
    code = f"c = client({DEAD!r}, spool=sys.argv[1], on_drop=print)\nfor n in range(1000): c.track(str(n))"
    began = time.monotonic()

    ended = run(code, tmp_path)

    assert time.monotonic() - began < 30
    assert ended.stdout == ""
    assert sum(len(list(records(path.read_bytes()))) for path in files(tmp_path)) == 1000


def test_what_was_delivered_leaves_nothing(stub: Stub, tmp_path: Path) -> None:
    run(
        "c = client(sys.argv[1], spool=sys.argv[2])\nfor n in range(1000): c.track(str(n))",
        stub.url,
        tmp_path,
        PATIENCE="20",
    )

    assert len(events(stub)) == 1000
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_the_collector_refuses_is_not_kept(stub: Stub, tmp_path: Path) -> None:
    stub.replies = [Reply(422, {})]
    with footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=tmp_path) as client:
        client.track("page_view")
        assert client.flush()
        assert client.stats().dropped == {"refused": 1}

    assert list(tmp_path.iterdir()) == []


def test_a_closed_client_that_is_used_again_sends_what_it_had_left(stub: Stub, tmp_path: Path) -> None:
    stub.replies = [Reply(503, {}, retry_after="60")]
    client = footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=tmp_path)
    client.track("first")
    eventually(lambda: client.stats().retries == 1)
    assert not client.close(0.1)
    client.track("second")
    stub.bodies.clear()
    assert client.flush()

    eventually(lambda: client.stats().sent == 2)
    client.close()
    assert client.stats().dropped == {}
    assert sorted(event["Event"] for event in events(stub)) == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_with_the_collector_each_event_is_stored_once_whenever_its_process_is_killed(live: Any, tmp_path: Path) -> None:
    code = """
c = footfall.Client(sys.argv[1], sys.argv[3], spool=sys.argv[2], limits=footfall.Limits(batch_events=50))
for n in range(2000): c.track(sys.argv[4], {"n": n})
while c.stats().sent < int(sys.argv[5]): pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    event, key = f"killed_{time.time_ns()}", live.demo["secret_key"]
    for sent in (0, 50, 1000):
        run(code, live.url, tmp_path, key, f"{event}_{sent}", sent, expect=-9)
    with footfall.Client(live.url, key, spool=tmp_path) as client:
        eventually(lambda: not files(tmp_path))
        assert client.stats().dropped == {}

    for sent in (0, 50, 1000):
        stored = [found["properties"]["n"] for found in live.db.events.find({"event": f"{event}_{sent}"})]
        assert sorted(stored) == list(range(2000))


# A full queue


def test_what_the_queue_has_no_room_for_waits_on_disk_and_is_sent_when_it_has(stub: Stub, tmp_path: Path) -> None:
    limits = footfall.Limits(max_events=3, batch_events=3, interval=60)
    stub.replies = [Reply(content=results(TAKEN, TAKEN, TAKEN), delay=0.2)]
    with footfall.Client(stub.url, "sk_key", limits=limits, spool=tmp_path) as client:
        for n in range(20):
            client.track(str(n))
        assert client.stats().spooled > 0
        assert client.flush()
        assert client.stats() == (0, 20, {}, 0, "", 0, 0)

    assert sorted(int(event["Event"]) for event in events(stub)) == list(range(20))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_no_more_than_it_may(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limits = footfall.Limits(max_events=10, interval=60, exit_timeout=0)
    client = footfall.Client(DEAD, "sk_key", limits=limits, spool=tmp_path, spool_mb=0.125)
    for _ in range(400):
        client.track("page_view", {"text": "x" * 1000})
    stats = client.stats()
    client.close(0)

    held = sum(path.stat().st_size for path in files(tmp_path))
    assert (0.125 * (1 << 20)) - 2000 < held <= 0.125 * (1 << 20)
    assert stats.dropped["queue full"] == stats.unspooled > 200
    assert caplog.text.count("not kept on disk") == 1


# Several processes


def test_the_files_of_a_living_process_are_its_own(stub: Stub, tmp_path: Path) -> None:
    code = "c = client(sys.argv[1], spool=sys.argv[2])\nc.track('hers')\nprint('ready', flush=True)\ninput()"
    stub.replies = [Reply(503, {}, retry_after="600")]
    living = subprocess.Popen(
        [sys.executable, "-c", START + code, stub.url, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with living, closing(footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=tmp_path)) as client:
        assert living.stdout is not None
        assert living.stdout.readline() == "ready\n"
        eventually(lambda: stub.bodies)
        client.track("mine")
        assert client.flush()
        assert [event["Event"] for event in events(stub)] == ["hers", "mine"]
        assert len(files(tmp_path)) == 1
        living.kill()

    replayed(stub, tmp_path, 1)
    assert [event["Event"] for event in events(stub)] == ["hers", "mine", "hers"]


def test_a_forked_child_leaves_its_parents_files_alone(stub: Stub, tmp_path: Path) -> None:
    code = """
c = client(sys.argv[1], spool=sys.argv[2])
c.track("parent")
if os.fork() == 0:
    c.track("child")
    c.flush()
    os._exit(0)
os.wait()
c.track("parent")
"""
    run(code, stub.url, tmp_path, PATIENCE="20")

    assert sorted(event["Event"] for event in events(stub)) == ["child", "parent", "parent"]
    assert files(tmp_path) == []


def test_what_one_key_left_is_not_sent_with_another(stub: Stub, tmp_path: Path) -> None:
    left(stub, tmp_path, "theirs")
    with footfall.Client(stub.url, "sk_another", limits=LIMITS, spool=tmp_path) as client:
        client.track("mine")
        assert client.flush()

    assert [event["Event"] for event in events(stub)] == ["mine"]
    assert [event["Event"] for event in replayed(stub, tmp_path, 1)] == ["mine", "theirs"]


# Damage


@pytest.mark.parametrize(
    ("harm", "survive"),
    [
        (lambda data: data[:-1], "ab"),
        (lambda data: data + b"\xff", "abc"),
        (lambda data: b"\0" * 4096 + data, "abc"),
        (lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], "bc"),
        (lambda data: data[:4] + b"\xff\xff\xff\xff" + data[8:], "bc"),
        (lambda data: data[: len(data) // 2] + data[len(data) // 2 + 1 :], "ac"),
        (lambda _: b"\xffFF1", ""),
    ],
    ids=["torn", "begun", "zeros", "bit", "length", "gap", "nothing"],
)
def test_a_damaged_record_costs_itself_alone(
    stub: Stub, tmp_path: Path, harm: Callable[[bytes], bytes], survive: str, caplog: pytest.LogCaptureFixture
) -> None:
    left(stub, tmp_path, "a", "b", "c")
    (path,) = files(tmp_path)
    path.write_bytes(harm(path.read_bytes()))

    assert [event["Event"] for event in replayed(stub, tmp_path, len(survive))] == list(survive)
    assert caplog.text.count("could not be read") == 1


@settings(deadline=None, suppress_health_check=UNHURRIED)
@given(st.lists(st.text().map(str.encode), max_size=6), st.data())
def test_whatever_is_overwritten_all_other_records_are_found(texts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(_recorded(text) for text in texts)
    start = data.draw(st.integers(0, len(whole)))
    harm = data.draw(st.binary(max_size=40))[: len(whole) - start]
    harmed = whole[:start] + harm + whole[start + len(harm) :]
    found, at = list(records(harmed)), 0
    for text in texts:
        end = at + HEAD_BYTES + len(text)
        if end <= start or at >= start + len(harm):
            assert text in found
        at = end


def _recorded(text: bytes) -> bytes:
    reading, writing = os.pipe()
    try:
        segment = created.__globals__["Segment"](Path(os.devnull), writing)
        segment.append(text)
        return os.read(reading, HEAD_BYTES + len(text))
    finally:
        os.close(reading)
        os.close(writing)


# In their order, and against a power cut


def test_what_the_first_process_left_is_sent_first_and_in_its_order(stub: Stub, tmp_path: Path) -> None:
    for name, pid, began, number in (("d", 9, 0x100, 1), ("c", 10, 0xFF, 10), ("b", 10, 0xFF, 9), ("a", 7, 0xA, 1)):
        left(stub, tmp_path / name, name)
        (found,) = files(tmp_path / name)
        owner = found.name.split("-")[0]
        (tmp_path / "spool").mkdir(exist_ok=True)
        found.rename(tmp_path / "spool" / f"{owner}-{pid}-{began:x}-{number}.footfall")

    assert [event["Event"] for event in replayed(stub, tmp_path / "spool", 4)] == ["a", "b", "c", "d"]


def test_what_waits_is_written_to_the_disk_itself_and_what_is_taken_at_once_is_not(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()

    def fsync(number: int) -> None:
        assert threading.current_thread() is not threading.main_thread()
        synced.add(os.fstat(number).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    with footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=tmp_path) as client:
        client.track("taken")
        assert client.flush()
        assert not synced
        stub.replies = [Reply(503, {}, retry_after="60")]
        client.track("waits")
        eventually(lambda: synced == {files(tmp_path)[0].stat().st_ino, tmp_path.stat().st_ino})
        client.close(0)


# When there is no room, or no right


def test_a_folder_that_cannot_be_used_costs_no_event_and_is_told_once(
    stub: Stub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with footfall.Client(stub.url, "sk_key", limits=LIMITS, spool=tmp_path / "file") as client:
        for _ in range(3):
            client.track("page_view")
        assert client.flush()
        assert client.stats() == (0, 3, {}, 0, "", 0, 3)

    assert caplog.text.count("not kept on disk") == 1


def test_a_full_disk_costs_no_event_that_was_kept_before(stub: Stub, tmp_path: Path) -> None:
    code = """
import resource
c = client(sys.argv[1], spool=sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))  # beyond it a write is cut short, then refused
for n in range(9): c.track(str(n), {"text": "x" * 1000})
print(c.stats().unspooled, flush=True)
os._exit(0)
"""
    stub.replies = [Reply(503, {}, retry_after="60")]
    assert run(code, stub.url, tmp_path).stdout.strip() == "7"
    stub.replies.clear()
    stub.bodies.clear()

    assert [event["Event"] for event in replayed(stub, tmp_path, 2)] == ["0", "1"]


def test_only_its_owner_may_read_what_is_kept(stub: Stub, tmp_path: Path) -> None:
    left(stub, tmp_path / "spool", "a")

    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
    assert files(tmp_path / "spool")[0].stat().st_mode & 0o077 == 0


# Settings


def test_the_environment_names_the_folder_and_an_empty_name_is_none(stub: Stub, tmp_path: Path) -> None:
    code = "client(sys.argv[1]).track('kept'); client(sys.argv[1], spool='').track('lost'); os._exit(0)"
    stub.replies = [Reply(503, {}, retry_after="60"), Reply(503, {}, retry_after="60")]
    run(code, stub.url, FOOTFALL_SPOOL=str(tmp_path))
    stub.replies.clear()
    stub.bodies.clear()

    assert [event["Event"] for event in replayed(stub, tmp_path, 1)] == ["kept"]


def test_a_disabled_client_keeps_nothing(tmp_path: Path) -> None:
    run("client('http://x', spool=sys.argv[1]).track('a')", tmp_path, FOOTFALL_DISABLED="1")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, -1, float("nan")])
def test_a_size_that_is_none_is_refused(tmp_path: Path, size: float) -> None:
    with pytest.raises(ValueError, match="spool_mb"):
        footfall.Client(DEAD, "sk_key", spool=tmp_path, spool_mb=size)


def test_a_record_is_an_event_as_the_collector_takes_it(stub: Stub, tmp_path: Path) -> None:
    left(stub, tmp_path, "a")

    (text,) = records(files(tmp_path)[0].read_bytes())
    assert set(json.loads(text)) == {"Event", "EventID", "Timestamp", "Properties"}
