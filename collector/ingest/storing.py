"""Storing a group in MongoDB, whatever happens: an event with a fault of its own costs no neighbour, and of an event
that MongoDB did not confirm it is said that nobody knows."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence

from collector.catalog.ledger import Ledger
from collector.errors import Fault, Refusal
from collector.ingest.commit import Committer
from collector.ingest.pending import Pending, Result
from collector.metrics import Metrics
from collector.model import Outcome
from collector.storage.guard import StoreAway
from collector.storage.health import Health

log = logging.getLogger("collector.writer")


class Storing:
    """Stores groups of events, by several at once if need be.

    Args:
        committer: stores one group.
        health: whether MongoDB is taken to be there; asked and told.
        ledger: is told of which events the outcome is certain.
        metrics: what is counted.
        breaks: whether one operation that is not taken spares those that follow the wait.
    """

    def __init__(self, committer: Committer, health: Health, ledger: Ledger, metrics: Metrics, breaks: bool) -> None:
        self._committer = committer
        self._health = health
        self._ledger = ledger
        self._metrics = metrics
        self._breaks = breaks
        self.last_success = 0.0

    async def store(self, group: Sequence[Pending]) -> list[Result | None]:
        """What became of each; None where MongoDB is away, and it is unknown."""
        results = await self._results(group)
        self._settle([pending for pending, result in zip(group, results, strict=True) if _is_certain(result)])
        return results

    def renew(self) -> None:
        """Of some events nobody will learn whether they are stored: what is counted under their numbers is found by
        looking."""
        self._ledger.renew()

    def count(self, results: Iterable[Result | None]) -> int:
        """Counts those that are stored; how many they are."""
        outcomes = [result for result in results if isinstance(result, Outcome)]
        duplicates = sum(outcome.duplicate for outcome in outcomes)
        self._metrics.duplicates.inc(duplicates)
        self._metrics.stored.inc(len(outcomes) - duplicates)
        return len(outcomes)

    def _settle(self, pendings: Sequence[Pending]) -> None:
        """No insertion of these events is under way any more."""
        settled: dict[str, list[int]] = {}
        for pending in pendings:
            for number in (pending.number, pending.before):
                if number:
                    settled.setdefault(number[0], []).append(number[1])
        for writer, seqs in settled.items():
            self._ledger.settle(writer, seqs)

    async def _results(self, group: Sequence[Pending]) -> list[Result | None]:
        """A fault that is not the store's being away is halved down to the event that brings it; storing an event
        again is harmless."""
        if self._health.away:
            return [None] * len(group)
        try:
            results: list[Result | None] = [*await self._committer.commit(group)]
        except StoreAway as error:
            self._lost(error)
            return [None] * len(group)
        except Exception as error:
            log.exception("a group of %d events could not be stored", len(group))
            if len(group) == 1:
                return [_internal(error)]
            half = len(group) // 2
            return [*await self._results(group[:half]), *await self._results(group[half:])]
        self.last_success = time.monotonic()
        return results

    def _lost(self, error: StoreAway) -> None:
        if self._breaks:
            self._health.lost(error)
        else:
            log.warning("MongoDB did not take a write: %s", error)


def _is_certain(result: Result | None) -> bool:
    """Whether all that an event brings is there, or none of it: of one that met a fault of ours that is unknown."""
    return isinstance(result, Outcome) or (result is not None and result.__cause__ is None)


def _internal(error: Exception) -> Refusal:
    refusal = Refusal(Fault.INTERNAL)
    refusal.__cause__ = error
    return refusal
