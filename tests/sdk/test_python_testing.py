"""What apps test with, and what flushes for them."""

from __future__ import annotations

import asyncio

import footfall
import pytest
from footfall.testing import RecordingClient, recording

from tests.sdk.stub import Stub


def test_a_recording_client_keeps_its_events_and_finds_them() -> None:
    client = RecordingClient()
    client.track("order", {"total": 1, "items": 2}, email="a@example.com")
    assert client.track_now("now", id=7).external_id == "7"

    client.assert_tracked("order", {"total": 1}, Email="a@example.com")
    assert [event["Event"] for event in client.events] == ["order", "now"]
    for event, properties, email in (
        ("order", {"total": 2}, None),
        ("other", {}, None),
        ("order", {}, "b@example.com"),
    ):
        with pytest.raises(AssertionError, match=r"Tracked: .*order"):
            client.assert_tracked(event, properties, **({"Email": email} if email else {}))


def test_the_functions_of_the_package_record_within_recording(stub: Stub) -> None:
    with recording() as outer:
        footfall.track("a")
        with recording() as inner:
            footfall.page("http://x/", "X")
        footfall.track("b")

    inner.assert_tracked("page_view", {"$page_title": "X"})
    assert [event["Event"] for event in outer.events] == ["a", "b"]
    assert stub.bodies == []


def test_a_serverless_handler_returns_when_its_events_have_left(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    from footfall import _default

    monkeypatch.setattr(_default, "_clients", [])
    client = footfall.configure(stub.url, "sk_key", limits=footfall.Limits(interval=60))

    @footfall.flushes
    def handler(name: str) -> str:
        footfall.track(name)
        return name

    @footfall.flushes
    async def handler_async(name: str) -> str:
        return handler(name)

    assert handler("a") == "a"
    assert client.stats().sent == 1
    assert asyncio.run(handler_async("b")) == "b"
    assert client.stats().sent == 2
    client.close()
