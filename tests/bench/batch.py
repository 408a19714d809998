"""Batches of 100 events, against ``insert_many`` of the same documents on the same mongod."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import bson
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, MongoClient, WriteConcern

from tests.bench import traffic
from tests.bench.account import Wrong
from tests.bench.bench import Bench, Tested
from tests.bench.client import BATCH
from tests.bench.copies import Raw, Template, latest
from tests.bench.report import Row, ratios
from tests.bench.traffic import Document, Population

EVENTS, CLIENTS = 100, 4
POPULATION = Population(visitors=5_000, addresses=1_000)
_RAW = "raw"
_SAMPLE = 5_000


def run(bench: Bench) -> list[Row]:
    """The figures of this part."""
    count = bench.choose(40_000, 10_000)
    with bench.collector("batch") as tested:
        bench.arrive(tested, POPULATION)
        _batches(bench, tested, count)
        _make_raw(tested)
        _inserted(bench, tested, count, as_dicts=False)
        raw: list[float] = []
        of_dicts: list[float] = []
        batches: list[float] = []
        for number in bench.rounds:
            raw.append(_inserted(bench, tested, count, as_dicts=False))
            batches.append(_batches(bench, tested, count))
            of_dicts.append(_inserted(bench, tested, count, as_dicts=True))
            bench.tell(f"batch: round {number + 1}")
    return [
        Row("insert_many over event.batch, events/s", ratios(raw, batches), 2.0),
        Row("... where insert_many encodes the documents itself", ratios(of_dicts, batches)),
        Row("insert_many of encoded documents", raw, unit="events/s"),
        Row("insert_many of dicts", of_dicts, unit="events/s"),
        Row("event.batch", batches, unit="events/s"),
    ]


def _batches(bench: Bench, tested: Tested, count: int) -> float:
    return bench.visits(tested, count, CLIENTS, path=BATCH, batch=EVENTS).rate


def _inserted(bench: Bench, tested: Tested, count: int, as_dicts: bool) -> float:
    target = tested.live.db.client[_RAW]["events"]
    before = target.estimated_document_count()
    work = bench.in_worker(insert, tested.live.uri, tested.live.db.name, count, bench.moment(), as_dicts)
    rate = work.result()
    if target.estimated_document_count() != before + count:
        raise Wrong("insert_many has not stored all")
    return rate


def _make_raw(tested: Tested) -> None:
    """A collection with the same indexes as the collector's, elsewhere."""
    target = tested.live.db.client[_RAW]["events"]
    for name, index in tested.live.db["events"].index_information().items():
        if name != "_id_":
            options = {key: value for key, value in index.items() if key not in ("key", "v", "ns")}
            target.create_index(index["key"], name=name, **options)
    target.create_index([("_id", ASCENDING)])


def insert(uri: str, name: str, count: int, moment: int, as_dicts: bool) -> float:
    """Inserts copies of what the collector has stored last in a database; how many a second."""
    with MongoClient[Raw](uri, document_class=Raw) as client:
        encoded = list(_copies(latest(client[name], _SAMPLE), count, moment))
    documents = [bson.decode(data) if as_dicts else Raw(data) for data in encoded]
    return asyncio.run(_insert(uri, documents))


def _copies(sample: Sequence[Template], count: int, moment: int) -> Iterator[bytes]:
    chance = random.Random(moment)
    for n, template in enumerate(islice(cycle(sample), count)):
        yield template.again(f"{traffic.start(moment + n, chance)}-0", moment + n, n + 1)


async def _insert(uri: str, documents: Sequence[Any]) -> float:
    """As the collector writes: durable on a majority, a group each time, several of them at once."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(uri)
    try:
        events = client[_RAW].get_collection("events", write_concern=WriteConcern("majority", j=True))
        await asyncio.gather(*(events.find_one() for _ in range(CLIENTS)))  # connects
        groups = iter(range(0, len(documents), EVENTS))

        async def work() -> None:
            for place in groups:
                await events.insert_many(documents[place : place + EVENTS], ordered=False)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        return len(documents) / (time.perf_counter() - began)
    finally:
        client.close()
