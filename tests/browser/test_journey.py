"""A visitor of many pages, while the collector is killed under them: a real process, by SIGKILL."""

from __future__ import annotations

import functools
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import LONG
from tests.faults.stopping import again
from tests.support.browsers import driven
from tests.support.live import NO_LIMITS, Live, eventually, stop
from tests.support.traffic import beside

LOADS, EVENTS = 50, 20
KILLED_AT = (0.2, 0.6)
"""At which part of what is to be stored the collector is killed."""
PATIENCE = 120


def travel(browser: str, live: Live) -> dict[str, Any]:
    """The journey of a visitor."""
    arguments = (live.url, live.demo["public_key"], str(LOADS), str(EVENTS))
    with driven("journey.mjs", browser, *arguments) as found:
        return dict(found)


def reached(live: Live, many: float) -> bool:
    """Whether so many steps are stored."""
    return int(live.db["events"].count_documents({"event": "step"})) >= many


@pytest.mark.parametrize("browser", ["chromium", "firefox"] if LONG else ["chromium"])
def test_a_thousand_events_over_fifty_pages_are_all_there_once_though_the_collector_is_killed_twice(
    live: Live, tmp_path: Path, browser: str
) -> None:
    """As long as no more wait than may be stored: a page that is left takes along what it could not store. Firefox in
    the long form only."""
    with ExitStack() as stack:
        own = stack.enter_context(beside(live, tmp_path / "var", f"journey_{browser}", *NO_LIMITS))
        process, steps = own.process, own.db["events"]
        journey = stack.enter_context(ThreadPoolExecutor(1)).submit(travel, browser, own)
        for part in KILLED_AT:
            eventually(functools.partial(reached, own, part * LOADS * EVENTS), PATIENCE)
            stop(process, signal.SIGKILL)
            process = again(own)
            stack.callback(stop, process)
        assert journey.result(PATIENCE) == {"complaints": [], "waiting": 0}
        found = [event["properties"] for event in steps.find({"event": "step"})]
    stored = Counter((properties["load"], properties["n"]) for properties in found)
    assert stored == {(load, n): 1 for load in range(LOADS) for n in range(EVENTS)}
