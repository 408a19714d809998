"""kill -9 of mongod and of the collector while clients post: what was acknowledged is there exactly once, all else at
most once. And many at one moment, in one process and in two."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.embedded.state import load_state
from tests.support.live import Live, eventually, free_port, running, start, stop
from tests.support.traffic import Traffic, beside, connection, event, post, posting

CLIENTS = 32
MANY = 200


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Live]:
    """A collector with an embedded MongoDB that a test may kill."""
    with running(tmp_path / "var", "--track-limit", "1000000") as found:
        yield found


def visits(live: Live) -> Callable[[int, int], tuple[str, str]]:
    """What clients post: each event with an EventID, every third with an address that other clients name as well, and
    always some that are new."""

    def body(client: int, n: int) -> tuple[str, str]:
        named = {"Email": f"p{n // 6}@example.com", "UUID": f"v{client}"} if n % 3 == 0 else {}
        return f"{client}-{n}", event(live, f"{client}-{n}", Properties={"n": n}, **named)

    return body


def more(traffic: Traffic, than: int = 300) -> None:
    """Returns once so many more events are acknowledged."""
    before = len(traffic.acknowledged)
    eventually(lambda: len(traffic.acknowledged) > before + than)


def check(live: Live, traffic: Traffic) -> None:
    """All that was acknowledged is there once and all else at most once, before it is sent again and after."""
    stored = Counter(row["event_id"] for row in live.db["events"].find({"event": "view"}))
    assert max(stored.values()) == 1
    assert set(traffic.acknowledged) - stored.keys() == set()
    assert stored.keys() <= {*traffic.acknowledged, *traffic.unknown}
    assert traffic.statuses <= {200, 503}

    body, on = visits(live), connection(live.url)
    for event_id in traffic.unknown:
        client, _, n = event_id.partition("-")
        status, answer = post(on, body(int(client), int(n))[1])
        assert (status, "duplicate" in answer) == (200, event_id in stored), answer
    on.close()
    assert live.db["events"].count_documents({"event": "view"}) == len(traffic.acknowledged) + len(traffic.unknown)


def check_people(live: Live) -> None:
    """Every address is one subscriber, announced by one automatic identify, and no event of it is without either."""
    named = list(live.db["events"].find({"event": "view", "email": {"$exists": True}}))
    addresses = {row["email"]: row["subscriber"] for row in named}
    assert len({(row["email"], row["subscriber"]) for row in named}) == len(addresses) > 1
    announced = Counter(row["email"] for row in live.db["events"].find({"automatic": True}))
    assert announced == dict.fromkeys(addresses, 1)
    assert {row["email"]: row["_id"] for row in live.db["subscribers"].find()} == addresses
    assert {row["uuid"] for row in live.db["visitors"].find()} == {row["uuid"] for row in named}
    path = f"/api/v1/website_events.properties?ListID={live.demo['list_id']}"
    on = connection(live.url)
    on.request("GET", path, headers={"Authorization": f"Bearer {live.demo['secret_key']}"})
    assert b'{"view":["n"]}' in on.getresponse().read()
    on.close()


def test_a_killed_mongod_costs_no_event_that_was_acknowledged_and_doubles_none(own: Live) -> None:
    with posting([own.url], CLIENTS, visits(own)) as traffic:
        for _ in range(2):
            more(traffic)
            state = load_state(own.data_dir)
            assert state is not None
            assert state.pid is not None
            os.kill(state.pid, signal.SIGKILL)
            more(traffic)
    check(own, traffic)
    check_people(own)


def test_a_killed_collector_costs_no_event_that_was_acknowledged_and_doubles_none(own: Live) -> None:
    with posting([own.url], CLIENTS, visits(own)) as traffic:
        more(traffic)
        stop(own.process, signal.SIGKILL)
        again = start(own.data_dir, int(own.url.rpartition(":")[2]), "--track-limit", "1000000")
        try:
            more(traffic)
        except BaseException:
            stop(again)
            raise
    try:
        assert traffic.unknown
        check(own, traffic)
        check_people(own)
    finally:
        own.db.client.close()  # which tells the server, and so before it is gone
        stop(again)


@pytest.fixture
def pair(live: Live, tmp_path: Path) -> Iterator[list[Live]]:
    """Two collector processes over one database."""
    port = free_port()
    with beside(live, tmp_path / "one", f"pair_{tmp_path.name[-40:]}") as one:
        database = ["--mongodb-uri", live.uri, "--database", one.db.name]
        other = start(tmp_path / "two", port, *database)
        try:
            yield [one, replace(one, url=f"http://127.0.0.1:{port}", process=other)]
        finally:
            stop(other)


def at_once(lives: list[Live], bodies: list[str]) -> list[Any]:
    """The answers to requests that are sent at one moment, in turns to each collector."""
    ready, found = threading.Barrier(len(bodies)), []

    def send(number: int) -> None:
        on = connection(lives[number % len(lives)].url)
        on.connect()
        ready.wait(30)
        found.append(post(on, bodies[number]))
        on.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in found} == {200}
    return [answer for _, answer in found]


@pytest.mark.parametrize("processes", [1, 2])
def test_many_at_one_moment_with_one_new_address_make_one_subscriber_and_one_automatic_identify(
    pair: list[Live], processes: int
) -> None:
    one = pair[0]
    names = {"Email": "jane@example.com", "ID": "u1", "UUID": "v"}
    answers = at_once(pair[:processes], [event(one, str(number), **names) for number in range(MANY)])
    assert sum(answer["identify_event_sent"] for answer in answers) == 1
    assert one.db["events"].count_documents({"event": "view"}) == MANY
    (identify,) = one.db["events"].find({"event": "identify"})
    (subscriber,) = one.db["subscribers"].find()
    assert identify["automatic"] is True
    assert one.db["events"].distinct("subscriber") == [subscriber["_id"]]
    assert (subscriber["email"], subscriber["ids"]) == ("jane@example.com", ["u1"])
    (visitor,) = one.db["visitors"].find()
    assert [link["subscriber"] for link in visitor["links"]] == [subscriber["_id"]]


def test_two_processes_store_an_event_that_both_are_sent_once(pair: list[Live]) -> None:
    one = pair[0]
    answers = at_once(pair, [event(one, str(number // 4), Email="jane@example.com") for number in range(MANY)])
    assert sum("duplicate" not in answer for answer in answers) == MANY // 4
    assert one.db["events"].count_documents({"event": "view"}) == MANY // 4
    assert one.db["events"].count_documents({"event": "identify"}) == 1
