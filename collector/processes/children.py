"""The parent's side: a child in every slot, whatever happens to it, and what they all count."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from collector.config import ENVIRONMENT_PREFIX
from collector.errors import StartupError
from collector.processes.link import Link, Message
from collector.processes.totals import Totals

log = logging.getLogger("collector.processes")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_STEADY_SECONDS = 10.0
"""A child that ran this long had started well: the pause before the next one is short again."""
_COUNTS_SECONDS = 1.0
"""So long a child is waited for that is asked what it has counted; then what it said last counts."""


class Children:
    """Child processes, one a slot, each replaced when it ends.

    Args:
        module: what a child runs, as ``python -m`` does.
        settings: what every child is told.
        sockets: for each slot, those that its child accepts on. They stay open here.
    """

    def __init__(self, module: str, settings: Mapping[str, Any], sockets: Sequence[Sequence[socket.socket]]) -> None:
        self._totals = Totals()
        self._ending = asyncio.Event()
        self._keepers = [
            _Keeper(self, module, {"settings": settings, "slot": slot, "sockets": [one.fileno() for one in own]})
            for slot, own in enumerate(sockets)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts them, and returns when all take requests.

        Raises:
            StartupError: one does not start. The others must be ended.
        """
        self._tasks = [asyncio.create_task(keeper.keep(self._ending)) for keeper in self._keepers]
        await asyncio.gather(*(keeper.ready for keeper in self._keepers))

    async def end(self, seconds: float) -> None:
        """Has them stop as on SIGTERM, and kills those that take longer than ``seconds``."""
        self._ending.set()
        for keeper in self._keepers:
            keeper.signal(signal.SIGTERM)
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for keeper in self._keepers if late else ():
            keeper.signal(signal.SIGKILL)
        await asyncio.gather(*self._tasks)

    def take(self, slot: int, counts: Any) -> None:
        """Hears what a child has counted."""
        self._totals.take(slot, counts)

    def leave(self, slot: int) -> None:
        """A child is gone."""
        self._totals.leave(slot)

    async def total(self, but: int) -> bytes:
        """What all have counted until now, in Prometheus' text format; of one that does not answer, what it said last.

        Args:
            but: the slot of a child that need not be asked, since it has just said.
        """
        asked = [asyncio.ensure_future(keeper.tell()) for keeper in self._keepers if keeper.slot != but]
        if asked:
            await asyncio.wait(asked, timeout=_COUNTS_SECONDS)
        return self._totals.text()


class _Keeper:
    """Keeps one slot occupied."""

    def __init__(self, children: Children, module: str, order: Message) -> None:
        self.slot: int = order["slot"]
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._children = children
        self._module = module
        self._order = order
        self._process: Process | None = None
        self._link: Link | None = None
        self._failure: str | None = None
        self._asked: deque[asyncio.Future[None]] = deque()
        self._answers: set[asyncio.Task[None]] = set()

    def signal(self, number: int) -> None:
        """Sends the child a signal."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def tell(self) -> asyncio.Future[None]:
        """Has the child say what it has counted; done when it has, or is gone."""
        asked = asyncio.get_running_loop().create_future()
        if self._link is None:
            asked.set_result(None)
        else:
            self._asked.append(asked)
            self._link.send({"tell": True})
        return asked

    async def keep(self, ending: asyncio.Event) -> None:
        """Has a child in the slot until ``ending``; gives up where the first does not start."""
        pause = _FIRST_PAUSE
        while not ending.is_set():
            began = time.monotonic()
            reason = await self._one(ending)
            if ending.is_set():
                return
            if not self.ready.done():
                self.ready.set_exception(StartupError(self._failure or f"Process {self.slot} {reason} at its start"))
                return
            log.error("process %d %s; another takes its place", self.slot, self._failure or reason)
            pause = _FIRST_PAUSE if time.monotonic() - began >= _STEADY_SECONDS else pause
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _one(self, ending: asyncio.Event) -> str:
        """One child, from its start to its end; how it ended."""
        self._failure = None
        try:
            self._process, self._link = await _spawn(self._module, self._order)
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        if ending.is_set():
            self.signal(signal.SIGTERM)
        self._link.send(self._order)
        while (message := await self._link.receive()) is not None:
            self._hear(message)
        code = await self._process.wait()
        await self._left()
        return _how(code)

    async def _left(self) -> None:
        link, self._link, self._process = self._link, None, None
        if link is not None:
            await link.close()
        self._children.leave(self.slot)
        while self._asked:
            _done(self._asked.popleft())

    def _hear(self, message: Message) -> None:
        if "ready" in message:
            _done(self.ready)
        elif "failed" in message:
            self._failure = message["failed"]
        elif "told" in message:
            self._children.take(self.slot, message["told"])
            _done(self._asked.popleft())
        else:
            self._children.take(self.slot, message["counts"])
            if "ask" in message:
                answer = asyncio.create_task(self._answer(message["ask"]))
                self._answers.add(answer)
                answer.add_done_callback(self._answers.discard)

    async def _answer(self, number: int) -> None:
        text = await self._children.total(but=self.slot)
        if self._link is not None:
            self._link.send({"answer": number, "text": text.decode()})


async def _spawn(module: str, order: Message) -> tuple[Process, Link]:
    """Starts a child, in a session of its own, which Ctrl-C in a terminal does not reach: it is told by the parent.

    Raises:
        OSError: it cannot be.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        link = await Link.over(ours)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", module, str(order["slot"])),
                stdin=theirs.fileno(),
                env=_environment(),
                pass_fds=order["sockets"],
                start_new_session=True,
            )
        except BaseException:
            await link.close()
            raise
    return process, link


def _environment() -> dict[str, str]:
    """The same modules are found in the same places, also where there is another ``collector`` in the directory that
    this happens to run in; and the settings, which come over the link, are not there a second time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path and Path(path).exists())}


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
