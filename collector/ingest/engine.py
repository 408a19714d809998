"""The engine: all that stores events, put together, begun and ended in the right order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from collector.catalog.caps import Caps
from collector.catalog.fold import Fold
from collector.catalog.learner import Learner
from collector.catalog.ledger import Ledger
from collector.catalog.rebuild import Rebuild
from collector.catalog.renewal import Renewal
from collector.config import Settings
from collector.ingest.commit import Committer
from collector.ingest.identity import Resolver
from collector.ingest.persons import Persons
from collector.ingest.readiness import Readiness
from collector.ingest.spooling import Spooling
from collector.ingest.storing import Storing
from collector.ingest.writer import Writer
from collector.metrics import Metrics
from collector.spool import Spool
from collector.spool.waiting import Waiting
from collector.storage.connection import Store


@dataclass(frozen=True, slots=True)
class Engine:
    """What stores events: the ``writer`` takes them, ``spooling`` keeps those that MongoDB does not take, the
    ``ledger`` has them counted, ``renewal`` those of older versions, and ``readiness`` says whether all that works."""

    writer: Writer
    spooling: Spooling
    ledger: Ledger
    renewal: Renewal
    readiness: Readiness

    async def close(self) -> None:
        """Returns once nothing waits but what is in the spool."""
        await self.writer.close()
        await self.spooling.close()
        await self.renewal.close()
        await self.ledger.close()


async def start_engine(
    store: Store, persons: Persons, place: Path, settings: Settings, caps: Caps, metrics: Metrics
) -> Engine:
    """Begins to store events.

    Args:
        place: the directory of what this process keeps for itself.

    Raises:
        OSError: it cannot be used.
    """
    learner = Learner(store.catalog, metrics, caps)
    ledger = Ledger(store.writers, Fold(store.writers, store.counts, store.slots, learner), metrics)
    committer = Committer(store, Resolver(store.identities, store.events, persons), learner, ledger, metrics)
    storing = Storing(committer, store.health, ledger, metrics, breaks=settings.spool_mb > 0)
    spool = Spool(place / "spool", settings.spool_mb << 20) if settings.spool_mb else None
    spooling = Spooling(spool, Waiting(place), storing, store, metrics)
    await spooling.start()
    ledger.start()
    renewal = Renewal(ledger, lambda: Rebuild(store.catalog, store.counts, store.slots, store.writers, caps))
    renewal.start()
    writer = Writer(storing, spooling, metrics, settings.queue_events)
    return Engine(writer, spooling, ledger, renewal, Readiness(writer, storing, spooling, store))
