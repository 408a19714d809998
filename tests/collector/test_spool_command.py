"""``footfall spool``: what waits, told from outside."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool import SpoolFull
from collector.spool.records import pack
from collector.spool.segments import segment_path
from tests.support.live import Live
from tests.support.shell import Shell
from tests.support.spools import MIB, close_all, drained, files, opened, payloads

AWAY = ("--mongodb-uri", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=60000")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A data directory, and a MongoDB that is away."""
    return Shell(tmp_path / "var", AWAY)


def spool_of(shell: Shell, slot: int) -> Path:
    """Where the spool of a process is."""
    return shell.data_dir / "slots" / str(slot) / "spool"


def test_without_a_spool_there_is_nothing_to_tell(shell: Shell) -> None:
    assert shell.run("spool", "status") == []
    assert shell.run("spool", "retry") == {"records": 0}
    assert shell.text("spool", "status") == "(none)\n"
    assert not shell.data_dir.exists()


@pytest.mark.parametrize("running", [True, False])
def test_it_tells_what_waits_in_each_process_while_mongodb_is_away(shell: Shell, running: bool) -> None:
    for slot in (2, 10, 0):
        spool = opened(spool_of(shell, slot), most_bytes=1_000_000 + slot)
        spool.append(payloads(slot))
        spool.append(payloads(slot))
        if not running:
            spool.close()
    began = time.monotonic()
    rows = shell.run("spool", "status")
    assert time.monotonic() - began < 30  # of the 60 s for which the driver looks
    assert [(row["slot"], row["records"], row["limit"]) for row in rows] == [
        (slot, 2 * slot, 1_000_000 + slot) for slot in (0, 2, 10)
    ]
    assert [row["bytes"] > 0 for row in rows] == [False, True, True]
    assert rows[0]["oldest_seconds"] is None
    assert all(0 <= row["oldest_seconds"] < 60 for row in rows[1:])
    assert sorted(path.name for path in shell.data_dir.iterdir()) == ["slots"]


def test_it_tells_how_long_the_oldest_has_waited(shell: Shell) -> None:
    opened(spool_of(shell, 0)).close()
    hour_ago = time.time_ns() // 1_000_000 - 3_600_000
    segment_path(spool_of(shell, 0), 0, b"the mark").write_bytes(pack(b"old", 0, hour_ago, b"the mark"))
    spool = opened(spool_of(shell, 0))
    spool.append(payloads(1))
    (row,) = shell.run("spool", "status")
    assert row["records"] == 2
    assert 3600 <= row["oldest_seconds"] < 3660
    assert spool.depth.oldest == hour_ago


def test_it_tells_what_was_set_aside_and_why_and_what_was_damaged(shell: Shell) -> None:
    spool = opened(spool_of(shell, 0))
    for number in range(7):
        spool.set_aside(b"odd %d" % number, f"reason {number}")
    spool.append(payloads(3, size=100))
    path = files(spool_of(shell, 0))[0]
    path.write_bytes(path.read_bytes()[:-1])
    drained(spool)
    (row,) = shell.run("spool", "status")
    assert (row["records"], row["set_aside"], row["to_retry"], row["lost"]) == (0, 7, 0, 1)
    assert row["damaged_bytes"] == spool.damaged_bytes == 127
    assert len(row["reasons"]) == 5
    assert set(row["reasons"]) < {f"reason {number}" for number in range(7)}
    assert "reason" in shell.text("spool", "status").splitlines()[1]


def test_what_was_set_aside_is_tried_again_by_the_collector_that_runs(shell: Shell) -> None:
    spools = [opened(spool_of(shell, slot)) for slot in (0, 1)]
    for spool in spools:
        spool.set_aside(b"odd", "too odd")
        spool.set_aside(b"odder", "too odd")
    assert shell.run("spool", "retry") == {"records": 4}
    assert [(row["set_aside"], row["to_retry"]) for row in shell.run("spool", "status")] == [(0, 2), (0, 2)]
    for spool in spools:
        assert spool.recall() == 2
        assert sorted(drained(spool)) == [b"odd", b"odder"]
    assert shell.run("spool", "retry") == {"records": 0}


@pytest.mark.parametrize(("options", "limit"), [((), 1024 * MIB), (("--spool-mb", "5"), 5 * MIB)])
def test_where_no_collector_has_said_it_the_limit_is_that_of_the_settings(
    shell: Shell, options: tuple[str, ...], limit: int
) -> None:
    spool_of(shell, 0).mkdir(parents=True)
    assert shell.run("spool", "status", *options)[0]["limit"] == limit


def test_what_cannot_be_read_is_one_line(shell: Shell) -> None:
    spool_of(shell, 0).parent.mkdir(parents=True)
    spool_of(shell, 0).write_text("no directory")
    assert "Not a directory" in shell.fails("spool", "status")


def test_it_reads_while_a_collector_writes_and_delivers(shell: Shell) -> None:
    spool, ended = opened(spool_of(shell, 0), most_bytes=40 * MIB), threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while not ended.is_set():
                with contextlib.suppress(SpoolFull):
                    for number in range(20):
                        spool.append(payloads(20, size=MIB // 4))
                        if number % 3 == 2 and (segment := spool.oldest()):
                            spool.delivered(segment)
                drained(spool)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        seen = set[int]()
        while len(seen) < 5 and thread.is_alive():
            (row,) = shell.run("spool", "status")
            assert row["lost"] == 0
            seen.add(row["records"])
    finally:
        ended.set()
        thread.join()
    assert errors == []
    assert seen <= set(range(161))
    assert shell.run("spool", "status")[0]["records"] == 0


def test_a_file_that_is_delivered_at_that_moment_is_not_counted(shell: Shell) -> None:
    opened(spool_of(shell, 0)).append(payloads(3))
    segment_path(spool_of(shell, 0), 0, bytes(8)).symlink_to("gone")
    assert shell.run("spool", "status")[0]["records"] == 3


def test_beside_a_running_collector_its_spool_is_empty(live: Live) -> None:
    rows = Shell(live.data_dir).run("spool", "status")
    assert {"slot": 0, "records": 0, "set_aside": 0, "lost": 0}.items() <= rows[0].items()
