"""What is counted, for ``/metrics``. One object, handed in; nothing is registered globally."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Metrics:
    """Counters, gauges and histograms of one collector process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered", "command", "status")
        self.refusals = self._counter("refusals", "Errors answered, by code", "code")
        self.events = self._counter("events", "Events by what became of them", "outcome")
        self.identifies = self._counter("automatic_identifies", "Identify events stored beside an event")
        self.conflicts = self._counter("identity_conflicts", "Events whose Email and ID name two subscribers")
        self.waiting = Gauge("footfall_writer_waiting", "Events that wait to be stored", registry=self.registry)
        self.flush_events = Histogram(
            "footfall_flush_events", "Events stored together", buckets=_SIZES, registry=self.registry
        )
        self.flush_seconds = Histogram("footfall_flush_seconds", "Time to store a group", registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"footfall_{name}", text, labels, registry=self.registry)
