"""``footfall serve``: what it prints works, what it stored is there the next time, and it ends without a trace."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from collector.embedded.launch import Layout
from collector.embedded.process import is_running
from tests.support.children import standing_still
from tests.support.live import Live, answers, environment, eventually, free_port, start, stop
from tests.support.shell import Shell, post, track

PROPERTIES = "/api/v1/website_events.properties"
_begun: list[subprocess.Popen[str]] = []


def _left_running(data_dir: Path) -> list[int]:
    """The mongod of this data directory that still run."""
    numbers = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if is_running(number, Layout(data_dir).mark)]


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A data directory of its own, in which nothing may be left running."""
    data_dir = tmp_path / "var"
    yield data_dir
    while _begun:  # where the test has ended too early
        stop(_begun.pop())
    assert _left_running(data_dir) == []
    shutil.rmtree(data_dir)  # 300 MB


def _printed(data_dir: Path, log: Path, *arguments: str) -> tuple[subprocess.Popen[str], str, str]:
    """A collector, its address, and what it has printed once it was ready."""
    log.write_text("")
    port = free_port()
    process = start(data_dir, port, *arguments, log=log)
    _begun.append(process)
    eventually(lambda: "Ctrl-C" in log.read_text())
    return process, f"http://127.0.0.1:{port}", log.read_text()


def _shell(line: str) -> Any:
    """The JSON that a command line answers."""
    command = line.replace("curl ", "curl -sS ", 1)
    return json.loads(subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=60).stdout)


def _line(printed: str, title: str) -> str:
    return str(re.findall(rf"^  {title}  (.+)$", printed, re.MULTILINE)[0])


def test_the_demo_works_as_printed_and_is_there_the_next_time(var: Path, tmp_path: Path) -> None:
    process, url, first = _printed(var, tmp_path / "log", "--demo")
    assert f"is running on {url}. Ctrl-C stops it." in first
    answer = _shell(_line(first, "Track one"))
    assert answer == {
        "status": "success",
        "uuid": answer["uuid"],
        "external_id": "user-12345",
        "identify_event_sent": True,
    }
    demo = json.loads((var / "demo.json").read_text())
    seen = {"ListID": demo["list_id"], "Properties": {"page_view": ["$current_url", "$page_title"]}}
    assert _shell(_line(first, "See it")) == seen
    with urlopen(_line(first, "Demo page")) as page:
        assert f'data-key="{demo["public_key"]}"' in page.read().decode()
    with urlopen(_line(first, "Console").strip()) as page:
        assert "Footfall" in page.read().decode()
    name, password = _line(first, "Log in as").split(", password ")
    assert post(url, "/api/v1/user.login", {"Username": name, "Password": password})[0] == 200

    assert stop(process, signal.SIGINT) == 0
    assert _left_running(var) == []
    began = time.monotonic()
    process, again, second = _printed(var, tmp_path / "log", "--demo")
    assert time.monotonic() - began < 50  # 3 s where nothing else runs
    assert second.replace(again, url) == first
    assert _shell(_line(second, "See it")) == seen
    assert _shell(_line(second, "Track one")) == {**answer, "identify_event_sent": False}
    assert stop(process, signal.SIGTERM) == 0


def test_without_a_mongodb_it_is_unavailable_and_with_it_again_right(var: Path, tmp_path: Path) -> None:
    process, url, _ = _printed(var, tmp_path / "log", "--demo")
    demo = json.loads((var / "demo.json").read_text())
    read = {"APIKey": demo["secret_key"], "ListID": demo["list_id"]}
    assert track(url, demo["secret_key"], ListID=demo["list_id"], Properties={"a": 1}) == 200
    (mongod,) = _left_running(var)
    with standing_still(mongod), ThreadPoolExecutor() as pool:
        asked = [pool.submit(post, url, PROPERTIES, given) for given in (read, {**read, "APIKey": "sk_unknown"})]
        found = [future.result() for future in asked]
    for status, body, headers in found:
        assert (status, body) == (503, {"Errors": [{"Code": 503, "Message": "Temporarily unavailable"}]})
        assert int(headers["Retry-After"]) >= 1
    right = (200, {"ListID": demo["list_id"], "Properties": {"page_view": ["a"]}})
    eventually(lambda: post(url, PROPERTIES, read)[:2] == right)
    assert stop(process) == 0


