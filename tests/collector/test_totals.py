"""What several processes count, added up: through every death of one the books balance, and no counter falls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.metrics import Metrics
from collector.processes.totals import Totals, counts_of
from tests.support.books import balance, totals


def counted(**values: float) -> Metrics:
    """A process that has counted this: events by their outcome, those in flight, those in its spool."""
    metrics = Metrics()
    waits = values.pop("spool_events", 0)
    metrics.in_flight.inc(values.pop("in_flight", 0))
    metrics.received.labels("spool").inc(values.pop("found", 0))
    metrics.watch("spool_events", "…", lambda: waits)
    metrics.received_requests.inc(values.pop("received"))
    for outcome, value in values.items():
        metrics.events.labels(outcome).inc(value)
    return metrics


def told(totals_: Totals, slot: int, metrics: Metrics) -> None:
    """Has a process tell what it has counted, over a line of JSON."""
    totals_.take(slot, json.loads(json.dumps(counts_of(metrics.registry))))


@pytest.fixture
def both() -> Totals:
    """Two processes."""
    found = Totals()
    told(found, 0, counted(received=10, stored=5, duplicate=2, in_flight=2, spool_events=1))
    told(found, 1, counted(received=7, stored=4, test=1, found=3, set_aside=1, spool_events=4))
    return found


def shown(of: Totals) -> dict[str, float]:
    """What ``/metrics`` shows, which must balance."""
    received, became = balance(of.text().decode())
    assert received == became
    return totals(of.text().decode())


def test_counters_and_gauges_are_added(both: Totals) -> None:
    found = shown(both)
    assert (found["stored"], found["duplicate"], found["test"], found["set_aside"]) == (9, 2, 1, 1)
    assert found["footfall_events_received_total"] == 20
    assert (found["footfall_events_in_flight"], found["footfall_spool_events"]) == (2, 5)


def test_what_a_process_counted_last_is_what_counts(both: Totals) -> None:
    told(both, 0, counted(received=11, stored=11))
    told(both, 0, counted(received=12, stored=12))
    assert shown(both)["stored"] == 16


def test_what_a_dead_process_has_counted_is_carried_on_and_what_was_open_is_interrupted(both: Totals) -> None:
    before = shown(both)
    both.leave(0)
    after = shown(both)
    assert after["interrupted"] == 3
    assert (after["footfall_events_in_flight"], after["footfall_spool_events"]) == (0, 4)
    assert [name for name, value in before.items() if name.endswith("_total") and after[name] < value] == []
    told(both, 0, counted(received=0, found=1, spool_events=1))  # its successor
    assert shown(both)["footfall_events_received_total"] == before["footfall_events_received_total"] + 1


def test_so_is_that_of_many_dead_ones(both: Totals) -> None:
    for _ in range(3):
        both.leave(0)
        told(both, 0, counted(received=10, stored=9, in_flight=1))
    found = shown(both)
    assert (found["stored"], found["interrupted"]) == (5 + 3 * 9 + 4, 3 + 1 + 1)


def test_one_that_died_before_it_told_anything_changes_nothing(both: Totals) -> None:
    before = shown(both)
    both.leave(2)
    assert shown(both) == before


def test_histograms_are_added_bucket_by_bucket() -> None:
    found = Totals()
    for slot, size in enumerate((1, 20)):
        metrics = counted(received=0)
        metrics.flush_events.observe(size)
        told(found, slot, metrics)
    text = found.text().decode()
    assert 'footfall_flush_events_bucket{le="10.0"} 1.0' in text
    assert 'footfall_flush_events_bucket{le="20.0"} 2.0' in text
    assert "footfall_flush_events_sum 21.0" in text


def test_of_ages_the_largest_counts_and_of_beginnings_the_first() -> None:
    found, all_metrics = Totals(), [counted(received=0), counted(received=0)]
    for slot, metrics in enumerate(all_metrics):
        metrics.watch("spool_oldest_seconds", "…", [lambda: 5.0, lambda: 4.0][slot])
        told(found, slot, metrics)
    name = "footfall_automatic_identifies_created"
    began = [value_of(name, metrics) for metrics in all_metrics]
    assert began[0] < began[1]
    assert totals(found.text().decode())["footfall_spool_oldest_seconds"] == 5
    assert totals(found.text().decode())[name] == began[0]


def value_of(name: str, metrics: Metrics) -> Any:
    """A sample without labels."""
    return metrics.registry.get_sample_value(name)
