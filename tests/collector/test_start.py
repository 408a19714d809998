"""What keeps a collector from starting: one line that says what to do, and an exit code."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from collector.access.known_file import FILE, Content, write
from collector.config import SDK_VARIABLES
from collector.errors import StartupError
from collector.storage.connection import open_store
from collector.storage.meta import DATA_VERSION
from collector.storage.opening import Deployment, address_of
from tests.support.live import Live, environment, footfall, free_port
from tests.support.old_mongo import mongodb_of
from tests.support.shell import called, reason

WITHOUT_PACKAGE = "import sys; sys.modules['fiftyone'] = None; from collector.__main__ import main; sys.exit(main())"


def _serve(data_dir: Path, *arguments: str, **extra: str) -> str:
    """The line with which ``serve`` ends."""
    port = () if "--port" in arguments else ("--port", str(free_port()))
    done = footfall("serve", "--data-dir", str(data_dir), *port, *arguments, **extra)
    return reason(done.returncode, done.stdout, done.stderr)


def _ended(*arguments: str) -> tuple[int, str, str]:
    """How a command has ended; ``serve`` in a process of its own, since it sets up more than it takes back."""
    if arguments[0] != "serve":
        return called(*arguments)
    done = footfall(*arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "var"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken(var: Path, taken: int) -> None:
    line = _serve(var, "--port", str(taken))
    assert line == f"Port {taken} is taken on 127.0.0.1: choose another with --port"
    assert not var.exists()


@pytest.mark.parametrize("address", ["203.0.113.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines(var: Path, address: str) -> None:
    assert _serve(var, "--address", address).startswith(f"Cannot listen on {address}, port ")


def test_a_data_directory_that_another_collector_uses(live: Live) -> None:
    line = _serve(live.data_dir)
    assert line == f"The data directory {live.data_dir} is in use by another collector (process {live.process.pid})"


def test_a_mongod_that_is_not_where_it_is_said_to_be(var: Path) -> None:
    assert _serve(var, "--mongod", "/nowhere/mongod") == "There is no mongod at /nowhere/mongod"


def test_no_mongod_for_this_platform(var: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_PACKAGE, "serve", "--port", "0", "--data-dir", str(var)]
    done = subprocess.run(command, env=environment(PATH=""), capture_output=True, text=True, timeout=60, check=False)
    line = reason(done.returncode, done.stdout, done.stderr)
    assert line.startswith("There is no mongod for this platform (")
    assert "--mongodb-uri" in line


def test_a_mongodb_that_cannot_be_reached(var: Path) -> None:
    """Nor does a collector start whose data directory has served another database, or that has no spool."""
    uri = f"mongodb://someone:hidden@127.0.0.1:{free_port()}/"
    known = Deployment(address_of(uri, "served"), b"1" * 32, standalone=False)
    other, bare = var.with_name("other"), var.with_name("bare")
    for place in (other, bare):
        write(place / "slots" / "0" / FILE, Content(known))
    commands = [
        ("serve", "--port", "0", "--data-dir", str(var)),
        ("serve", "--port", "0", "--data-dir", str(other)),
        ("serve", "--port", "0", "--data-dir", str(bare), "--database", "served", "--spool-mb", "0"),
    ]
    with ThreadPoolExecutor() as pool:
        for done in pool.map(lambda command: footfall(*command, "--mongodb-uri", uri), commands):
            line = reason(done.returncode, done.stdout, done.stderr)
            assert line == "MongoDB cannot be reached at the address given"


def test_a_mongodb_that_cannot_be_reached_is_not_waited_for_as_long_as_the_driver_would(var: Path) -> None:
    began = time.monotonic()
    uri = f"mongodb://127.0.0.1:{free_port()}/"
    line = reason(*called("user", "list", "--data-dir", str(var), "--mongodb-uri", uri))
    assert line == "MongoDB cannot be reached at the address given"
    assert time.monotonic() - began < 20  # of 30


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["user", "list"]], ids=" ".join)
def test_a_mongodb_that_does_not_let_one_in(live: Live, var: Path, command: list[str]) -> None:
    password = re.sub(r".*:(.*)@.*", r"\1", live.uri)
    for uri in (live.uri.replace(password, "hidden"), live.uri.replace(f"footfall:{password}@", "")):
        line = reason(*_ended(*command, "--data-dir", str(var), "--mongodb-uri", uri))
        assert line.startswith("MongoDB does not let this user in")
        assert "hidden" not in line
        assert "127.0.0.1" not in line


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://",
        "mongodb://127.0.0.1:port",
        "mongodb://127.0.0.1:99999",
        "mongodb://[::1",
        "mongodb://someone:pass@hidden@127.0.0.1",
        "mongodb://someone:hidden%zz@127.0.0.1",
        "mongodb://127.0.0.1,127.0.0.2/?directConnection=true",
    ],
)
def test_an_address_of_mongodb_that_is_none(var: Path, uri: str) -> None:
    line = reason(*called("user", "list", "--data-dir", str(var), "--mongodb-uri", uri))
    assert line == "The MongoDB address is not a valid connection string (mongodb://…)"


def test_certificates_that_are_not_there(var: Path) -> None:
    uri = "mongodb://127.0.0.1/?tls=true&tlsCAFile=/nowhere/ca.pem"
    line = reason(*called("user", "list", "--data-dir", str(var), "--mongodb-uri", uri))
    assert line == "A file that the MongoDB address names cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("version", "wire", "expected"),
    [
        ("3.6.23", 6, "MongoDB is too old, even for the driver: Footfall needs 6.0 or newer"),
        ("5.0.14", 13, "MongoDB 5.0.14 is too old: Footfall needs 6.0 or newer"),
        ("5.3.2", 16, "MongoDB 5.3.2 is too old: Footfall needs 6.0 or newer"),
        ("6.0.0", 17, "MongoDB refused to start work: OperationFailure"),  # this one can do nothing else
        ("10.0.0-rc1", 21, "MongoDB refused to start work: OperationFailure"),
    ],
)
def test_a_mongodb_that_is_too_old(var: Path, version: str, wire: int, expected: str) -> None:
    with mongodb_of(version, wire) as uri:
        assert reason(*called("user", "list", "--data-dir", str(var), "--mongodb-uri", uri)) == expected


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["user", "list"]], ids=" ".join)
def test_data_of_a_newer_footfall_are_refused_and_left_alone(
    live: Live, database: Any, var: Path, command: list[str]
) -> None:
    database.client.drop_database(database.name)
    database["meta"].insert_one({"_id": "schema", "version": DATA_VERSION + 1})
    options = ("--data-dir", str(var), "--mongodb-uri", live.uri, "--database", database.name)
    line = reason(*_ended(*command, *options))
    assert line.startswith(f"The data were written by a newer Footfall (data version {DATA_VERSION + 1}")
    assert database.list_collection_names() == ["meta"]
    assert list(database["meta"].find()) == [{"_id": "schema", "version": DATA_VERSION + 1}]


def test_new_data_are_marked_with_their_version_and_the_same_version_is_taken(live: Live, database: Any) -> None:
    database.client.drop_database(database.name)
    for _ in range(2):
        asyncio.run(_open(live.uri, database.name))
        assert database["meta"].find_one({"_id": "schema"}) == {"_id": "schema", "version": DATA_VERSION}
    database["meta"].update_one({"_id": "schema"}, {"$inc": {"version": 1}})
    with pytest.raises(StartupError):
        asyncio.run(_open(live.uri, database.name))


async def _open(uri: str, name: str) -> None:
    (await open_store(uri, name)).close()


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["user", "list"]], ids=" ".join)
def test_an_unknown_setting(var: Path, command: list[str]) -> None:
    line = reason(*called(*command, "--data-dir", str(var), FOOTFALL_FOO="1"))
    assert line == "Unknown setting FOOTFALL_FOO in the environment"
    assert not var.exists()


def test_the_variables_of_the_python_sdk_are_none_of_its_business(live: Live) -> None:
    assert len(SDK_VARIABLES) == 4
    code, _, stderr = called("user", "list", "--data-dir", str(live.data_dir), **dict.fromkeys(SDK_VARIABLES, "x"))
    assert (code, stderr) == (0, "")


BAD = [
    ("--port", "http"),
    ("--port", "-1"),
    ("--port", "65536"),
    ("--port", "80.5"),
    ("--mongod-cache-gb", "much"),
    ("--mongod-cache-gb", "nan"),
    ("--mongod-cache-gb", "inf"),
    ("--session-hours", "0"),
    ("--track-limit", "0"),
    ("--query-limit", "-5"),
    ("--login-limit", "0"),
    ("--public-limit", "x"),
    ("--public-emails", "0"),
    ("--queue-events", "0"),
    ("--trusted-proxies", "10.0.0.0/33"),
    ("--trusted-proxies", "10.0.0.1,proxy"),
    ("--database", "a.b"),
    ("--database", "x" * 64),
    ("--mongodb-uri", "127.0.0.1:27017"),
    ("--mongodb-uri", "http://127.0.0.1"),
]


@pytest.mark.parametrize(("option", "value"), BAD)
def test_a_bad_value(var: Path, option: str, value: str) -> None:
    line = reason(*called("serve", "--data-dir", str(var), f"{option}={value}"))
    assert line.startswith(f"Bad value for {option}: ")
    assert not var.exists()


@pytest.mark.parametrize(("option", "value"), [*BAD, ("--log-json", "maybe")])
def test_a_bad_value_in_the_environment(var: Path, option: str, value: str) -> None:
    variable = "FOOTFALL_" + option.removeprefix("--").replace("-", "_").upper()
    line = reason(*called("serve", "--data-dir", str(var), **{variable: value}))
    assert re.match(rf"Bad value for ({option}|{variable}): ", line), line
    assert not var.exists()
