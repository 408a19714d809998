"""``python -m tests.bench.sdks.lives SDK LIFE URL COUNT``: one process's life with an SDK, told in lines of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Callable

from tests.bench import usage
from tests.bench.sdks.adapters import Sdk, make

WARM_UP = 200
Facts = dict[str, float]


def speed(name: str, url: str, count: int) -> Facts:
    """The time of a call as its caller sees it, while the SDK sends; and of all until the last is delivered."""
    sdk = make(name, url, roomy=True)
    for _ in range(WARM_UP):
        sdk.track("warm up")
    sdk.flush()
    began = time.perf_counter()
    _track(sdk, count)
    called = time.perf_counter() - began
    sdk.flush()
    return {"call": 1e6 * called / count, "all": time.perf_counter() - began}


def burst(name: str, url: str, count: int) -> Facts:
    """As many as come, without a pause, with what its defaults hold."""
    sdk = make(name, url)
    _track(sdk, count)
    sdk.flush()
    return {}


def end(name: str, url: str, count: int) -> Facts:
    """A script that tracks and ends, without a flush."""
    sdk = make(name, url)
    _tell({"began": time.monotonic()})
    _track(sdk, count)
    return {}


def fork(name: str, url: str, count: int) -> Facts:
    """A child of ``os.fork``, which ends by ``sys.exit``; its parent has used the SDK before."""
    sdk = _used(name, url)
    child = os.fork()
    if child == 0:
        _track(sdk, count)
        sys.exit(0)
    os.waitpid(child, 0)
    return {}


def process_fork(name: str, url: str, count: int) -> Facts:
    """A forked child of multiprocessing; its parent has used the SDK before."""
    sdk = _used(name, url)
    child = multiprocessing.get_context("fork").Process(target=_track, args=(sdk, count))
    child.start()
    child.join()
    return {}


def process_spawn(name: str, url: str, count: int) -> Facts:
    """A spawned child of multiprocessing, which makes a client of its own."""
    _used(name, url)
    child = multiprocessing.get_context("spawn").Process(target=_make_and_track, args=(name, url, count))
    child.start()
    child.join()
    return {}


def loop(name: str, url: str, count: int) -> Facts:
    """The longest that an event loop is held up between two of its turns, in milliseconds."""
    sdk = make(name, url)
    sdk.track("warm up")
    sdk.flush()
    return {"held": 1000 * asyncio.run(_held_up(sdk, count))}


def memory(name: str, url: str, count: int) -> Facts:
    """How much more memory the process has, in MiB, after *count* calls, or as many as are made in 20 s."""
    sdk = make(name, url)
    sdk.track("warm up")
    before, until, calls = usage.resident(os.getpid()), time.monotonic() + 20, 0
    while calls < count and time.monotonic() < until:
        with contextlib.suppress(Exception):
            sdk.track("child")
        calls += 1
    _tell({"more": usage.resident(os.getpid()) - before, "calls": calls})
    os._exit(0)  # how it ends with a dead server is measured elsewhere


LIVES: dict[str, Callable[[str, str, int], Facts]] = {
    life.__name__: life for life in (speed, burst, end, fork, process_fork, process_spawn, loop, memory)
}


def _track(sdk: Sdk, count: int) -> None:
    for _ in range(count):
        sdk.track("child")


def _make_and_track(name: str, url: str, count: int) -> None:
    _track(make(name, url), count)


def _used(name: str, url: str) -> Sdk:
    sdk = make(name, url)
    sdk.track("parent")
    return sdk


async def _held_up(sdk: Sdk, count: int) -> float:
    longest, before = 0.0, time.perf_counter()
    for _ in range(count):
        sdk.track("child")
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return longest


def _tell(facts: Facts) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    _tell(LIVES[sys.argv[2]](sys.argv[1], sys.argv[3], int(sys.argv[4])))
