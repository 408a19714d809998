"""Collector processes that are killed, or told to stop, under load: also while MongoDB is away and events wait."""

from __future__ import annotations

import os
import random
import signal
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from tests.faults.checks import check
from tests.faults.conftest import LONG
from tests.faults.load import CLIENTS, loaded, more
from tests.faults.stopping import again, kill_parent, standing_still
from tests.support.books import read_books
from tests.support.children import children
from tests.support.live import NO_LIMITS, Live, eventually, stop
from tests.support.traffic import beside

ROUNDS = 5 if LONG else 1
COUNTED = 180 if LONG else 0
"""A writer that was killed is known to be dead after a minute, and is then counted to its end."""


def kill_child(live: Live, parent: int, slot: int) -> None:
    """Kills the process in a slot; returns once there is another."""
    before = children(parent)[slot]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: children(parent).get(slot, before) != before)


def spooled(live: Live) -> float:
    """How many events wait."""
    return read_books(live.url)["footfall_spool_events"]


def test_killed_processes_and_a_killed_parent_cost_no_event_that_was_acknowledged_and_double_none(
    live: Live, tmp_path: Path, chance: random.Random
) -> None:
    options = ("--processes", "2")
    with ExitStack() as stack:
        two = stack.enter_context(beside(live, tmp_path / "var", "killed", *options, *NO_LIMITS))
        process = two.process
        with loaded(two, chance) as traffic:
            for _ in range(ROUNDS):
                kill_child(two, process.pid, chance.randrange(2))
                more(traffic, chance.randrange(1_000))
                kill_parent(process)
                process = again(two, *options)
                stack.callback(stop, process)
                more(traffic)
        check(two, traffic, counted=COUNTED)


def test_killed_while_mongodb_is_away_they_go_on_with_what_waits_in_their_spools(
    live: Live, tmp_path: Path, chance: random.Random
) -> None:
    """The parent in the long form only: it costs a quarter of a minute, and ``test_processes`` kills one too."""
    options = ("--processes", "2")
    with ExitStack() as stack:
        two = stack.enter_context(beside(live, tmp_path / "var", "killed_away", *options, *NO_LIMITS))
        process = two.process
        with loaded(two, chance) as traffic, standing_still(live):
            for _ in range(ROUNDS):
                eventually(lambda: spooled(two))
                more(traffic, chance.randrange(1_000))
                kill_child(two, process.pid, chance.randrange(2))
                more(traffic, chance.randrange(1_000))
                if LONG:
                    kill_parent(process)
                    process = again(two, *options)
                    stack.callback(stop, process)
                    assert spooled(two)
                more(traffic)
        check(two, traffic, counted=COUNTED)


@pytest.mark.parametrize("away", [False, True], ids=["MongoDB there", "MongoDB away"])
def test_told_to_stop_a_collector_answers_what_is_in_flight_and_loses_nothing(
    live: Live, tmp_path: Path, chance: random.Random, away: bool
) -> None:
    with beside(live, tmp_path / "var", f"told_to_stop_{away}", *NO_LIMITS) as own, ExitStack() as stack:
        with loaded(own, chance) as traffic:
            with standing_still(live) if away else nullcontext():
                waiting = CLIENTS if away else 2
                held = eventually(lambda: len(traffic.open) >= waiting and dict(traffic.open)).values()
                assert stop(own.process) == 0
            stack.callback(stop, again(own))
            more(traffic)
        assert {event_id for sent in held for event_id in sent.ids} <= set(traffic.acknowledged)
        check(own, traffic)
