"""Real servers that fork their workers: every event arrives once, also those of the last moment."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.sdk.stub import Stub
from tests.support.live import environment, eventually, free_port

GUNICORN = (sys.executable, "-m", "gunicorn", "--no-control-socket", "--graceful-timeout", "20", "-w", "2", "-b")
UWSGI = (
    str(Path(sys.executable).with_name("pyuwsgi")),
    "--master",
    "--processes",
    "2",
    "--die-on-term",
    "--http-socket",
)
APP = "tests.sdk.living:wsgi"
REQUESTS = 20
"""At once, and again until both workers have answered: one that is told to end at its start may not hear it."""


def arrived(stub: Stub) -> Counter[str]:
    """How many events of each name; fails where one came twice."""
    events = [(event["EventID"], event["Event"]) for body in stub.bodies for event in body["Events"]]
    assert len({event_id for event_id, _ in events}) == len(events)
    return Counter(name for _, name in events)


@contextmanager
def started(command: list[str], log: Path, ends: bool = True, **variables: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A server, ended by SIGTERM. Whether it ``ends`` by itself then each time."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(**variables), stdout=output, stderr=output)
    try:
        yield process
        process.terminate()
        with nullcontext() if ends else suppress(subprocess.TimeoutExpired):
            process.wait(60 if ends else 20)
    finally:
        process.kill()
        process.wait()


def asked(url: str) -> str:
    """Asks an app once; the process that has answered, empty where nobody listens yet."""
    try:
        with urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except URLError:
        return ""


def serve(stub: Stub, command: list[str], tmp_path: Path, **variables: Any) -> int:
    """An app on a server, which is asked many times at once and then stopped at once; how many times."""
    at, told = f"127.0.0.1:{free_port()}", free_port()
    uwsgi = "gunicorn" not in command
    options = [at, "--module", APP, "--stats", f"127.0.0.1:{told}"] if uwsgi else [at, APP]
    with started([*command, *options], tmp_path / "log", STUB_URL=stub.url, **variables) as process:
        found = [eventually(lambda: asked(f"http://{at}/") or process.poll() is not None)]
        with ThreadPoolExecutor(4) as pool:
            while len(set(found)) < 2:
                found += pool.map(asked, [f"http://{at}/"] * REQUESTS)
                assert all(found)
        # A worker that is told to end while it still has a request runs no exit handlers: that is uWSGI's way.
        eventually(lambda: not uwsgi or idle(told))
    return len(found)


def idle(port: int) -> bool:
    """Whether no worker of a uWSGI has a request, or is at its start, as it says itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        text = b"".join(iter(lambda: connection.recv(65536), b""))
    return all(worker["status"] == "idle" and worker["apps"] for worker in json.loads(text)["workers"])


@pytest.mark.parametrize(
    ("options", "parents"),
    [
        ((), 2),
        (("--preload",), 1),
        (("--preload", "-k", "gthread", "--threads", "4"), 1),
        (("--preload", "-k", "gevent"), 1),
    ],
    ids=str,
)
def test_under_gunicorn_all_arrive(stub: Stub, tmp_path: Path, options: tuple[str, ...], parents: int) -> None:
    requests = serve(stub, [*GUNICORN[:-1], *options, GUNICORN[-1]], tmp_path, TRACKS_FIRST="1")

    assert arrived(stub) == {"child": requests, "parent": parents}


@pytest.mark.skipif(sys.platform == "win32", reason="uWSGI is not for Windows")
@pytest.mark.parametrize(
    ("options", "first", "parents"),
    [
        ((), {}, 0),
        (("--enable-threads",), {}, 0),
        (("--enable-threads", "--py-call-uwsgi-fork-hooks"), {"TRACKS_FIRST": "1"}, 1),
        (("--enable-threads", "--lazy-apps"), {"TRACKS_FIRST": "1"}, 2),
    ],
    ids=str,
)
def test_under_uwsgi_all_arrive(
    stub: Stub, tmp_path: Path, options: tuple[str, ...], first: dict[str, str], parents: int
) -> None:
    """Without fork hooks Python is not told of the fork; without threads there is none but while it works or waits."""
    requests = serve(stub, [*UWSGI[:-1], *options, UWSGI[-1]], tmp_path, **first)

    assert arrived(stub) == Counter(child=requests, parent=parents)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=str)
def test_under_uvicorn_which_ends_by_the_signal_itself_all_arrive(
    stub: Stub, tmp_path: Path, options: tuple[str, ...]
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.sdk.living:asgi", "--port", str(port), *options]
    with started(command, tmp_path / "log", STUB_URL=stub.url) as process:
        eventually(lambda: asked(f"http://127.0.0.1:{port}/") or process.poll() is not None)
        assert asked(f"http://127.0.0.1:{port}/")

    assert arrived(stub) == {"child": 2}


@pytest.mark.parametrize("options", [(), ("--max-tasks-per-child=1",)], ids=str)
def test_under_celery_all_arrive(stub: Stub, tmp_path: Path, options: tuple[str, ...]) -> None:
    tasks, folder = 6, tmp_path / "broker"
    folder.mkdir()
    variables: dict[str, Any] = {"STUB_URL": stub.url, "FOLDER": str(folder)}
    celery = [sys.executable, "-m", "celery", "-A", "tests.sdk.living_celery"]
    worker = ["worker", "--concurrency=2", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "info"]
    call = f"from tests.sdk.living_celery import tracks; [tracks.delay() for _ in range({tasks})]"
    log = tmp_path / "log"
    subprocess.run([sys.executable, "-c", call], env=environment(**variables), check=True, timeout=60)
    # Now and then Celery's pool waits for ever, at its end, for a lock that a child of it held when it ended.
    with started([*celery, *worker, *options], log, ends=False, **variables):
        eventually(lambda: log.read_text().count(" succeeded in ") == tasks)

    assert arrived(stub) == {"child": tasks, "parent": 2}
