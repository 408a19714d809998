"""Many requests at one moment, to one process and to two: each event is stored once, each address announced once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checks import check
from tests.faults.load import Load
from tests.support.live import NO_LIMITS, Live, free_port, start, stop
from tests.support.traffic import Sending, Traffic, beside, connection, event, send

MANY = 200
BATCHES = 20


@pytest.fixture
def pair(live: Live, tmp_path: Path) -> Iterator[list[Live]]:
    """Two collector processes over one database."""
    port = free_port()
    with beside(live, tmp_path / "one", f"pair_{tmp_path.name[-40:]}", *NO_LIMITS) as one:
        database = ["--mongodb-uri", live.uri, "--database", one.db.name, *NO_LIMITS]
        other = start(tmp_path / "two", port, *database)
        try:
            yield [one, replace(one, url=f"http://127.0.0.1:{port}", process=other)]
        finally:
            stop(other)


def at_once(lives: list[Live], sendings: list[Sending]) -> list[Any]:
    """The answers to requests that are sent at one moment, in turns to each collector."""
    ready, found = threading.Barrier(len(sendings)), {}

    def one(number: int) -> None:
        on = connection(lives[number % len(lives)].url)
        on.connect()
        ready.wait(30)
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
    pair: list[Live], processes: int
) -> None:
    one = pair[0]
    names = {"Email": "jane@example.com", "ID": "u1", "UUID": "v"}
    answers = at_once(pair[:processes], singles(one, list(range(MANY)), **names))
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
    answers = at_once(pair, singles(one, [number // 4 for number in range(MANY)], Email="jane@example.com"))
    assert sum("duplicate" not in answer for answer in answers) == MANY // 4
    assert one.db["events"].count_documents({"event": "view"}) == MANY // 4
    assert one.db["events"].count_documents({"event": "identify"}) == 1


def test_of_a_batch_that_two_processes_are_sent_at_once_each_event_is_stored_once(
    pair: list[Live], chance: random.Random
) -> None:
    """With the secret key and with the public one. For each event one answer says duplicate, and the other does not."""
    one, made = pair[0], Load(pair[0], chance.randrange(10**6))
    batches = [made(client, n) for client in (2, 3) for n in range(BATCHES)]
    answers = at_once(pair, [batch for batch in batches for _ in pair])
    told = Counter[tuple[str, bool]]()
    for batch, answer in zip([batch for batch in batches for _ in pair], answers, strict=True):
        told.update((name, "duplicate" in result) for name, result in zip(batch.ids, answer["results"], strict=True))
    ids = [name for batch in batches for name in batch.ids]
    assert told == {(name, duplicate): 1 for name in ids for duplicate in (True, False)}
    check(one, Traffic(acknowledged=ids))
