"""Requests whose length lies, or that come in pieces: never half an event, and nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from collector.app import Collector
from tests.support.raw import RawAnswer, Until, exchange, request
from tests.support.shop import EVENT
from tests.support.site import Site


def _event(site: Site, name: str = "e", **more: Any) -> bytes:
    return json.dumps({"APIKey": site.secret, "ListID": site.list_id, "Event": name, **more}).encode()


def _post(body: bytes, length: int | str | None = None, **headers: str) -> bytes:
    length = len(body) if length is None else length
    return request("POST", EVENT, {"Content-Type": "application/json", "Content-Length": length, **headers}, body)


def _handlers() -> list[Any]:
    """Tornado's handlers that have not come to their end."""
    return [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_execute"]


async def _still_serves(site: Site, collector: Collector) -> None:
    """Nothing was left behind: no event, no request that is waited for or waits, and the next one is answered."""
    assert site.events() == []
    while collector.in_flight.count or _handlers():  # noqa: ASYNC110 - nothing tells of either
        await asyncio.sleep(0)  # the test's time limit ends it
    assert (await site.track("after")).status == 200


@pytest.mark.parametrize("missing", [1, 1_000], ids=["by one byte", "by far"])
@pytest.mark.gen_test(timeout=60)
async def test_a_body_shorter_than_it_says_is_no_request(site: Site, collector: Collector, missing: int) -> None:
    body = _event(site)
    answer = await exchange(site.url, _post(body, len(body) + missing), until="dead")
    assert answer is None or answer.status == 400
    await _still_serves(site, collector)


@pytest.mark.gen_test(timeout=60)
async def test_a_body_longer_than_it_says_is_cut_where_it_says(site: Site, collector: Collector) -> None:
    body = _event(site)
    answer = await exchange(site.url, _post(body, len(body) - 1))
    assert answer is not None
    assert (answer.status, answer.codes) == (400, [100000])
    await _still_serves(site, collector)


@pytest.mark.gen_test(timeout=60)
async def test_what_lies_behind_a_body_is_no_part_of_it(site: Site) -> None:
    body = _event(site)
    answer = await exchange(site.url, _post(body + body + b"\r\n\r\n", len(body)), until="closed")
    assert answer is not None
    assert answer.status == 200
    assert len(site.events()) == 1
    assert answer.received.count(b"HTTP/1.1 200") == 1


@pytest.mark.gen_test(timeout=60)
async def test_two_requests_in_one_piece_are_two_requests(site: Site) -> None:
    last = _post(_event(site, "two"), Connection="close")
    answer = await exchange(site.url, _post(_event(site, "one")) + last, until="closed")
    assert answer is not None
    assert answer.received.count(b"HTTP/1.1 200") == 2
    assert [row["event"] for row in site.events()] == ["one", "two"]


@pytest.mark.parametrize(("path", "status"), [(EVENT, 200), (f"{EVENT}?Event=", 200), ("/healthz", 405), ("", 405)])
@pytest.mark.parametrize("scheme", ["http", "HTTPS"])
@pytest.mark.gen_test(timeout=60)
async def test_a_target_may_name_the_host_too(site: Site, scheme: str, path: str, status: int) -> None:
    """As clients write it that take us for a proxy."""
    body = _event(site)
    headers = {"Content-Length": len(body)}
    answer = await exchange(site.url, request("POST", f"{scheme}://any.example.com{path}", headers, body))
    assert answer is not None
    assert (answer.status, len(site.events())) == (status, int(status == 200))


@pytest.mark.gen_test(timeout=60)
async def test_a_body_may_come_byte_by_byte(site: Site) -> None:
    whole = _post(_event(site))
    answer = await exchange(site.url, *(bytes([byte]) for byte in whole))
    assert answer is not None
    assert (answer.status, len(site.events())) == (200, 1)


@pytest.mark.parametrize(
    "lengths",
    [{"Content-Length": "-1"}, {"Content-Length": "x"}, {"Content-Length": "1e3"}, {"Content-Length": "5, 6"}],
    ids=str,
)
@pytest.mark.gen_test(timeout=60)
async def test_a_length_that_is_none_is_refused(site: Site, collector: Collector, lengths: dict[str, str]) -> None:
    answer = await exchange(site.url, request("POST", EVENT, lengths, _event(site)), until="closed")
    assert answer is not None
    assert answer.status == 400
    await _still_serves(site, collector)


@pytest.mark.gen_test(timeout=60)
async def test_a_request_with_two_kinds_of_length_is_refused(site: Site, collector: Collector) -> None:
    """Which of them counts is where requests are smuggled through proxies."""
    body = _event(site)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer = await exchange(site.url, _post(chunked, **{"Transfer-Encoding": "chunked"}), until="closed")
    assert answer is not None
    assert answer.status == 400
    await _still_serves(site, collector)


def _chunks(body: bytes, step: int) -> bytes:
    parts = (body[start : start + step] for start in range(0, len(body), step))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


async def _chunked(site: Site, chunks: bytes, until: Until = "answer") -> RawAnswer | None:
    return await exchange(site.url, request("POST", EVENT, {"Transfer-Encoding": "chunked"}, chunks), until=until)


@pytest.mark.gen_test(timeout=60)
async def test_a_body_may_come_in_chunks(site: Site) -> None:
    answer = await _chunked(site, _chunks(_event(site), 7) + b"0\r\n\r\n")
    assert answer is not None
    assert (answer.status, len(site.events())) == (200, 1)


@pytest.mark.parametrize("end", [b"", b"5\r\n{}", b"x\r\n"], ids=["no end", "half a chunk", "no size"])
@pytest.mark.gen_test(timeout=60)
async def test_chunks_without_an_end_are_no_request(site: Site, collector: Collector, end: bytes) -> None:
    answer = await _chunked(site, _chunks(_event(site), 7) + end, "dead")
    assert answer is None or answer.status == 400
    await _still_serves(site, collector)


@pytest.mark.gen_test(timeout=60)
async def test_a_chunked_body_that_is_too_large_is_told_so(site: Site) -> None:
    answer = await _chunked(site, _chunks(bytes(6 << 20), 1 << 16) + b"0\r\n\r\n")
    assert answer is not None
    assert (answer.status, answer.codes) == (413, [413])
