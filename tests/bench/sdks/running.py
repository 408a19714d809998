"""Starts what is measured, and ends it: the server, lives of SDKs, gunicorn, Celery."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.bench.sdks import environment
from tests.support.live import answers, eventually, free_port

HANGS = 15.0
"""Seconds after which a process is ended by force; so it stands in the table."""


@dataclass(frozen=True)
class Server:
    """The counting server."""

    url: str

    def forget(self, latency: float = 0.0) -> None:
        """Begin anew, each answer taking *latency* seconds."""
        with urlopen(Request(f"{self.url}/control", str(latency).encode()), timeout=10):
            pass

    def count(self, event: str = "child") -> int:
        """How many different events of that name have come."""
        with urlopen(f"{self.url}/counts", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found.get(event, 0)


@contextmanager
def server() -> Iterator[Server]:
    """The counting server, as a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sdks.stub"]
    with subprocess.Popen(command, cwd=environment.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


@dataclass(frozen=True)
class Ended:
    """A life that is over: what it told, the monotonic time of its end, whether it had to be ended by force."""

    facts: dict[str, Any]
    at: float
    hung: bool


def live(name: str, life: str, url: str, count: int, patience: float = HANGS) -> Ended:
    """One life of an SDK to its end."""
    command = ["-m", "tests.bench.sdks.lives", name, life, url, str(count)]
    with _started(command) as process:
        output, hung = _output(process, patience)
    facts = {name: value for line in output.splitlines() for name, value in json.loads(line).items()}
    return Ended(facts, time.monotonic(), hung)


def gunicorn(name: str, url: str, requests: int) -> None:
    """An app under ``gunicorn --preload`` that is asked so often, and then stopped as a system does it."""
    at = f"127.0.0.1:{free_port()}"
    command = ["-m", "gunicorn", "--preload", "-w", "2", "-b", at, "tests.bench.sdks.apps:wsgi", "--log-level", "error"]
    with _started([*command, "--no-control-socket"], BENCH_SDK=name, BENCH_URL=url) as process:
        eventually(lambda: _listens(at), 30)
        for _ in range(requests):
            answers(f"http://{at}/")
        _stop(process)


def celery(name: str, url: str, tasks: int) -> None:
    """A prefork worker that is given so many tasks, and stopped warmly when it has done them."""
    with tempfile.TemporaryDirectory(prefix="footfall-celery-") as folder:
        more = {"BENCH_SDK": name, "BENCH_URL": url, "BENCH_FOLDER": folder}
        app = ["-m", "celery", "-A", "tests.bench.sdks.apps:celery_app"]
        worker = ["worker", "--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "-l", "info"]
        code = (
            f"from tests.bench.sdks.apps import tracks\nfor _ in range({tasks}): tracks.delay()\nimport os; os._exit(0)"
        )
        log = Path(folder) / "log"
        with _started([*app, *worker, "--logfile", str(log)], **more) as process:
            with _started(["-c", code], **more) as asking:
                _output(asking, 30)
            eventually(lambda: log.exists() and log.read_text().count(" succeeded in ") == tasks, 60)
            _stop(process)


def seconds_to_end(name: str, silent: bool, count: int) -> float:
    """From the first call to the end of a process whose server is dead: it takes no connections, or says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        if not silent:
            listener.close()
        ended = live(name, "end", f"http://127.0.0.1:{port}", count)
    return HANGS if ended.hung else float(ended.at - ended.facts["began"])


@contextmanager
def _started(arguments: Sequence[str], **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the environment, with a group of its own that is ended in any case."""
    process = subprocess.Popen(
        [environment.python(), *arguments],
        cwd=environment.ROOT,
        env=environment.variables(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _output(process: subprocess.Popen[str], patience: float) -> tuple[str, bool]:
    """What it prints until it ends; whether it does not in time."""
    try:
        return process.communicate(timeout=patience)[0], False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], True


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(HANGS)


def _listens(at: str) -> bool:
    host, _, port = at.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
