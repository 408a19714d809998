"""Processes as far as they store and count, without HTTP and without their task: each step is the test's. And the
catalog as plain Python makes it of the stored events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from collector.catalog.caps import CAPS, Caps
from collector.catalog.fold import Fold
from collector.catalog.learner import LEASE, Learner
from collector.catalog.ledger import PACE, Ledger
from collector.catalog.reader import Reader
from collector.catalog.rebuild import Rebuild
from collector.catalog.rollups import SLOT, Rollups
from collector.catalog.watch import DEAD
from collector.ingest.commit import Committer
from collector.ingest.identity import Resolver
from collector.ingest.pending import Pending
from collector.ingest.persons import Persons
from collector.ingest.storing import Storing
from collector.metrics import Metrics
from collector.model import BOT, Event, Outcome, Trust
from collector.storage.connection import Store
from collector.storage.events import day_end
from collector.storage.slots import SLOTS
from tests.support.collectors import Before, watched

SCOPE = "l1"
RETENTION = timedelta(days=30)
NOW = datetime.now(UTC).replace(microsecond=0)
_ids = count(1)

Row = dict[str, Any]


def event(
    name: str = "page_view",
    properties: Row | None = None,
    trust: Trust = "secret",
    received: datetime = NOW,
    time: datetime | None = None,
    keeps: bool = True,
    event_id: str | None = None,
    bot: bool = False,
) -> Event:
    """An event of the list; of one that keeps its events, or not."""
    return Event(
        id=f"{SCOPE}s:{event_id or next(_ids)}",
        scope=SCOPE,
        user_id=1,
        list_id=1,
        name=name,
        properties=properties or {},
        visitor="visitor",
        time=time or received,
        received=received,
        trust=trust,
        expire_at=None if keeps else day_end(received) + RETENTION,
        marks=(BOT,) if bot else (),
    )


class Process:
    """What a collector process is to the catalog.

    Args:
        store: where it stores.
        caps: of the catalog.
        before: called ahead of each of its operations.
        pace: seconds between two rounds of its task, where that is started.
    """

    def __init__(self, store: Store, caps: Caps = CAPS, before: Before | None = None, pace: float = PACE) -> None:
        store = watched(store, before, "counts", "slots", "writers") if before else store
        self.time = 0.0
        self.metrics = Metrics()
        learner = Learner(store.catalog, self.metrics, caps, lambda: self.time)
        self.ledger = Ledger(store.writers, Fold(store.writers, store.counts, store.slots, learner), self.metrics, pace)
        resolver = Resolver(store.identities, store.events, Persons(lambda: b"secret" * 6))
        committer = Committer(store, resolver, learner, self.ledger, self.metrics)
        self._storing = Storing(committer, store.health, self.ledger, self.metrics, breaks=False)

    async def store(self, *events: Event) -> bool:
        """Stores events together; whether they were acknowledged."""
        results = await self._storing.store([Pending.of(event) for event in events])
        return all(isinstance(result, Outcome) for result in results)

    async def rounds(self, n: int = 1) -> None:
        """So many rounds of counting."""
        for _ in range(n):
            await self.ledger.advance()


async def count_all(store: Store, caps: Caps = CAPS) -> None:
    """Has another process count whatever is there, of the living and the dead."""
    heir = Process(store, caps)
    await heir.rounds(DEAD + 5)
    await heir.ledger.close()


async def counted(store: Store) -> dict[str, int]:
    """How often each event is said to have come."""
    found = await reader(store).statistics(SCOPE)
    return {name: row.all.events for name, row in found.by_event.items()}


def forget(database: Any) -> None:
    """Takes away all events, and all that was made of them."""
    for name in ("events", "catalog", "catalog_counts", "rollups", "writers", "meta"):
        database[name].delete_many({})


def reader(store: Store, caps: Caps = CAPS) -> Reader:
    """What answers."""
    return Reader(store.catalog, store.counts, store.writers, caps)


def rollups(store: Store, many: int = 20) -> Rollups:
    """What answers about time; days of so many names are kept."""
    return Rollups(store.catalog, store.slots, store.writers, CAPS, many)


async def rebuild(store: Store, *processes: Process, caps: Caps = CAPS, before: Before | None = None) -> None:
    """A rebuild of which these processes, if there are any, have heard."""
    store = watched(store, before, "counts", "slots", "writers") if before else store
    generation = await store.catalog.begin_generation()
    for process in processes:
        process.time += LEASE
    await Rebuild(store.catalog, store.counts, store.slots, store.writers, caps).make(generation)


async def answers(store: Store, caps: Caps = CAPS) -> Row:
    """All that the catalog says of the list."""
    found = await reader(store, caps).statistics(SCOPE)
    listed = await reader(store, caps).properties(SCOPE)
    assert {event: list(row.names) for event, row in found.by_event.items()} == listed.by_event
    assert found.truncated == listed.truncated
    return {
        "events": {
            event: {
                "all": _said(asdict(row.all)),
                **{f"name {n}": _said(asdict(c)) for n, c in row.names.items()},
            }
            for event, row in found.by_event.items()
        },
        "truncated": found.truncated,
        "slots": await _slots(store, list(found.by_event)),
    }


async def _slots(store: Store, events: Sequence[str]) -> dict[str | None, dict[datetime, list[int]]]:
    """How many events came in each slot, bots left out and not, of each name and of all together (None)."""
    generation = (await store.writers.state()).generation
    span = (datetime(1970, 1, 1, tzinfo=UTC), NOW + timedelta(days=1))
    found: dict[str | None, dict[datetime, list[int]]] = {}
    for place, bots in enumerate((False, True)):
        for day in await store.slots.days(SCOPE, generation, [None, *events], span, bots):
            assert len(day.slots) == SLOTS
            for number, n in enumerate(day.slots):
                if n:
                    slot = found.setdefault(day.event, {}).setdefault(day.day + number * SLOT, [0, 0])
                    slot[place] += n
    return found


def _said(row: Row) -> Row:
    assert row.pop("at_least") is False
    return row


@dataclass(frozen=True)
class Name:
    """A name with the events that have it."""

    rows: list[Row]

    @property
    def trusted(self) -> datetime | None:
        """When it first came with a secret key."""
        return min((row["received"] for row in self.rows if row["trust"] == "secret"), default=None)

    @property
    def first(self) -> datetime:
        """When it first came."""
        return min(row["received"] for row in self.rows)  # type: ignore[no-any-return]

    def said(self, name: str | None) -> Row:
        """What is said of it."""
        people = [row for row in self.rows if not row.get("bot")]
        kinds = [_kind(row["properties"][name]) for row in people] if name is not None else []
        return {
            "events": len(people),
            "bots": len(self.rows) - len(people),
            "first": min(row["time"] for row in self.rows),
            "last": max(row["time"] for row in self.rows),
            "types": {kind: kinds.count(kind) for kind in ("string", "number", "boolean", "object", "array", "null")},
        }


def expected(rows: Iterable[Row], caps: Caps) -> Row:
    """What the catalog has to say of stored events, by section 7 of the contract."""
    now = datetime.now(UTC)
    kept = [row for row in rows if not row.get("automatic") and row.get("expire_at", now + RETENTION) > now]
    events = {name: Name([row for row in kept if row["event"] == name]) for name in {row["event"] for row in kept}}
    names = {
        event: {
            name: Name([row for row in found.rows if name in row["properties"]])
            for name in {name for row in found.rows for name in row["properties"]}
        }
        for event, found in events.items()
    }
    shown = {event: _cut(names[event], caps.names) for event in _cut(events, caps.events)}
    pairs = {(event, name): names[event][name] for event, listed in shown.items() for name in listed}
    within = set(_cut(pairs, caps.total))
    listed = {event: [name for name in found if (event, name) in within] for event, found in shown.items()}
    return {
        "events": {
            event: {
                "all": events[event].said(None),
                **{f"name {name}": names[event][name].said(name) for name in found},
            }
            for event, found in listed.items()
        },
        "slots": {
            event: _slotted(found)
            for event, found in {None: kept, **{event: events[event].rows for event in shown}}.items()
            if found
        },
        "truncated": sum(map(len, listed.values())) + len(listed) < sum(map(len, names.values())) + len(names),
    }


def _slotted(rows: Iterable[Row]) -> dict[datetime, list[int]]:
    found: dict[datetime, list[int]] = {}
    for row in rows:
        time = row["time"]
        slot = found.setdefault(time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0), [0, 0])
        slot[0] += not row.get("bot")
        slot[1] += 1
    return found


def _cut(names: dict[Any, Name], most: int) -> list[Any]:
    own = sorted((found.trusted, name) for name, found in names.items() if found.trusted)[:most]
    claimed = sorted((found.first, name) for name, found in names.items() if not found.trusted)
    return sorted(name for _, name in own + claimed[: min(most // 2, most - len(own))])


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int | float: "number", str: "string", dict: "object", list: "array"}
    return next((kind for types, kind in kinds.items() if isinstance(value, types)), "null")
