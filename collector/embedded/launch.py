"""One run of a mongod, from its start to its end."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import threading
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from collector.embedded.log import MongodLog
from collector.embedded.mongod import why_it_ended
from collector.embedded.state import REPLICA_SET
from collector.errors import StartupError

_POLL_SECONDS = 0.02
_STOP_SECONDS = 15.0
_LOG_CHECK_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the embedded MongoDB keeps what, in a data directory."""

    data_dir: Path

    @property
    def database(self) -> Path:
        """mongod's own directory. Absolute, since processes are recognised by it."""
        return self.data_dir.resolve() / "mongodb"

    @property
    def key_file(self) -> Path:
        """The replica set's key, in the form in which mongod wants it."""
        return self.data_dir.resolve() / "mongod.key"

    @property
    def log(self) -> Path:
        """What mongod writes."""
        return self.data_dir.resolve() / "mongod.log"

    @property
    def mark(self) -> str:
        """What stands in the command line of a mongod of this data directory, and of no other process."""
        return f" --dbpath {self.database} --replSet {REPLICA_SET} "


class Mongod:
    """A running mongod: a child process in a session of its own, which Ctrl-C in a terminal does not reach."""

    def __init__(self, binary: Path, log: MongodLog, process: Process) -> None:
        self._binary = binary
        self._log = log
        self._process = process

    @classmethod
    async def spawn(cls, binary: Path, layout: Layout, log: MongodLog, port: int, cache_gb: float) -> Mongod:
        """Starts mongod.

        On Linux it is told by the kernel when this process ends, however that ends, and stops. That holds for the
        thread which starts it, so it is asked for on the main thread only.

        Raises:
            StartupError: it cannot be run, or its log cannot be written.
        """
        command = [*_tether(), str(binary), *_arguments(layout, port, cache_gb)]
        with log.open() as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise StartupError(f"{binary} cannot be run: {error.strerror}") from error
        return cls(binary, log, process)

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    async def during(self, work: Awaitable[None]) -> None:
        """Awaits ``work``, which needs this mongod running.

        Raises:
            StartupError: mongod ended; with its reason where it gave one.
        """
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                reason = why_it_ended(self._binary, ending.result(), self._log.since())
                raise StartupError(f"The embedded MongoDB does not start: {reason}")
            await working
        finally:
            working.cancel()
            ending.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)

    async def wait(self) -> int:
        """Waits until mongod ends, and keeps its log small meanwhile. Returns the exit code, negative for a signal."""
        while True:
            try:
                async with asyncio.timeout(_LOG_CHECK_SECONDS):
                    return await self._process.wait()
            except TimeoutError:
                self._rotate_log()

    async def end(self) -> None:
        """Stops mongod: in order, or by force if that takes more than 15 s. Harmless where it has ended."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _rotate_log(self) -> None:
        with suppress(OSError, ProcessLookupError):
            if self._log.rotate():
                self._process.send_signal(signal.SIGUSR1)


async def listening(port: int) -> None:
    """Waits until somebody listens at this port of 127.0.0.1.

    Before any client is made: a driver that finds nobody waits half a second before it tries again.
    """
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_POLL_SECONDS)
        else:
            writer.close()
            await writer.wait_closed()
            return


async def unlocked(database: Path, seconds: float) -> bool:
    """Waits until no mongod has this directory; a killed one lets go a moment after it has ceased to be seen.

    Returns:
        Whether that came to pass within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while _is_locked(database / "mongod.lock"):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


def _is_locked(path: Path) -> bool:
    # mongod holds a POSIX lock on this file, also where its process is out of our sight (another container's).
    try:
        with path.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _arguments(layout: Layout, port: int, cache_gb: float) -> list[str]:
    return [
        *("--dbpath", str(layout.database), "--replSet", REPLICA_SET),  # in this order, by which it is recognised
        *("--keyFile", str(layout.key_file)),
        *("--bind_ip", "127.0.0.1"),
        *("--port", str(port)),
        "--nounixsocket",
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        *("--oplogSize", "256"),  # MB
        *("--logpath", str(layout.log)),
        "--logappend",
        *("--logRotate", "reopen"),
        "--quiet",  # no line for every connection
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),  # up to 200 MB for MongoDB's support
    ]


def _tether() -> list[str]:
    """What makes the kernel send SIGTERM to the program started after it when this process ends; empty if nothing does.

    The shell looks whether this process ended before the kernel knew, and then starts nothing.
    """
    setpriv, shell = shutil.which("setpriv"), shutil.which("sh")
    if setpriv is None or shell is None or threading.current_thread() is not threading.main_thread():
        return []
    check = 'test "$PPID" = "$1" && shift && exec "$@"'
    return [setpriv, "--pdeathsig", "TERM", shell, "-c", check, "sh", str(os.getpid())]
