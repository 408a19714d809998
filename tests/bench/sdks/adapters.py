"""The SDKs behind one face. Each has its defaults but for the address; ``roomy`` has queues that hold 30,000 events."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

KEY = "sk_0123456789abcdef0123456789abcdef"
WHO = "ada@example.com"
ROOMY = 30_000
PROPERTIES = {
    "$current_url": "https://shop.example.com/products/blue-shoes?size=42",
    "$page_title": "Blue shoes",
    "product_id": 1843,
    "price": 79.9,
    "currency": "EUR",
    "in_stock": True,
    "tags": ["shoes", "summer"],
    "referrer": "https://search.example.com/",
    "plan": "pro",
}


class Sdk(Protocol):
    """What is measured of all."""

    def track(self, event: str) -> Any:
        """One event with ``PROPERTIES``."""

    def flush(self) -> Any:
        """Returns when all is sent, or given up."""


class Footfall:
    """Ours, from this checkout."""

    def __init__(self, url: str, roomy: bool) -> None:
        self._client = import_module("footfall").Client(url, KEY)

    def track(self, event: str) -> None:
        """One event."""
        self._client.track(event, PROPERTIES, email=WHO)

    def flush(self) -> None:
        """All of it."""
        self._client.flush(60)


class PostHog:
    """Its queue holds 10,000."""

    def __init__(self, url: str, roomy: bool) -> None:
        more = {"max_queue_size": ROOMY} if roomy else {}
        self._client = import_module("posthog").Posthog(KEY, host=url, **more)

    def track(self, event: str) -> None:
        """One event."""
        self._client.capture(event, distinct_id=WHO, properties=PROPERTIES)

    def flush(self) -> None:
        """All of it."""
        self._client.flush(timeout_seconds=60)


class Segment:
    """Its queue holds 10,000."""

    def __init__(self, url: str, roomy: bool) -> None:
        more = {"max_queue_size": ROOMY} if roomy else {}
        self._client = import_module("segment.analytics.client").Client(KEY, host=url, **more)

    def track(self, event: str) -> None:
        """One event."""
        self._client.track(WHO, event, PROPERTIES)

    def flush(self) -> None:
        """All of it."""
        self._client.flush()


class Mixpanel:
    """Buffered, as its documentation advises; every fiftieth call sends, and its caller waits."""

    def __init__(self, url: str, roomy: bool) -> None:
        module = import_module("mixpanel")
        self._consumer = module.BufferedConsumer(events_url=f"{url}/track")
        self._client = module.Mixpanel(KEY, consumer=self._consumer)

    def track(self, event: str) -> None:
        """One event."""
        self._client.track(WHO, event, PROPERTIES)

    def flush(self) -> None:
        """All of it."""
        self._consumer.flush()


SDKS: dict[str, Callable[[str, bool], Sdk]] = {
    "footfall": Footfall,
    "posthog": PostHog,
    "segment-analytics-python": Segment,
    "mixpanel": Mixpanel,
}


def make(name: str, url: str, roomy: bool = False) -> Sdk:
    """The SDK of the package *name*, sending to *url*."""
    return SDKS[name](url, roomy)
