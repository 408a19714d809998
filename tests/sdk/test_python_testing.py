"""What apps test with, and what flushes for them."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import footfall
import pytest
from footfall.testing import RecordingClient, recording

from tests.sdk.stub import Stub


def test_a_recording_client_keeps_its_events_and_finds_them() -> None:
    client = RecordingClient()
    client.track("order", {"total": 1, "items": 2}, email="a@example.com")
    assert client.track_now("now", id=7).external_id == "7"
    assert asyncio.run(client.atrack_now("later")).tracked

    client.assert_tracked("order", {"total": 1}, Email="a@example.com")
    assert [event["Event"] for event in client.events] == ["order", "now", "later"]
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


def test_an_app_that_is_made_within_recording_records_too(stub: Stub) -> None:
    before = footfall.configure(stub.url, "sk_key")
    with recording() as events:
        assert footfall.configure(stub.url, "sk_key") is events
        footfall.track("a")
        with pytest.raises(ValueError, match="url"):
            footfall.configure("nonsense", "sk_key")
    events.assert_tracked("a")
    after = footfall.configure(stub.url, "sk_key")

    assert after is not events
    assert after is not before
    assert stub.bodies == []


def test_test_mode_may_end_in_another_context_than_it_began_in_as_in_an_asynchronous_fixture() -> None:
    client = RecordingClient()
    mode = client.test_mode()
    contextvars.copy_context().run(mode.__enter__)

    mode.__exit__(None, None, None)
    client.track("a")

    assert client.events[0]["Properties"] == {}


def test_values_are_found_as_they_were_given() -> None:
    client = RecordingClient()
    given = {"price": Decimal("19.9"), "on": date(2026, 1, 31), "tags": ("a", "b"), "by": UUID(int=1)}
    client.track("order", given, uuid=UUID(int=2))

    client.assert_tracked("order", given, UUID=UUID(int=2))
    with pytest.raises(AssertionError):
        client.assert_tracked("order", {"price": Decimal("19.8")})


def test_a_recorded_verdict_is_that_of_a_collector() -> None:
    client = RecordingClient()

    assert client.track_now("a", uuid="given", id=7)[:3] == ("success", "given", "7")
    assert not client.track_now("a", is_test=True).tracked
    with pytest.raises(ValueError, match="price"):
        client.track_now("a", {"price": float("nan")})
    assert len(client.events) == 2


def test_the_functions_of_the_package_are_those_of_the_client() -> None:
    for name in ("track", "page", "identify", "conversion", "track_now", "atrack_now"):
        function, method = getattr(footfall, name), getattr(footfall.Client, name)
        assert list(inspect.signature(function).parameters) == list(inspect.signature(method).parameters)[1:]
        assert (function.__name__, function.__doc__) == (name, method.__doc__)


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


def test_an_app_is_typed_to_the_last_parameter(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    app = tmp_path / "app.py"
    app.write_text(APP)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(app)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path)

    wrong = [number for number, line in enumerate(APP.splitlines(), 1) if "# wrong" in line]
    assert [int(line.split(":")[1]) for line in ended.stdout.splitlines() if ": error:" in line] == wrong


APP = """
import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import footfall
import footfall.asgi
import footfall.django
import footfall.fastapi
import footfall.flask
import footfall.starlette
import footfall.testing
import footfall.tornado
import footfall.wsgi
from starlette.applications import Starlette


class Own:
    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> footfall.Answer:
        return footfall.Answer(200, b"", "")

    def close(self) -> None: ...


limits = footfall.Limits(max_events=10, interval=1.0)
client = footfall.Client("https://x", "sk_x", limits=limits, spool=Path("/x"), spool_mb=8, transport=Own())
client = footfall.configure(on_drop=lambda event_id, reason: print(event_id.upper(), reason.upper()))
event_id: str = client.track("a", {"b": 1}, email="a@example.com", id=7, timestamp=datetime.now(), is_test=True)
verdict: footfall.Verdict = client.track_now("a")
left: dict[str, int] = client.stats().dropped
done: bool = footfall.flush()
client.track("a", nothing=1)  # wrong
client.page("https://x/", nothing=1)  # wrong
client.identify("a@example.com", {"plan": "pro"}, id=7, uuid=UUID(int=1))
client.conversion(7, "order", 19.9, uuid=7)  # wrong
event_id = footfall.track("a", {"b": 1}, email="a@example.com")
event_id = footfall.page("https://x/", "X", is_test=True)
verdict = footfall.track_now("a", id="7")
footfall.track("a", nothing=1)  # wrong
footfall.identify("a@example.com", email="b@example.com")  # wrong
footfall.track_now(7)  # wrong
client.track(7)  # wrong
client.track("a", email=7)  # wrong
client.track_now("a").uid  # wrong
footfall.Client(transport=7)  # wrong


@footfall.flushes
def handler(event: dict[str, str]) -> int:
    return len(event)


handler(7)  # wrong


async def tell() -> bool:
    return (await client.atrack_now("a", {"b": 1})).duplicate


asyncio.run(tell())
app = Starlette()
app.add_middleware(footfall.starlette.FootfallMiddleware, trust_proxy=True)
outer = footfall.asgi.FootfallMiddleware(app)
with client.test_mode(), footfall.testing.recording() as events:
    events.assert_tracked("a", {"b": 1}, Email="a@example.com")
"""
