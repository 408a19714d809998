"""Signals to a collector and to its mongod, and its next start."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

from collector.embedded.state import load_state
from tests.support import children as processes
from tests.support.children import children, command_line, halt
from tests.support.live import NO_LIMITS, Live, eventually, start, stop


def mongod_of(live: Live) -> int:
    """The process of the MongoDB that a collector has started."""
    state = load_state(live.data_dir)
    assert state is not None
    assert state.pid is not None
    return state.pid


@contextlib.contextmanager
def standing_still(live: Live) -> Iterator[None]:
    """MongoDB takes connections, and answers nothing."""
    with processes.standing_still(mongod_of(live)):
        yield


def again(live: Live, *options: str) -> subprocess.Popen[str]:
    """The collector, started once more where it was."""
    place = ("--mongodb-uri", live.uri, "--database", live.db.name)
    return start(live.data_dir, int(live.url.rpartition(":")[2]), *place, *NO_LIMITS, *options)


def kill_parent(process: subprocess.Popen[str]) -> None:
    """Kills a collector; returns once its processes are gone too."""
    left = children(process.pid).values()
    stop(process, signal.SIGKILL)
    eventually(lambda: not any(command_line(pid) for pid in left))


def kill_all(process: subprocess.Popen[str]) -> None:
    """Kills a collector with its processes, at one moment."""
    left = children(process.pid).values()
    for pid in left:
        halt(pid)  # so that none sees another's end
    stop(process, signal.SIGKILL)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(command_line(pid) for pid in left))
