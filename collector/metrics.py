"""What is counted, for ``/metrics``. One object, handed in; nothing is registered globally."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


class Metrics:
    """Counters, gauges and histograms of one collector process.

    Of events it holds at every moment: received = in flight + stored + duplicate + test + refused + set aside + damaged
    + those in the spool.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered", "command", "status")
        self._answered: dict[tuple[str, int], Counter] = {}
        self.refusals = self._counter("refusals", "Errors answered, by code", "code")
        self.received = self._counter("events_received", "Events that came, and that were found in a spool", "source")
        self.received_requests = self.received.labels("request")
        self.events = self._counter("events", "Events by what became of them", "outcome")
        self.stored, self.duplicates = self.events.labels("stored"), self.events.labels("duplicate")
        for outcome in ("test", "refused"):
            self.events.labels(outcome)
        self.in_flight = self._gauge("events_in_flight", "Events of which nothing has become yet")
        self.identifies = self._counter("automatic_identifies", "Identify events stored beside an event")
        self.conflicts = self._counter("identity_conflicts", "Events whose Email and ID name two subscribers")
        self.limit_asks = self._counter("limiter_asks", "Round trips for leases of rate limits, and for claims")
        self.limit_denials = self._counter("limiter_denials", "Requests that a rate limit refused")
        self.limit_outages = self._counter("limiter_outages", "Times that the store of the rate limits went away")
        self.beyond_caps = self._counter("catalog_beyond_caps", "New kinds of events that met a catalog's cap", "cap")
        self.waiting = self._gauge("writer_waiting", "Events that wait to be stored")
        self.flush_events = Histogram(
            "footfall_flush_events", "Events stored together", buckets=_SIZES, registry=self.registry
        )
        self.flush_seconds = Histogram("footfall_flush_seconds", "Time to store a group", registry=self.registry)

    def became(self, outcome: str, events: int) -> None:
        """Counts what became of events that were in flight."""
        self.events.labels(outcome).inc(events)
        self.in_flight.dec(events)

    def count_request(self, command: str, status: int) -> None:
        """Counts a request that is answered."""
        counter = self._answered.get((command, status))
        if counter is None:
            counter = self._answered[command, status] = self.requests.labels(command, str(status))
        counter.inc()

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Shows a value as it is when it is asked for."""
        self._gauge(name, text).set_function(value)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"footfall_{name}", text, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"footfall_{name}", text, labels, registry=self.registry)
