"""What ``tests/browser/sdk.mjs`` saw of the browser SDK in a real browser, and what MongoDB holds of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from collector.access.administration import Administration
from collector.cli.demo import LOOPBACK, USER
from collector.resources import resource_dir
from collector.storage.connection import open_store
from collector.web.scripts import Bundle, tags
from tests.support.browsers import driven
from tests.support.live import Live

BROWSERS = ["chromium", "firefox"]
GATEWAY = "http://gateway"
"""Stands for the address of a scenario's own way to the collector."""


@dataclass(frozen=True)
class Seen:
    """The scenarios of a group in one browser."""

    browser: str
    scenarios: dict[str, Any]
    db: Any

    def __getitem__(self, name: str) -> dict[str, Any]:
        """What a scenario found; it went to its end, broke no page, and caused no preflight."""
        found: dict[str, Any] = self.scenarios[name]
        assert "failed" not in found, found["failed"]
        assert found["complaints"] == []
        assert {request["method"] for request in found["requests"]} <= {"POST"}
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of a scenario in the order of their sending, one that was sent again once."""
        sent = [event for request in self[name]["requests"] for event in request["events"]]
        return list({event["EventID"]: event for event in sent}.values())

    def stored(self, name: str) -> Counter[str]:
        """How often each event name of a scenario is stored."""
        found = self.db["events"].find({"uuid": {"$in": list({event["UUID"] for event in self.events(name)})}})
        return Counter(event["event"] for event in found)


@contextlib.contextmanager
def seen_by(browser: str, group: str, live: Live) -> Iterator[Seen]:
    """Runs the scenarios of a group: in one browser, since it is slow to start."""
    public = live.demo["public_key"]
    pinned = tags(Bundle(resource_dir("static")), GATEWAY, public)["pinned"]
    keys = {"public": public, "pinned": pinned, **_in_a_thread(_more_keys(live))}
    with driven("sdk.mjs", browser, group, live.url, json.dumps(keys)) as scenarios:
        yield Seen(browser, scenarios, live.db)


async def _more_keys(live: Live) -> dict[str, str]:
    store = await open_store(live.uri, live.db.name)
    try:
        create = Administration(store).create_public_key
        foreign, _ = await create(USER, live.demo["list_id"], ["https://elsewhere.example"])
        limited, _ = await create(USER, live.demo["list_id"], LOOPBACK, rate_limit=1)
        return {"foreign": foreign, "limited": limited}
    finally:
        store.close()


def _in_a_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """``asyncio.run`` ends the event loop that pytest-tornado keeps for the thread of the tests."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
