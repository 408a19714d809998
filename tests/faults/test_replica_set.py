"""A replica set whose primary is killed, or which refuses a write for a moment."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.faults.checks import check, check_books, drained
from tests.faults.conftest import LONG
from tests.faults.load import loaded, more
from tests.faults.mongods import ReplicaSet, replica_set
from tests.support.live import NO_LIMITS, Live, eventually, free_port, start, stop
from tests.support.traffic import connection, event, post

KILLS = 6 if LONG else 1
KILLS_OF_ONE = 20
COUNTED = 240 if LONG else 0
"""Numbers of which nobody will learn whether they are stored hold the statistics back for a minute, and then some."""
PASSING = {
    "HostUnreachable": 6,
    "LockTimeout": 24,
    "WriteConcernFailed": 64,
    "NetworkTimeout": 89,
    "NotYetInitialized": 94,
    "WriteConflict": 112,
    "ReadConcernMajorityNotAvailableYet": 134,
    "PrimarySteppedDown": 189,
    "KeyNotFound": 211,
    "NotWritablePrimary": 10107,
    "Interrupted": 11601,
    "InterruptedDueToReplStateChange": 11602,
    "OutOfDiskSpace": 14031,
}
if LONG:  # after these the driver looks again only when its next heartbeat is due, after 10 s
    PASSING |= {"ShutdownInProgress": 91, "InterruptedAtShutdown": 11600}


def of(mongo: ReplicaSet, place: Path) -> Iterator[Live]:
    """A collector with a demo over a replica set."""
    port = free_port()
    process = start(place, port, "--demo", "--mongodb-uri", mongo.uri, *NO_LIMITS)
    try:
        demo = json.loads((place / "demo.json").read_text())
        with MongoClient[dict[str, Any]](mongo.uri, tz_aware=True) as client:
            yield Live(f"http://127.0.0.1:{port}", demo, client["footfall"], mongo.uri, place, process)
    finally:
        stop(process)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[ReplicaSet]:
    """Three members."""
    with replica_set(tmp_path, 3) as found:
        yield found


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A collector over a single member, which does what it is told by test commands."""
    place = tmp_path_factory.mktemp("one")
    with replica_set(place, 1) as found:
        yield from of(found, place / "var")


def test_a_primary_that_is_killed_costs_no_event_that_was_acknowledged_and_doubles_none(
    three: ReplicaSet, tmp_path: Path, chance: random.Random
) -> None:
    for own in of(three, tmp_path / "var"):
        with loaded(own, chance) as traffic:
            for _ in range(KILLS):
                more(traffic, chance.randrange(1_000))
                primary = eventually(three.primary)
                primary.kill()
                eventually(three.primary)
                more(traffic)
                primary.start()
            more(traffic)
        check(own, traffic, counted=COUNTED)
        check_books(own)


@pytest.mark.skipif(not LONG, reason="the embedded mongod is killed, in test_mongod; this is for make faults")
def test_a_mongod_that_is_killed_at_any_moment_also_of_its_start_costs_no_event_and_doubles_none(
    tmp_path: Path, chance: random.Random
) -> None:
    with replica_set(tmp_path, 1) as mongo:
        for own in of(mongo, tmp_path / "var"):
            with loaded(own, chance) as traffic:
                for number in range(KILLS_OF_ONE):
                    more(traffic, chance.randrange(1_000))
                    mongo.members[0].kill()
                    mongo.members[0].start()
                    if number % 3:
                        eventually(mongo.primary)
                eventually(mongo.primary)
                more(traffic)
            check(own, traffic, counted=COUNTED)
            check_books(own)


@pytest.mark.parametrize("name", PASSING)
def test_a_write_that_is_refused_for_the_moment_is_the_fault_of_no_event(one: Live, name: str) -> None:
    """Refused as often as the driver tries by itself, and once more."""
    data = {"failCommands": ["insert"], "errorCode": PASSING[name], "appName": "footfall"}
    one.db.client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": 3}, "data": data})
    on = connection(one.url)
    try:
        assert post(on, event(one, name))[0] == 200
    finally:
        one.db.client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        on.close()
    drained(one)
    assert one.db["events"].count_documents({"event_id": name}) == 1
