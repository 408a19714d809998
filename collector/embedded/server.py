"""The embedded MongoDB as a whole: started, watched over, started again, stopped."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from collector.embedded.datadir import holder_of, make_private, unusable
from collector.embedded.launch import Layout, Mongod, listening, unlocked
from collector.embedded.log import MongodLog
from collector.embedded.mongod import find_mongod
from collector.embedded.process import end_process, is_running, look_up
from collector.embedded.state import (
    REPLICA_SET,
    USER,
    State,
    free_port,
    is_free,
    load_state,
    new_state,
    save_state,
    write_private,
)
from collector.errors import StartupError
from collector.storage.replica_set import ReplicaSet

_READY_SECONDS = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_STEADY_SECONDS = 60.0
"""A mongod that ran this long had started well: the pause before the next one is short again."""

_log = logging.getLogger(__name__)


class EmbeddedMongo:
    """A mongod on the data in a directory, which runs from ``start()`` to ``stop()`` whatever happens to it.

    The caller has acquired the ``DataDirectory``: a mongod found running there is taken for one that was left behind.

    Args:
        data_dir: the data directory.
        mongod: the program; found by itself where None.
        cache_gb: its cache in GB; mongod takes 0.25 at least.
    """

    _state: State

    def __init__(self, data_dir: Path, mongod: Path | None = None, cache_gb: float = 0.25) -> None:
        self._layout = Layout(data_dir)
        self._given = mongod
        self._cache_gb = cache_gb
        self._log = MongodLog(self._layout.log)
        self._mongod: Mongod | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Starts MongoDB and returns when it takes writes.

        Call it on the main thread, so that a kill of this process also stops mongod (Linux).

        Returns:
            Its connection string, with name and password. It stays true until ``stop()``.

        Raises:
            StartupError: there is no mongod, it does not run, or the data are not usable.
        """
        if self._mongod is not None:
            raise RuntimeError("This MongoDB has been started already")
        binary = find_mongod(self._given)
        try:
            self._state = await self._prepared()
            await self._run(binary)
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.create_task(self._keep_running(binary))
        return self._state.uri

    async def stop(self) -> None:
        """Stops MongoDB in order; by force if that takes more than 15 s. Harmless where it does not run."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        mongod, self._mongod = self._mongod, None
        if mongod is not None:
            await mongod.end()
            with suppress(StartupError):  # a stale number does no harm, and a full disk must not spoil the end
                self._save(pid=None)

    async def _prepared(self) -> State:
        """What a start needs: directories, key, nobody else in the database, a port that is free."""
        data_dir, database = self._layout.data_dir, self._layout.database
        make_private(data_dir)
        state = load_state(data_dir)
        if state is None:
            _refuse_orphans(database, data_dir)
            state = new_state()
            save_state(data_dir, state)
        make_private(database)
        write_private(self._layout.key_file, state.key + "\n")
        await self._clear(state)
        return await self._with_port(state)

    async def _clear(self, state: State) -> None:
        """Ends a mongod that an earlier process left behind, be it by our record or by mongod's own."""
        for pid in (state.pid, _recorded_pid(self._layout.database)):
            if pid is not None:
                await end_process(pid, self._layout.mark)
        if not await unlocked(self._layout.database, seconds=5.0):
            raise StartupError(f"Another mongod is using {self._layout.database}")

    async def _with_port(self, state: State) -> State:
        """The state with a port that can be had: the one of before, else another."""
        for _ in range(10):
            # A mongod just ended may hold its port for a moment longer than its files.
            if is_free(state.port):
                return state
            await asyncio.sleep(0.05)
        # mongod asks who is at its old port before it takes the new one: up to 30 s where nobody answers.
        _log.warning("The port of the embedded MongoDB has been taken by another program; moving to a new one")
        state = replace(state, port=free_port(), settled=False)
        save_state(self._layout.data_dir, state)
        return state

    async def _run(self, binary: Path) -> None:
        """Starts mongod and waits until it takes writes; ends it again if that fails.

        Raises:
            StartupError: it does not run, or does not become ready.
        """
        port = self._state.port
        self._mongod = mongod = await Mongod.spawn(binary, self._layout, self._log, port, self._cache_gb)
        try:
            self._save(pid=mongod.pid)
            await mongod.during(self._settle())
        except BaseException:
            await mongod.end()
            raise
        self._save(settled=True)

    async def _settle(self) -> None:
        await listening(self._state.port)
        await ReplicaSet(REPLICA_SET, self._state.port, USER, self._state.password).settle(_READY_SECONDS)

    async def _keep_running(self, binary: Path) -> None:
        """Starts mongod again whenever it ends, on the same port, after a pause that grows while this keeps failing."""
        pause, clock = _FIRST_PAUSE, asyncio.get_running_loop().time
        while True:
            began = clock()
            code = await self._mongod.wait() if self._mongod is not None else None
            if clock() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            _log.warning("mongod ended (code %s); starting it again in %.1f s", code, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            await self._run_again(binary)

    async def _run_again(self, binary: Path) -> None:
        try:
            await self._run(binary)
            _log.warning("mongod is running again")
        except Exception as error:
            # Whatever it is, the next try may work; its text may hold addresses, which logs must not.
            _log.warning("mongod did not start (%s); its log may tell more", type(error).__name__)

    def _save(self, **changes: bool | int | None) -> None:
        state = replace(self._state, **changes)  # type: ignore[arg-type]
        if state != self._state:
            self._state = state
            save_state(self._layout.data_dir, state)


def running_uri(data_dir: Path) -> str | None:
    """The connection string of the MongoDB that a running server has in this data directory.

    None where no server runs there, or its MongoDB is not ready. One that a command of the command line has started
    does not count, as it ends with that command.

    Raises:
        StartupError: the state of the embedded MongoDB cannot be read.
    """
    state, holder = load_state(data_dir), holder_of(data_dir)
    if state is None or state.pid is None or not state.settled or holder is None or holder.role != "serve":
        return None
    process = look_up(state.pid)
    # A child of the process that signed: so that process still lives, and its number has not gone to another.
    owned = process is not None and process.parent == holder.pid
    return state.uri if owned and is_running(state.pid, Layout(data_dir).mark) else None


def _refuse_orphans(database: Path, data_dir: Path) -> None:
    """Data without their password are not to be covered up by a new one."""
    try:
        orphaned = database.is_dir() and any(database.iterdir())
    except OSError as error:
        raise unusable(database, error) from error
    if orphaned:
        raise StartupError(f"{database} has data, but {data_dir / 'mongod.json'} with their password is missing")


def _recorded_pid(database: Path) -> int | None:
    """The process number that a mongod writes into its own directory, and removes when it ends in order."""
    try:
        text = (database / "mongod.lock").read_text("ascii", "replace").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
