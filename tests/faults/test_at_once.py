"""Many requests at one moment, to one process and to two: each event is stored once, each address announced once."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.model import list_scope
from tests.faults.checks import check
from tests.faults.load import Load
from tests.support.live import NO_LIMITS, PATIENCE, Live, eventually, free_port, start, stop
from tests.support.shell import Shell
from tests.support.traffic import Sending, Traffic, beside, connection, event, send

MANY = 200
BATCHES = 20


@contextlib.contextmanager
def two(live: Live, place: Path) -> Iterator[list[Live]]:
    """Two collector processes over one database."""
    port = free_port()
    with beside(live, place / "one", f"pair_{place.name[-40:]}", *NO_LIMITS) as one:
        database = ["--mongodb-uri", live.uri, "--database", one.db.name, *NO_LIMITS]
        other = start(place / "two", port, *database)
        try:
            yield [one, replace(one, url=f"http://127.0.0.1:{port}", process=other, data_dir=place / "two")]
        finally:
            stop(other)


@pytest.fixture(scope="module")
def started(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Live]]:
    """Two, for tests that each have a list of their own."""
    with two(live, tmp_path_factory.mktemp("at_once")) as found:
        yield found


def new_list(lives: list[Live]) -> list[Live]:
    """Both of them, with a new list and a secret key for it."""
    one = lives[0]
    shell = Shell(one.data_dir, ("--mongodb-uri", one.uri, "--database", one.db.name))
    made = shell.run("list", "create", "At once", "--user", one.demo["user"])
    key = shell.run("key", "create", "--user", one.demo["user"], "--secret")
    demo = {**one.demo, "list_id": made["id"], "secret_key": key["key"]}
    return [replace(each, demo=demo) for each in lives]


def told(lives: list[Live], what: str) -> int:
    """How often all of them have said something of MongoDB."""
    return sum(live.data_dir.with_suffix(".log").read_text().count(f"MongoDB is {what}") for live in lives)


def undisturbed(lives: list[Live], made: Callable[[int], tuple[list[Live], list[Sending]]]) -> list[Any]:
    """The answers to requests at one moment. Others, should this machine be too slow for MongoDB to answer in time:
    while it is taken to be away, what is new is not known, and so not told."""
    for attempt in range(10):
        eventually(lambda: told(lives, "away") == told(lives, "back"))
        before = told(lives, "away")
        answers = at_once(*made(attempt))
        if told(lives, "away") == before:
            return answers
    raise AssertionError("MongoDB was away each time")


def rows(live: Live, collection: str, **query: Any) -> list[dict[str, Any]]:
    """What is stored of the list."""
    return list(live.db[collection].find({"scope": list_scope(live.demo["list_id"]), **query}))


def at_once(lives: list[Live], sendings: list[Sending]) -> list[Any]:
    """The answers to requests that are sent at one moment, in turns to each collector."""
    ready, found = threading.Barrier(len(sendings)), {}

    def one(number: int) -> None:
        on = connection(lives[number % len(lives)].url)
        on.connect()
        ready.wait(PATIENCE)
        found[number] = send(on, sendings[number])
        on.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(sendings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _, _ in found.values()} == {200}
    return [found[number][2] for number in range(len(sendings))]


def singles(live: Live, ids: list[int], **more: str) -> list[Sending]:
    """An event each."""
    return [Sending((str(number),), event(live, str(number), **more)) for number in ids]


@pytest.mark.parametrize("processes", [1, 2])
def test_many_at_one_moment_with_one_new_address_make_one_subscriber_and_one_automatic_identify(
    started: list[Live], processes: int
) -> None:
    pair = started

    def made(_: int) -> tuple[list[Live], list[Sending]]:
        nonlocal pair
        pair = new_list(started)
        names = {"Email": "jane@example.com", "ID": "u1", "UUID": "v"}
        return pair[:processes], singles(pair[0], list(range(MANY)), **names)

    answers = undisturbed(started, made)
    one = pair[0]
    assert sum(answer["identify_event_sent"] for answer in answers) == 1
    assert len(rows(one, "events", event="view")) == MANY
    (identify,) = rows(one, "events", event="identify")
    (subscriber,) = rows(one, "subscribers")
    assert identify["automatic"] is True
    assert {row["subscriber"] for row in rows(one, "events")} == {subscriber["_id"]}
    assert (subscriber["email"], subscriber["ids"]) == ("jane@example.com", ["u1"])
    (visitor,) = rows(one, "visitors")
    assert [link["subscriber"] for link in visitor["links"]] == [subscriber["_id"]]


def test_two_processes_store_an_event_that_both_are_sent_once(started: list[Live]) -> None:
    pair = started

    def made(_: int) -> tuple[list[Live], list[Sending]]:
        nonlocal pair
        pair = new_list(started)
        return pair, singles(pair[0], [number // 4 for number in range(MANY)], Email="jane@example.com")

    answers = undisturbed(started, made)
    assert sum("duplicate" not in answer for answer in answers) == MANY // 4
    assert len(rows(pair[0], "events", event="view")) == MANY // 4
    assert len(rows(pair[0], "events", event="identify")) == 1


def test_of_a_batch_that_two_processes_are_sent_at_once_each_event_is_stored_once(
    live: Live, tmp_path: Path, chance: random.Random
) -> None:
    """With the secret key and with the public one. For each event one answer says duplicate, and the other does not."""
    with two(live, tmp_path) as pair:
        load, sent = Load(pair[0], chance.randrange(10**6)), list[list[Sending]]()

        def made(attempt: int) -> tuple[list[Live], list[Sending]]:
            begin = attempt * BATCHES
            sent.append([load(client, n) for client in (2, 3) for n in range(begin, begin + BATCHES)])
            return pair, [batch for batch in sent[-1] for _ in pair]

        answers = undisturbed(pair, made)
        said = Counter[tuple[str, bool]]()
        for batch, answer in zip([batch for batch in sent[-1] for _ in pair], answers, strict=True):
            results = zip(batch.ids, answer["results"], strict=True)
            said.update((name, "duplicate" in result) for name, result in results)
        ids = [name for batch in sent[-1] for name in batch.ids]
        assert said == {(name, duplicate): 1 for name in ids for duplicate in (True, False)}
        check(pair[0], Traffic(acknowledged=[name for batches in sent for batch in batches for name in batch.ids]))