def test_without_a_demo_there_is_none(var: Path, tmp_path: Path) -> None:
    process, url, printed = _printed(var, tmp_path / "log")
    assert len(printed.splitlines()) == 1
    assert not (var / "demo.json").exists()
    assert not answers(f"{url}/demo")
    Shell(var).run("bootstrap")
    assert answers(f"{url}/demo")
    assert stop(process) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("file", ["lock", "mongod.json", "mongodb/WiredTiger"])
def test_told_to_stop_while_it_starts_it_stops_and_leaves_nothing(var: Path, file: str, number: int) -> None:
    command = [sys.executable, "-m", "collector", "serve", "--port", "0", "--data-dir", str(var)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        eventually((var / file).exists)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout == b""
    assert b"Traceback" not in stderr
    assert _left_running(var) == []


@contextmanager
def _ready(var: Path, *arguments: str, **extra: str) -> Iterator[dict[str, Any]]:
    """What a collector prints as JSON."""
    command = [sys.executable, "-m", "collector", "serve", "--data-dir", str(var), "--json", *arguments]
    with subprocess.Popen(command, env=environment(**extra), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_a_free_port_is_found_and_all_is_printed_as_json(live: Live, database: Any, var: Path) -> None:
    options = ("--mongodb-uri", live.uri, "--database", database.name, "--port", "0")
    with _ready(var, *options, "--demo") as printed:
        assert printed == {"url": printed["url"], **json.loads((var / "demo.json").read_text())}
        assert track(printed["url"], printed["secret_key"], Event="over a given MongoDB") == 200
    assert database["events"].count_documents({"event": "over a given MongoDB"}) == 1
    assert not (var / "mongodb").exists()
    with _ready(var, *options) as printed:
        assert list(printed) == ["url"]
        assert answers(printed["url"] + "/readyz")


def test_settings_are_taken_from_the_environment_and_the_command_line_wins(
    live: Live, database: Any, var: Path
) -> None:
    port, other = free_port(), free_port()
    variables = {
        "FOOTFALL_MONGODB_URI": live.uri,
        "FOOTFALL_DATABASE": database.name,
        "FOOTFALL_PORT": str(port),
        "FOOTFALL_QUERY_LIMIT": "",  # as not set
    }
    with _ready(var, **variables) as printed:
        assert printed["url"] == f"http://127.0.0.1:{port}"
    with _ready(var, "--port", str(other), "--demo", **variables, FOOTFALL_TRACK_LIMIT="7") as printed:
        assert printed["url"] == f"http://127.0.0.1:{other}"
        event = {"APIKey": printed["secret_key"], "Event": "e"}
        assert post(printed["url"], "/api/v1/event", event)[2]["X-RateLimit-Limit"] == "7"
        read = {"APIKey": printed["secret_key"], "ListID": printed["list_id"]}
        assert post(printed["url"], PROPERTIES, read)[2]["X-RateLimit-Limit"] == "100"


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("localhost", "localhost"),
        pytest.param("::1", "[::1]", marks=pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")),
    ],
)
def test_the_address_that_is_printed_can_be_opened(
    live: Live, database: Any, var: Path, address: str, host: str
) -> None:
    options = ("--mongodb-uri", live.uri, "--database", database.name, "--port", "0")
    with _ready(var, *options, "--address", address) as printed:
        assert printed["url"].startswith(f"http://{host}:")
        assert answers(printed["url"] + "/healthz")
