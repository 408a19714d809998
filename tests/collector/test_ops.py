"""Health, readiness and metrics, and clients that leave early."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from collector.app import Collector
from collector.config import Settings
from tests.support.options import chosen, with_settings
from tests.support.site import ORIGIN, Site

TOKEN = "t0ken-of-the-operator"

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


async def until(holds: Callable[[], Any]) -> None:
    """Lets the event loop run until a condition is true."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def counted(site: Site) -> dict[tuple[str, ...], float]:
    """The metrics: a sample's name and the values of its labels, and its value."""
    answer = await site.send("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.body.decode())
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("path", "body"), [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ready"})], ids=["healthz", "readyz"]
)
@pytest.mark.gen_test(timeout=30)
async def test_a_collector_that_works_says_so_without_a_key(site: Site, path: str, body: dict[str, str]) -> None:
    answer = await site.send("GET", path)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/", "/demo", "/metrics"])
@pytest.mark.gen_test(timeout=30)
async def test_what_can_be_got_answers_a_head_too(site: Site, path: str) -> None:
    told, head = await site.send("GET", path), await site.send("HEAD", path)
    assert (head.status, head.body) == (told.status, b"")
    if path != "/metrics":  # which counts what has been asked of it
        assert head.headers["Content-Length"] == told.headers["Content-Length"]


@pytest.mark.gen_test(timeout=30)
async def test_readiness_is_proven_by_a_write(site: Site) -> None:
    site.db["meta"].delete_one({"_id": "canary"})
    assert (await site.send("GET", "/readyz")).status == 200
    assert site.db["meta"].count_documents({"_id": "canary"}) == 1


@pytest.mark.gen_test(timeout=30)
async def test_an_event_that_was_stored_lately_proves_it_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.ingest.readiness.LATELY", 60.0)  # so that a slow machine is no longer ago
    await site.track()
    site.db["meta"].delete_one({"_id": "canary"})
    assert (await site.send("GET", "/readyz")).status == 200
    assert site.db["meta"].count_documents({"_id": "canary"}) == 0


@pytest.mark.gen_test(timeout=30)
async def test_the_metrics_are_for_this_machine_and_not_for_who_comes_through_a_proxy(site: Site) -> None:
    assert (await site.send("GET", "/metrics")).status == 200
    for header in ("X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"):
        answer = await site.send("GET", "/metrics", **{header: "127.0.0.1"})
        assert (answer.status, answer.body) == (403, b"Forbidden\n"), header


@with_settings(metrics_token=TOKEN)
@pytest.mark.gen_test(timeout=30)
async def test_the_token_opens_the_metrics_to_others(site: Site) -> None:
    right = [f"Bearer {TOKEN}", f"bearer {TOKEN}"]
    wrong = [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ", "Bearer é", ""]
    through_a_proxy = {"X_Forwarded_For": "192.0.2.1"}
    statuses = {
        given: (await site.send("GET", "/metrics", Authorization=given, **through_a_proxy)).status
        for given in [*right, *wrong]
    }
    assert statuses == dict.fromkeys(right, 200) | dict.fromkeys(wrong, 403)


@pytest.mark.gen_test(timeout=30)
async def test_without_a_token_in_the_settings_none_opens_them(site: Site) -> None:
    for credentials in ("Bearer ", "Bearer", "Bearer None", f"Bearer {site.secret}"):
        answer = await site.send("GET", "/metrics", X_Forwarded_For="192.0.2.1", Authorization=credentials)
        assert answer.status == 403, credentials


def _own_address() -> str | None:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return str(probe.getsockname()[0])


@pytest.mark.skipif(_own_address() is None, reason="this machine has no address but loopback")
@pytest.mark.gen_test(timeout=30)
async def test_the_metrics_are_not_for_another_address(site: Site, collector: Collector) -> None:
    bound, port = bind_unused_port(address="0.0.0.0")
    server = HTTPServer(collector.application)
    server.add_socket(bound)
    try:
        outside = f"http://{_own_address()}:{port}"
        responses = [await site.client.fetch(outside + path, raise_error=False) for path in ("/healthz", "/metrics")]
        assert [response.code for response in responses] == [200, 403]
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.gen_test(timeout=30)
async def test_requests_are_counted_by_command_and_status_and_errors_by_code(site: Site) -> None:
    await site.track()
    await site.track()
    await site.track(event="", Email="x")
    await site.track(APIKey="x")
    await site.claim(origin="https://evil.com")
    await site.call("/api.php", {"Command": "nonsense"})
    await site.send("TRACE", "/api/v1/event")
    await site.send("POST", "/api/v1/event", "{")
    await site.properties()
    found = await counted(site)
    assert {name[1:]: value for name, value in found.items() if name[0] == "footfall_requests_total"} == {
        ("event.track", "200"): 2,
        ("event.track", "422"): 1,
        ("event.track", "401"): 1,
        ("event.track", "403"): 1,
        ("website_events.properties", "200"): 1,
        ("", "404"): 1,
        ("", "405"): 1,
        ("", "400"): 1,
    }
    assert {name[1]: value for name, value in found.items() if name[0] == "footfall_refusals_total"} == dict.fromkeys(
        ("5", "7", "99998", "403", "100003", "100001", "100000"), 1
    )


@pytest.mark.gen_test(timeout=30)
async def test_a_fault_of_ours_is_counted(site: Site) -> None:
    site.db["users"].update_one({"name": site.user}, {"$unset": {"permissions": True}})  # damaged
    assert (await site.track()).status == 500
    found = await counted(site)
    assert found["footfall_requests_total", "event.track", "500"] == 1
    assert found["footfall_refusals_total", "500"] == 1


@pytest.mark.gen_test(timeout=30)
async def test_events_are_counted_by_what_became_of_them(site: Site) -> None:
    for _ in range(3):
        await site.track(EventID="one")
    await site.track(Email="a@example.com", ID="1")
    await site.track(Email="b@example.com", ID="1")
    await site.track(Properties={"isTest": True})
    await site.track(event=None)
    found = await counted(site)
    outcomes = {name[1]: value for name, value in found.items() if name[0] == "footfall_events_total"}
    assert outcomes == {"stored": 3, "duplicate": 2, "test": 1, "refused": 1}
    assert found["footfall_events_received_total", "request"] == 7
    assert found["footfall_events_in_flight",] == 0
    assert found["footfall_automatic_identifies_total",] == 2
    assert found["footfall_identity_conflicts_total",] == 1
    assert found["footfall_writer_waiting",] == 0
    assert found["footfall_flush_events_sum",] == found["footfall_flush_events_count",] == 5


@pytest.mark.gen_test(timeout=30)
async def test_the_metrics_hold_nothing_of_a_caller(site: Site) -> None:
    await site.track("secret event", Email="someone@example.com", UUID="visitor")
    await site.claim(Command="someone@example.com")
    text = (await site.send("GET", "/metrics")).body.decode()
    for part in (site.secret[3:], site.public[3:], "someone", "example.com", "secret event", "visitor", "127.0.0.1"):
        assert part not in text


async def _send_and_leave(site: Site, body: bytes, length: int) -> asyncio.StreamWriter:
    place = urlsplit(site.url)
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"POST /api/v1/event HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


@pytest.mark.gen_test(timeout=60)
async def test_a_client_that_leaves_in_the_middle_of_its_request_holds_up_no_end(
    site: Site, collector: Collector
) -> None:
    writer = await _send_and_leave(site, b'{"Event": ', 100)
    await until(lambda: collector.in_flight.count == 1)
    writer.close()
    began = time.monotonic()
    await collector.drain(30)
    assert time.monotonic() - began < 15
    assert site.events() == []


@pytest.mark.gen_test(timeout=60)
async def test_what_a_client_sent_whole_before_it_left_is_stored(site: Site, collector: Collector) -> None:
    body = json.dumps({"APIKey": site.public, "Event": "e"}).encode()
    writer = await _send_and_leave(site, body, len(body))
    writer.close()
    await until(site.events)
    await until(lambda: collector.in_flight.count == 0)
