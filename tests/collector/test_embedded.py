"""The embedded MongoDB, on a real mongod and real processes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import secrets
import shutil
import signal
import socketserver
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

import collector
from collector.embedded import DataDirectory, EmbeddedMongo, running_uri
from collector.embedded.datadir import Role
from collector.embedded.launch import Layout
from collector.embedded.process import is_running
from collector.errors import StartupError
from tests.support.live import free_port

PATIENCE = 120.0
ROOT = Path(collector.__file__).parents[1]
PRIVATE = ("mongod.json", "mongod.key", "mongod.log")

OWNER = """
import asyncio, signal, sys
from pathlib import Path
from collector.embedded import DataDirectory, EmbeddedMongo

async def main(path):
    ended, mongo = asyncio.Event(), EmbeddedMongo(path)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await DataDirectory(path).acquire("serve", wait=0)
    print(await mongo.start(), flush=True)
    await ended.wait()
    await mongo.stop()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A data directory that does not exist yet. Removed at the end (300 MB each), when no mongod may be left in it."""
    with tempfile.TemporaryDirectory(prefix="footfall-") as parent:
        path = Path(parent) / "var"
        yield path
        pid = state_of(path).get("pid")
        if pid is not None and is_alive(path, pid):
            os.kill(pid, signal.SIGKILL)
            pytest.fail("a mongod was left running")


def state_of(path: Path) -> dict[str, Any]:
    file = path / "mongod.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def is_alive(path: Path, pid: int) -> bool:
    return is_running(pid, Layout(path).mark)


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@asynccontextmanager
async def mongo(path: Path, **options: Any) -> AsyncIterator[str]:
    embedded = EmbeddedMongo(path, **options)
    uri = await embedded.start()
    try:
        yield uri
    finally:
        await embedded.stop()


@contextmanager
def owner(path: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs a MongoDB as a server does, and the connection string."""
    command = [sys.executable, "-c", OWNER, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


def insert(uri: str, number: int) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        client.test.numbers.insert_one({"_id": number})


def numbers(uri: str) -> list[int]:
    with MongoClient[dict[str, Any]](uri) as client:
        return [row["_id"] for row in client.test.numbers.find().sort("_id")]


def start_fails(path: Path, **options: Any) -> str:
    """The line that a start ends with."""

    async def start() -> None:
        async with mongo(path, **options):
            pass

    with pytest.raises(StartupError) as caught:
        asyncio.run(start())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def modes(path: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in [path, *path.iterdir()]}


def run_once(path: Path, number: int) -> list[int]:
    async def visit() -> list[int]:
        async with mongo(path) as uri:
            await asyncio.to_thread(insert, uri, number)
            return await asyncio.to_thread(numbers, uri)

    return asyncio.run(visit())


def test_starts_and_stops_and_keeps_data_password_and_port_for_its_owner_only(var: Path) -> None:
    assert run_once(var, 1) == [1]
    first = state_of(var)
    assert run_once(var, 2) == [1, 2]
    assert state_of(var) == first
    assert first["pid"] is None
    assert modes(var) == {"var": 0o700, "mongodb": 0o700} | dict.fromkeys(PRIVATE, 0o600)


def test_takes_transactions_and_refuses_a_wrong_or_no_password(var: Path) -> None:
    async def visit() -> None:
        async with mongo(var) as uri:
            password = state_of(var)["password"]
            for other in (uri.replace(password, "wrong"), uri.replace(f"footfall:{password}@", "")):
                with pytest.raises(OperationFailure):
                    await asyncio.to_thread(numbers, other)
            with MongoClient[dict[str, Any]](uri) as client, client.start_session() as session:
                session.with_transaction(lambda inside: client.test.numbers.insert_one({"_id": 1}, session=inside))
            assert numbers(uri) == [1]

    asyncio.run(visit())


def test_a_killed_mongod_is_started_again_with_what_it_had_acknowledged(
    var: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit() -> None:
        async with mongo(var) as uri:
            for number in (1, 2):  # twice, since the second restart must not depend on what the first left
                await asyncio.to_thread(insert, uri, number)
                os.kill(state_of(var)["pid"], signal.SIGKILL)
                # The driver waits for the new primary by itself.
                assert await asyncio.to_thread(numbers, uri) == list(range(1, number + 1))

    with caplog.at_level(logging.WARNING):
        asyncio.run(visit())
    assert "mongod ended (code -9)" in caplog.text
    assert "127.0.0.1" not in caplog.text
    assert state_of(var)["password"] not in caplog.text


def test_stop_ends_a_mongod_that_is_just_being_started_again(var: Path) -> None:
    async def visit() -> None:
        async with mongo(var):
            first = state_of(var)["pid"]
            os.kill(first, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                while state_of(var)["pid"] == first:  # noqa: ASYNC110 - a file has no event
                    await asyncio.sleep(0.005)

    asyncio.run(visit())
    assert state_of(var)["pid"] is None


@pytest.mark.parametrize("moment", [0.1, 0.25])
def test_a_first_start_cut_short_is_completed_by_the_next(var: Path, moment: float) -> None:
    async def cut() -> None:
        async with asyncio.timeout(moment), mongo(var):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(cut())
    assert run_once(var, 1) == [1]


def test_a_killed_owner_leaves_no_mongod_and_the_next_start_works_at_once(var: Path) -> None:
    with owner(var) as (process, uri):
        insert(uri, 1)
        pid = state_of(var)["pid"]
        assert is_alive(var, pid)
        process.kill()
    assert run_once(var, 2) == [1, 2]
    assert not is_alive(var, pid)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="only where util-linux is there to ask the kernel")
def test_a_killed_owner_takes_its_mongod_along(var: Path) -> None:
    with owner(var) as (process, _):
        pid = state_of(var)["pid"]
        process.kill()
    until(lambda: not is_alive(var, pid))


def test_a_mongod_left_behind_is_ended_by_the_next_start(var: Path) -> None:
    with owner(var, PATH="") as (process, uri):  # without setpriv
        insert(uri, 1)
        process.kill()
    pid = state_of(var)["pid"]
    assert is_alive(var, pid)
    assert running_uri(var) is None
    assert run_once(var, 2) == [1, 2]
    assert not is_alive(var, pid)


def test_a_stranger_with_the_process_number_of_an_earlier_mongod_is_left_alone(var: Path) -> None:
    run_once(var, 1)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        (var / "mongod.json").write_text(json.dumps(state_of(var) | {"pid": stranger.pid}))
        (var / "mongodb" / "mongod.lock").write_text(f"{stranger.pid}\n")
        assert run_once(var, 2) == [1, 2]
        assert stranger.poll() is None
        stranger.kill()


class Refusing(socketserver.BaseRequestHandler):
    """Says goodbye to everybody at once, as a program does that is spoken to in another protocol."""


def test_a_port_taken_by_another_program_is_replaced(var: Path, caplog: pytest.LogCaptureFixture) -> None:
    run_once(var, 1)
    before = state_of(var)
    with socketserver.TCPServer(("127.0.0.1", before["port"]), Refusing) as other:
        serving = threading.Thread(target=other.serve_forever)
        serving.start()
        assert run_once(var, 2) == [1, 2]
        other.shutdown()
        serving.join()
    assert state_of(var)["port"] != before["port"]
    assert state_of(var)["password"] == before["password"]
    assert "has been taken by another program" in caplog.text


def test_a_start_cut_short_while_the_port_changes_is_completed_by_the_next(var: Path) -> None:
    run_once(var, 1)
    port = free_port()
    (var / "mongod.json").write_text(json.dumps(state_of(var) | {"port": port, "settled": False}))
    assert run_once(var, 2) == [1, 2]
    assert state_of(var)["port"] == port


def test_a_data_directory_is_for_one_server(var: Path) -> None:
    with owner(var) as (process, uri):
        expected = f"The data directory {var} is in use by another collector (process {process.pid})"
        for role in get_args(Role):
            began = time.monotonic()
            with pytest.raises(StartupError) as caught:
                asyncio.run(DataDirectory(var).acquire(role, wait=PATIENCE))
            assert str(caught.value) == expected
            assert time.monotonic() - began < PATIENCE / 2, "a server is not waited for"
        assert running_uri(var) == uri


def test_a_command_is_waited_for_but_not_forever(var: Path) -> None:
    async def visit() -> None:
        first, second = DataDirectory(var), DataDirectory(var)
        await first.acquire("admin", wait=0)
        with pytest.raises(StartupError, match=f"in use by another footfall command .process {os.getpid()}"):
            await second.acquire("serve", wait=0.1)
        waiting = asyncio.create_task(second.acquire("serve", wait=PATIENCE))
        await asyncio.sleep(0)
        first.release()
        await waiting
        second.release()
        second.release()

    asyncio.run(visit())


@pytest.mark.parametrize("role", get_args(Role))
def test_the_mongodb_of_a_server_is_offered_to_others_while_it_runs_that_of_a_command_is_not(
    var: Path, role: Role
) -> None:
    async def visit() -> None:
        directory = DataDirectory(var)
        await directory.acquire(role, wait=0)
        assert running_uri(var) is None
        async with mongo(var) as uri:
            assert running_uri(var) == (uri if role == "serve" else None)
        assert running_uri(var) is None
        directory.release()

    asyncio.run(visit())


def test_a_data_directory_that_cannot_be_made_is_one_line(var: Path) -> None:
    var.write_text("a file")
    with pytest.raises(StartupError, match="cannot be created or written"):
        asyncio.run(DataDirectory(var).acquire("serve", wait=0))
    with pytest.raises(StartupError, match="cannot be created or written"):
        asyncio.run(DataDirectory(var / "below").acquire("serve", wait=0))


def test_no_mongod_for_this_platform_tells_what_to_do(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")
    line = start_fails(var)
    assert line.startswith("There is no mongod for this platform (")
    assert "pip install 'footfall-collector[embedded]'" in line
    assert "--mongodb-uri" in line


def program(var: Path, text: str, mode: int = 0o700) -> Path:
    path = var.parent / "mongod"
    path.write_text(text)
    path.chmod(mode)
    return path


LOADER = "error while loading shared libraries: libcurl.so.4: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        (f"#!/bin/sh\necho mongod: {LOADER} >&2\nexit 127\n", 0o700, r"libcurl\.so\.4 is missing .*libcurl4"),
        (
            "#!/bin/sh\necho Error parsing command line\necho try --help\nexit 2\n",
            0o700,
            ": Error parsing command line$",
        ),
        ("#!/bin/sh\nexit 3\n", 0o700, "exit code 3"),
        ("#!/bin/sh\nkill -ILL $$\n", 0o700, "AVX"),
        ("#!/nowhere/sh\n", 0o700, "not found|No such file"),
        ("", 0o600, "is not a program"),
    ],
)
def test_a_mongod_that_cannot_run_says_why(var: Path, text: str, mode: int, expected: str) -> None:
    assert re.search(expected, start_fails(var, mongod=program(var, text, mode)))


def test_the_packaged_mongod_is_made_a_program_where_the_installer_forgot_that(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (var.parent / "fiftyone" / "db" / "bin").mkdir(parents=True)
    packaged = program(var, "#!/bin/sh\nexit 7\n", 0o600).rename(var.parent / "fiftyone" / "db" / "bin" / "mongod")
    monkeypatch.setattr(sys, "path", [str(var.parent)])
    assert "exit code 7" in start_fails(var)
    assert os.access(packaged, os.X_OK)


def test_a_mongod_given_by_a_wrong_path_is_one_line(var: Path) -> None:
    assert start_fails(var, mongod=var / "none") == f"There is no mongod at {var / 'none'}"


def test_the_reason_of_a_refusal_is_taken_from_the_log_of_mongod(var: Path) -> None:
    assert "cacheSizeGB must be greater than or equal to 0.25" in start_fails(var, cache_gb=0.1)


def test_damaged_data_are_one_line(var: Path) -> None:
    run_once(var, 1)
    (var / "mongodb" / "WiredTiger.turtle").write_text("nonsense")
    assert "does not start" in start_fails(var)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"port": "1", "password": 2, "key": 3}'])
def test_a_damaged_state_file_is_one_line(var: Path, text: str) -> None:
    var.mkdir()
    (var / "mongod.json").write_text(text)
    assert "is damaged" in start_fails(var)
    (var / "mongod.json").unlink()


def test_data_whose_password_is_lost_or_another_are_not_covered_up(var: Path) -> None:
    run_once(var, 1)
    saved = state_of(var)
    (var / "mongod.json").unlink()
    assert "with their password is missing" in start_fails(var)
    (var / "mongod.json").write_text(json.dumps(saved | {"password": secrets.token_urlsafe()}))
    assert "belong to another password" in start_fails(var)


def test_a_large_log_is_put_aside(var: Path) -> None:
    var.mkdir()
    (var / "mongod.log").write_bytes(b"x" * (20 * 2**20))
    run_once(var, 1)
    assert (var / "mongod.log").stat().st_size < 2**20
    assert (var / "mongod.log.1").stat().st_size == 20 * 2**20
