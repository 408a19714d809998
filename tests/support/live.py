"""A collector as its operator runs it: a process of its own, over its embedded MongoDB."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from pymongo import MongoClient

from collector.embedded import running_uri
from collector.embedded.state import is_free

PATIENCE = 120.0
LIMITS = ("track-limit", "query-limit", "console-limit", "login-limit", "public-limit", "public-emails")
NO_LIMITS = tuple(text for name in LIMITS for text in (f"--{name}", "1000000"))
"""For a collector that tests share: what is left of a minute's requests is no affair of theirs."""
_PORTS = range(12_000, 20_000)
"""Below those that systems give to connections and to port 0, and those that the embedded MongoDB takes: until it is
listened on, a port that was found free stays so."""
_places = itertools.count(os.getpid() * 97)  # apart from those of other processes of the run
GREETING = b" is running on "
Database = Any


@dataclass(frozen=True)
class Live:
    """A running collector: its address, its demo (``demo.json``), its MongoDB."""

    url: str
    demo: dict[str, Any]
    db: Database
    uri: str
    data_dir: Path
    process: subprocess.Popen[str]


def free_port() -> int:
    """A port of loopback that nobody listens on, and that is given to nobody else."""
    return next(port for place in _places if is_free(port := _PORTS[place % len(_PORTS)]))


def eventually(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of a condition; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {holds}"
        time.sleep(0.02)
    return value


def environment(**extra: str) -> dict[str, str]:
    """The environment of a process that must not see settings of the machine it runs on."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    return clean | extra


def footfall(*arguments: str, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "collector", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(**extra),
        check=False,
    )


def answers(url: str) -> bool:
    """Whether a server answers at all."""
    try:
        with urlopen(url, timeout=30):
            return True
    except (URLError, OSError):
        return False


def start(
    data_dir: Path, port: int, *arguments: str, log: Path | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Starts a collector, behind the command ``before``, and returns once all of its processes are at work; it must be
    stopped."""
    output = (log or data_dir.with_suffix(".log")).open("a")
    begun = output.tell()
    process = subprocess.Popen(
        [
            *before,
            sys.executable,
            "-m",
            "collector",
            "serve",
            "--data-dir",
            str(data_dir),
            "--port",
            str(port),
            *arguments,
        ],
        stdout=output,
        stderr=output,
        text=True,
        env=environment(),
    )
    output.close()

    def up() -> bool:
        assert process.poll() is None, f"the collector ended: {Path(output.name).read_text()}"
        return GREETING in Path(output.name).read_bytes()[begun:]

    eventually(up)
    return process


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Ends a collector by a signal, and waits for it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
    return process.wait(PATIENCE)


@contextlib.contextmanager
def running(data_dir: Path, *arguments: str) -> Iterator[Live]:
    """A collector with its demo, stopped in the end."""
    port = free_port()
    process = start(data_dir, port, "--demo", *arguments)
    try:
        uri = eventually(lambda: running_uri(data_dir))
        demo = json.loads((data_dir / "demo.json").read_text())
        with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
            yield Live(f"http://127.0.0.1:{port}", demo, client["footfall"], uri, data_dir, process)
    finally:
        stop(process)
