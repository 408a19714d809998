"""The sum of what the processes of a collector count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Counts = list[Any]
"""What one process has counted, as JSON has it: a row a family, ``[name, text, kind, samples]``, and of its samples
``[name, labels, value]``."""

_RECEIVED, _OUTCOMES = "footfall_events_received_total", "footfall_events_total"


def counts_of(registry: CollectorRegistry) -> Counts:
    """What has been counted until now."""
    return [
        [family.name, family.documentation, family.type, [[one.name, one.labels, one.value] for one in family.samples]]
        for family in registry.collect()
    ]


class Totals(Collector):
    """Adds up what each slot's process has counted, and what those have that are gone: so a sum never falls.

    Counters, histograms and gauges are added. Of a gauge in seconds, which is an age, the largest counts, and of the
    moments since when something is counted the first.
    """

    def __init__(self) -> None:
        self._living: dict[int, Counts] = {}
        self._gone: Counts = []

    def take(self, slot: int, counts: Counts) -> None:
        """What the process in this slot has counted until now."""
        self._living[slot] = counts

    def leave(self, slot: int) -> None:
        """The process in this slot is gone; what it counted last is carried on."""
        counts = self._living.pop(slot, None)
        if counts is not None:
            lasting = [row for row in counts if row[2] != "gauge"]
            self._gone = _rows(_sum([self._gone, [*lasting, _interrupted(lasting)]]))

    def collect(self) -> Iterator[Metric]:
        """The families, as ``prometheus_client`` has them."""
        yield from _sum([*self._living.values(), self._gone])

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self)


def _interrupted(counts: Counts) -> Any:
    """What a process had received and nothing had become of when it ended, as an outcome of its own.

    They were in flight, and nobody was told that they are stored; or they are in its spool, and its successor counts
    them as received again, from there. Without this the books would not balance any more. To set back what was received
    would do as well, but for Prometheus, which takes a counter that falls for one that began anew.
    """
    of_all = {name: 0.0 for name in (_RECEIVED, _OUTCOMES)}
    for _, _, _, samples in counts:
        for name, _, value in samples:
            if name in of_all:
                of_all[name] += value
    left = of_all[_RECEIVED] - of_all[_OUTCOMES]
    return ["footfall_events", "", "counter", [[_OUTCOMES, {"outcome": "interrupted"}, left]] if left > 0 else []]


def _sum(all_counts: Iterable[Counts]) -> list[Metric]:
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for name, text, kind, samples in (row for counts in all_counts for row in counts):
        families.setdefault(name, Metric(name, text, kind))
        found = values.setdefault(name, {})
        for sample, labels, value in samples:
            key = (sample, tuple(labels.items()))
            found[key] = _joined(sample, kind, found[key], value) if key in found else value
    for name, family in families.items():
        for (sample, labels), value in values[name].items():
            family.add_sample(sample, dict(labels), value)
    return list(families.values())


def _joined(sample: str, kind: str, one: float, other: float) -> float:
    if sample.endswith("_created"):
        return min(one, other)
    if kind == "gauge" and sample.endswith("_seconds"):
        return max(one, other)
    return one + other


def _rows(families: Iterable[Metric]) -> Counts:
    return [
        [one.name, one.documentation, one.type, [[s.name, s.labels, s.value] for s in one.samples]] for one in families
    ]
