"""Filling a database with events of an earlier time, faster than they could be sent: by copies (``copies``)."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo import InsertOne, MongoClient, WriteConcern

from collector.storage.indexes import INDEXES
from tests.bench import traffic
from tests.bench.copies import Raw, Template, latest
from tests.bench.traffic import KNOWN, NEW, PAGE, Population
from tests.support.live import environment

TEMPLATES = 2_000
_GROUP, _THREADS = 2_000, 3


def fill(
    uri: str,
    name: str,
    arrived: Population,
    population: Population,
    count: int,
    moment: int,
    days: int = 30,
    apart: bool = False,
) -> None:
    """Adds ``count`` events, and the people whom they name, to a database that holds some of either by the collector.

    Args:
        arrived: who is known to the collector, and so need not be added.
        moment: milliseconds since 1970 at which the last event came.
        days: over which they are spread.
        apart: whether the indexes that are not in the order of time are made in the end. It is faster the more they
            outgrow the cache; but they are denser then than those that have grown, for a while.
    """
    with MongoClient[Raw](uri, document_class=Raw, w=1) as client:
        database = client[name]
        templates = [one for one in latest(database, TEMPLATES) if one.fits]
        person = next(template for template in templates if template.email)
        for collection in ("identities", "subscribers", "visitors"):
            _add(
                database[collection],
                _people(database, collection, person, range(arrived.addresses, population.addresses)),
            )
        with _without(database["events"]) if apart else nullcontext():
            _add(database["events"], _events(templates, population, count, (moment, days)))
        client.admin.command("fsync")


@contextmanager
def _without(events: Any) -> Iterator[None]:
    """Leaves out the indexes by people. The collector, which asks of no people meanwhile, does not miss them."""
    indexes = [index for index in INDEXES["events"] if {"uuid", "subscriber"} & index.document["key"].keys()]
    for index in indexes:
        events.drop_index(index.document["name"])
    yield
    events.create_indexes(indexes)


def _people(database: Any, collection: str, of: Template, persons: range) -> Iterator[bytes]:
    """Copies of what is kept of a person."""
    keys = {"identities": b"/email/" + of.email, "subscribers": of.subscriber, "visitors": b"/" + of.uuid}
    ending = keys[collection].decode()
    row = next(row for row in database[collection].find() if str(row["_id"]).endswith(ending))
    template = Template(bytes(row.raw), of.uuid, email=of.email, subscriber=of.subscriber)
    return (template.named(n) for n in persons)


def rebuild(data_dir: Path) -> None:
    """Has the catalog of a running collector know what was filled in past it."""
    command = [sys.executable, "-m", "collector", "catalog", "rebuild", "--data-dir", str(data_dir)]
    subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, check=True)


def _events(
    templates: Sequence[Template], population: Population, count: int, span: tuple[int, int]
) -> Iterator[bytes]:
    moment, days = span
    named = [template for template in templates if template.email]
    others = [template for template in templates if not template.email]
    chance = random.Random(count)
    step = days * 86_400_000 / count
    who, begun = 0, ""
    for n in range(count):
        at = moment - int((count - n) * step)
        if n % PAGE == 0:
            who, begun = chance.randrange(population.visitors), traffic.start(at, chance)
        if n % 100 < NEW + KNOWN:
            person = chance.randrange(population.addresses)
            yield named[n % len(named)].event(person, f"{begun}-{n % PAGE}", at, n + 1)
        else:
            yield others[n % len(others)].event(who, f"{begun}-{n % PAGE}", at, n + 1)


def _add(collection: Any, documents: Iterable[bytes]) -> None:
    """Inserts, in groups, several at a time."""
    target = collection.with_options(write_concern=WriteConcern(1))
    source = iter(documents)

    def insert(group: list[bytes]) -> None:
        target.bulk_write([InsertOne(Raw(data)) for data in group], ordered=False)

    with ThreadPoolExecutor(_THREADS) as workers:
        for _ in workers.map(insert, iter(lambda: list(islice(source, _GROUP)), [])):
            pass
