"""The books of a collector: what it received is what became of it."""

from __future__ import annotations

from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

PARTS = ("footfall_events_total", "footfall_events_in_flight", "footfall_spool_events")


def totals(text: str) -> dict[str, float]:
    """Each sample of ``/metrics`` by its name, the labels added up; and each outcome of events by its own."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            if sample.name == "footfall_events_total":
                found[sample.labels["outcome"]] = sample.value
    return found


def balance(text: str) -> tuple[float, float]:
    """What was received, and what became of it. Equal, whatever has happened."""
    found = totals(text)
    return found.get("footfall_events_received_total", 0.0), sum(found.get(part, 0.0) for part in PARTS)


def read_books(url: str) -> dict[str, float]:
    """The totals of a running collector, which must balance."""
    with urlopen(f"{url}/metrics", timeout=10) as answer:
        text: Any = answer.read().decode()
    received, became = balance(text)
    assert received == became, text
    return totals(text)
