"""The demo page in a real browser, on a running collector over a real MongoDB: the whole way of an event."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.request import Request, urlopen

import pytest

DRIVER = Path(__file__).with_name("drive.mjs")


class Live(Protocol):
    """The running collector that tests/conftest.py starts."""

    url: str
    demo: dict[str, Any]
    db: Any


@dataclass(frozen=True)
class Visit:
    """What drive.mjs saw: the page view, the event and the test event that it sent, in this order."""

    address: str
    title: str
    requests: list[dict[str, Any]]
    verdicts: list[str]
    complaints: list[str]

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [request["sent"] for request in self.requests]


@cache
def _visit(address: str) -> Visit:
    run = subprocess.run(["node", str(DRIVER), address], capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return Visit(address=address, **json.loads(run.stdout))


@pytest.fixture
def visit(live: Live) -> Visit:
    """One visit serves all tests: a browser is slow to start."""
    return _visit(f"{live.url}/demo")


def _stored(live: Live, sent: dict[str, Any]) -> list[dict[str, Any]]:
    return list(live.db["events"].find({"event_id": sent["EventID"], "uuid": sent["UUID"]}))


def test_sends_a_page_view_an_event_and_a_test_event(visit: Visit) -> None:
    assert [sent["Event"] for sent in visit.sent] == ["page_view", "add_to_basket", "add_to_basket"]
    assert [request["status"] for request in visit.requests] == [200, 200, 200]
    assert [request["answer"]["status"] for request in visit.requests] == ["success"] * 3


def test_shows_the_visitor_what_became_of_each(visit: Visit) -> None:
    assert visit.title == "Footfall demo"
    assert visit.verdicts == ["stored", "stored", "test"]


def test_the_page_view_is_stored_with_its_title_address_and_list(live: Live, visit: Visit) -> None:
    [event] = _stored(live, visit.sent[0])
    assert event["event"] == "page_view"
    assert event["properties"].items() >= {"$page_title": "Footfall demo", "$current_url": visit.address}.items()
    assert event["list_id"] == live.demo["list_id"]


def test_an_event_is_stored_with_its_own_properties_beside_those_of_the_page(live: Live, visit: Visit) -> None:
    [event] = _stored(live, visit.sent[1])
    wanted = {"$page_title": "Footfall demo", "$current_url": visit.address, "product": "Walking boots", "price": 129}
    assert event["properties"].items() >= wanted.items()


def test_the_properties_are_listed_by_the_api(live: Live, visit: Visit) -> None:
    request = Request(
        f"{live.url}/api/v1/website_events.properties?ListID={live.demo['list_id']}",
        headers={"Authorization": f"Bearer {live.demo['secret_key']}"},
    )
    with urlopen(request, timeout=10) as response:
        listed = json.load(response)["Properties"]
    assert set(listed["page_view"]) >= {"$current_url", "$page_title"}
    assert set(listed["add_to_basket"]) >= {"$current_url", "$page_title", "price", "product"}
    assert "isTest" not in listed["add_to_basket"]


def test_a_test_event_leaves_nothing(live: Live, visit: Visit) -> None:
    assert visit.sent[2]["Properties"]["isTest"] is True
    assert _stored(live, visit.sent[2]) == []
    assert live.db["events"].count_documents({"uuid": visit.sent[2]["UUID"]}) == 2


def test_asks_for_no_preflight(visit: Visit) -> None:
    methods = [(request["method"], request["type"].partition(";")[0]) for request in visit.requests]
    assert methods == [("POST", "text/plain")] * 3


def test_leaves_the_console_clean(visit: Visit) -> None:
    assert visit.complaints == []
