"""Asking for the catalog of a list."""

from __future__ import annotations

from typing import Any

from collector.app import Collector
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.catalog"


async def count(collector: Collector) -> None:
    """Has all be counted that a collector has stored; one before it that said no goodbye leads for some rounds."""
    ledger = collector.engine.ledger
    await ledger.advance()
    while ledger.lag.events:
        await ledger.advance()


async def ask(site: Site, **parameters: Any) -> Answer:
    """The catalog of the list."""
    return await site.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, **parameters})


async def described(site: Site, event: str = "page_view", **parameters: Any) -> dict[str, Any]:
    """What is said of one event."""
    answer = await ask(site, Event=event, **parameters)
    assert answer.status == 200, answer
    (found,) = answer.body["Events"]
    return dict(found)
