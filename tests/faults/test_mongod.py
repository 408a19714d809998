"""A mongod that is killed, or stands still, under load: nothing that was acknowledged is lost or there twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checks import check, check_books
from tests.faults.conftest import LONG
from tests.faults.load import loaded, more
from tests.faults.stopping import mongod_of, standing_still
from tests.support.live import NO_LIMITS, Live, eventually, running
from tests.support.wire import ask

KILLS = 3
"""Of the embedded one, which is started again after a pause that grows. That of ``test_replica_set`` is killed more."""
STILL_SECONDS = 20 if LONG else 8
MOST_WAITED = 7
"""Seconds of a wait for an acknowledgement; where it waits for MongoDB, it is as long as that stands still."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Live]:
    """A collector with an embedded MongoDB that a test may kill."""
    with running(tmp_path / "var", *NO_LIMITS) as found:
        yield found


def readiness(live: Live) -> tuple[int, str]:
    """The answer of ``/readyz``."""
    reply = ask(f"{live.url}/readyz")
    return reply.status, reply.json["status"]


def kill_mongod(live: Live) -> None:
    """Kills it; returns once there is another."""
    before = mongod_of(live)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: mongod_of(live) != before)


def test_a_mongod_that_is_killed_again_and_again_costs_no_event_that_was_acknowledged_and_doubles_none(
    own: Live, chance: random.Random
) -> None:
    with loaded(own, chance) as traffic:
        for _ in range(KILLS):
            more(traffic, chance.randrange(1_000))
            kill_mongod(own)
        more(traffic)
    check(own, traffic, counted=60)
    check_books(own)


def test_while_a_mongod_stands_still_events_are_acknowledged_and_stored_when_it_goes_on(
    own: Live, chance: random.Random
) -> None:
    with loaded(own, chance) as traffic:
        traffic.slowest = 0.0
        with standing_still(own):
            until = time.monotonic() + STILL_SECONDS
            eventually(lambda: readiness(own) == (200, "degraded"))
            while time.monotonic() < until:
                more(traffic)
                assert readiness(own) == (200, "degraded")
            waited = traffic.slowest
        eventually(lambda: readiness(own) == (200, "ready"))
    assert waited < MOST_WAITED
    check(own, traffic, counted=60 if LONG else 0)
    check_books(own)
