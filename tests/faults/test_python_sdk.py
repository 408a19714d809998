"""The Python SDK over networks, proxies and collectors that fail: what it sends is stored once, and nothing is lost."""

from __future__ import annotations

import random
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import footfall
import pytest

from tests.faults.conftest import LONG
from tests.faults.gateway import FAULTS, gateway_to
from tests.faults.stopping import again, standing_still
from tests.support.live import NO_LIMITS, Live, eventually, stop
from tests.support.traffic import beside

LIMITS = footfall.Limits(interval=0.02, batch_events=25)
TIMEOUT = 1.0
EVENTS = 2_000 if LONG else 100
ROUNDS = 20 if LONG else 1


def settled(client: footfall.Client) -> bool:
    """Whether all is settled in the end; each flush cuts short one pause."""
    return bool(eventually(lambda: client.flush(2), 300))


def check(live: Live, client: footfall.Client, event: str, ids: list[str]) -> None:
    """Each event is stored once, and the client knows it."""
    stored = sorted(found["event_id"] for found in live.db.events.find({"event": event}, {"event_id": 1}))
    assert stored == sorted(ids)
    stats = client.stats()
    assert (stats.sent, stats.queued, stats.dropped) == (len(ids), 0, {})


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_leaves_every_event_stored_once(live: Live, fault: str) -> None:
    event = f"faulty_{uuid4().hex}"
    with (
        gateway_to(live) as gateway,
        footfall.Client(gateway.url, live.demo["secret_key"], timeout=TIMEOUT, limits=LIMITS) as client,
    ):
        gateway.faults = [fault, "passes", fault]
        ids = [client.track(event, {"n": n}) for n in range(EVENTS)]
        assert settled(client)
        assert gateway.done[fault] == 2
        check(live, client, event, ids)


def test_faults_in_any_order_leave_every_event_stored_once(live: Live, chance: random.Random) -> None:
    event, ids = f"faults_{uuid4().hex}", list[str]()
    with (
        gateway_to(live) as gateway,
        footfall.Client(gateway.url, live.demo["secret_key"], timeout=TIMEOUT, limits=LIMITS) as client,
    ):
        for _ in range(ROUNDS):
            gateway.faults = chance.choices([*FAULTS, "passes"], k=6)
            ids += [client.track(event, {"n": n}) for n in range(EVENTS)]
            assert settled(client)
        check(live, client, event, ids)


def test_a_collector_that_is_killed_and_started_again_has_every_event_once(live: Live, tmp_path: Path) -> None:
    event, ids, end = f"killed_{uuid4().hex}", list[str](), threading.Event()

    def busy(client: footfall.Client) -> None:
        while not end.wait(0.001):
            ids.append(client.track(event, {"n": len(ids)}))

    with ExitStack() as stack:
        own = stack.enter_context(beside(live, tmp_path / "var", "killed_sdk", *NO_LIMITS))
        client = stack.enter_context(footfall.Client(own.url, own.demo["secret_key"], timeout=5, limits=LIMITS))
        thread = threading.Thread(target=busy, args=(client,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(end.set)
        process = own.process
        for _ in range(5 if LONG else 1):
            before = client.stats().sent
            eventually(lambda: client.stats().sent > before + 100)  # noqa: B023 (called at once)
            stop(process, signal.SIGKILL)
            eventually(lambda: client.stats().last_error)
            process = again(own)
            stack.callback(stop, process)
        end.set()
        thread.join()
        assert settled(client)
        check(own, client, event, ids)


def test_what_a_collector_takes_while_mongodb_is_away_is_stored_once(live: Live, tmp_path: Path) -> None:
    event = f"away_{uuid4().hex}"
    with (
        beside(live, tmp_path / "var", "away_sdk", *NO_LIMITS) as own,
        footfall.Client(own.url, own.demo["secret_key"], timeout=5, limits=LIMITS) as client,
    ):
        ids = [client.track(event)]
        assert settled(client)  # the key and the list are known from here on
        with standing_still(live):
            ids += [client.track(event) for _ in range(EVENTS)]
            assert settled(client)
        eventually(lambda: own.db.events.count_documents({"event": event}) == len(ids))
        check(own, client, event, ids)
