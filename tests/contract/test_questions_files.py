"""``website_events.list`` as a file: CSV for a spreadsheet, NDJSON for a program, of any length."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.storage.guard import StoreAway
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.evaluation import Happened, stored
from tests.support.raw import exchange, request
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.list"
FIXED = [
    "Time",
    "Event",
    "UUID",
    "Email",
    "ID",
    "Subscriber",
    "EventID",
    "Key",
    "Received",
    "Trust",
    "KeyPrefix",
    "Bot",
    "OriginUnknown",
    "Automatic",
    "Browser",
    "OS",
    "DeviceType",
]


async def _file(site: Site, **parameters: Any) -> Answer:
    answer = await site.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, **parameters})
    assert answer.status == 200, answer
    return answer


async def _table(site: Site, **parameters: Any) -> list[list[str]]:
    body = (await _file(site, Format="csv", **parameters)).body
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


async def _cells(site: Site, name: str, value: Any) -> tuple[str, str]:
    """The head and the cell of a property."""
    await site.track("e", Properties={name: value})
    head, row = await _table(site)
    return head[len(FIXED)], row[len(FIXED)]


async def _opened(site: Site, version: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A file that is asked for, by a client that takes little at a time."""
    query = urlencode({"ListID": site.list_id, "Format": "ndjson", "APIKey": site.secret})
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.rpartition(":")[2]), limit=1024)
    writer.write(request("GET", f"{PATH}?{query}", {}).replace(b"HTTP/1.1", version.encode(), 1))
    return reader, writer


def _fill(site: Site, clock: Clock, count: int) -> list[Happened]:
    """Events past the collector, ten a second, the newest last."""
    begin = clock() - timedelta(seconds=count / 10)
    text = "x" * 200
    events = [
        Happened("e", begin + timedelta(milliseconds=100 * (number // 2)), {"n": number, "text": text})
        for number in range(count)
    ]
    site.db["events"].insert_many(stored(events, site.scope), ordered=False)
    return events


@pytest.mark.gen_test(timeout=60)
async def test_ndjson_has_the_events_of_the_list_a_line_each(site: Site, clock: Clock) -> None:
    for number in range(3):
        await site.track("e", UUID="v", Properties={"n": number, "a.b": {"$x": ["\n", "é"]}})
        clock.move(seconds=1)
    answer = await _file(site, Format="ndjson")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="events-list-{site.list_id}.ndjson"'
    shown = (await _file(site)).body["Events"]
    assert len(shown) == 3
    assert [json.loads(line) for line in answer.body.splitlines()] == shown


@pytest.mark.gen_test(timeout=60)
async def test_csv_has_a_column_for_each_property_and_times_of_the_zone(site: Site, clock: Clock) -> None:
    clock.now = clock.now.replace(year=2026, month=7, day=1, hour=12)
    await site.track("first", UUID="v", ID=7, EventID="e-1", Properties={"b": 1.5, "a": 'x,"y"\r\nz'})
    clock.move(seconds=1)
    await site.claim("second", UUID="w", Properties={"c": [1, None], "a": None})
    answer = await _file(site, Format="csv", TimeZone="Europe/Berlin")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="events-list-{site.list_id}.csv"'
    head, second, first = await _table(site, TimeZone="Europe/Berlin")
    assert head == [*FIXED, "a", "b", "c", "Properties"]
    rows = site.events()
    time = "2026-07-01T14:{:02}:{:02}.000+02:00"
    minute = clock().minute
    assert first == [
        *(time.format(minute, 0), "first", "v", "", "7", rows[0]["subscriber"], "e-1", rows[0]["_id"]),
        *(time.format(minute, 0), "secret", rows[0]["key"], "false", "false", "false", "", "", ""),
        *('x,"y"\r\nz', "1.5", "", ""),
    ]
    assert second[1:3] == ["second", "w"]
    assert second[len(FIXED) :] == ["", "", "[1,null]", ""]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        (" =1", " =1"),
        ("'=1", "'=1"),
        ("", ""),
        (-1, "-1"),
        (-1.5, "-1.5"),
        (True, "true"),
        (None, ""),
        ({"a": "=1"}, '{"a":"=1"}'),
        (["=1"], '["=1"]'),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_a_text_that_a_spreadsheet_would_calculate_is_marked(site: Site, value: Any, cell: str) -> None:
    assert await _cells(site, "p", value) == ("p", cell)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("$page_title", "$page_title"),
        ("a.b", "a.b"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("Time", "Properties.Time"),
        ("Properties", "Properties.Properties"),
        ("", "Properties."),
        ("time", "time"),
        ("Properties.Time", "Properties.Properties.Time"),  # so that no two columns are called the same
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_a_property_has_the_column_of_its_name(site: Site, name: str, head: str) -> None:
    assert await _cells(site, name, 1) == (head, "1")


@pytest.mark.gen_test(timeout=60)
async def test_only_the_properties_of_the_event_that_is_asked_for_have_columns(site: Site) -> None:
    await site.track("one", Properties={"a": 1})
    await site.track("two", Properties={"b": 2})
    head, row = await _table(site, Event="two")
    assert (head[len(FIXED) :], row[len(FIXED) :]) == (["b", "Properties"], ["2", ""])


@pytest.mark.gen_test(timeout=60)
async def test_a_property_that_the_catalog_does_not_know_is_not_lost(site: Site, clock: Clock) -> None:
    _fill(site, clock, 1)
    head, row = await _table(site)
    assert (head[-1], json.loads(row[-1])) == ("Properties", {"n": 0, "text": "x" * 200})


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
@pytest.mark.gen_test(timeout=60)
async def test_a_file_without_events_is_one(site: Site, kind: str) -> None:
    body = (await _file(site, Format=kind)).body.decode("utf-8-sig")
    assert body == (",".join([*FIXED, "Properties"]) + "\r\n" if kind == "csv" else "")


@pytest.mark.parametrize(("limit", "lines"), [(1, 1), ("501", 501), (1_300, 1_203), (None, 1_203)])
@pytest.mark.gen_test(timeout=60)
async def test_a_file_has_all_events_or_as_many_as_are_asked_for(
    site: Site, clock: Clock, limit: Any, lines: int
) -> None:
    events = _fill(site, clock, 1_203)
    body = (await _file(site, Format="ndjson", Limit=limit)).body
    found = [json.loads(line)["Properties"]["n"] for line in body.splitlines()]
    assert found == [event.properties["n"] for event in reversed(events)][:lines]


@pytest.mark.gen_test(timeout=60)
async def test_a_file_may_be_asked_for_by_get_and_by_http_1_0(site: Site, clock: Clock) -> None:
    _fill(site, clock, 600)
    query = urlencode({"ListID": site.list_id, "Format": "ndjson", "APIKey": site.secret})
    answer = await site.send("GET", f"{PATH}?{query}")
    assert len(answer.body.splitlines()) == 600
    raw = request("GET", f"{PATH}?{query}", {}).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    old = await exchange(site.url, raw, until="closed")
    assert old is not None
    assert "transfer-encoding" not in old.headers
    assert old.received.partition(b"\r\n\r\n")[2] == answer.body


@pytest.mark.gen_test(timeout=60)
async def test_what_is_wrong_from_the_start_is_told_as_an_error(site: Site, clock: Clock) -> None:
    async def away(name: str) -> None:
        if name == "questions.newest":
            raise StoreAway(name)

    async with collecting(site, clock, away, more=("questions",)) as other:
        given = {"APIKey": site.secret, "ListID": site.list_id, "Format": "csv"}
        answer = await other.call(PATH, given)
        assert (answer.status, answer.codes) == (503, [503])
        assert (await other.call(PATH, {**given, "Cursor": "nonsense"})).codes == [26]


@pytest.mark.gen_test(timeout=60)
async def test_a_file_that_cannot_be_completed_does_not_look_complete(
    site: Site, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    _fill(site, clock, 1_203)
    asked = 0

    async def away_later(name: str) -> None:
        nonlocal asked
        asked += name == "questions.newest"
        if asked > 5:
            raise StoreAway(name)

    async with collecting(site, clock, away_later, more=("questions",)) as other:
        reader, writer = await _opened(other, "HTTP/1.1")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(1 << 20):
                received += piece
        writer.close()
    assert b'"n":1202' in received
    assert not received.endswith(b"0\r\n\r\n")
    assert "a stream was cut" in caplog.text


@pytest.mark.gen_test(timeout=60)
async def test_who_reads_to_the_end_of_the_connection_is_told_so_too(site: Site, clock: Clock) -> None:
    """A proxy may speak HTTP/1.0, where the end of the connection is that of the body: it is reset instead."""
    _fill(site, clock, 1_203)
    waiting = asyncio.Event()
    asked = 0

    async def away_later(name: str) -> None:
        nonlocal asked
        asked += name == "questions.newest"
        if asked > 5:
            await waiting.wait()
            raise StoreAway(name)

    async with collecting(site, clock, away_later, more=("questions",)) as other:
        reader, writer = await _opened(other, "HTTP/1.0")
        await reader.readuntil(b'"n":1202')
        waiting.set()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


@pytest.mark.gen_test(timeout=60)
async def test_who_leaves_ends_the_looking(site: Site, clock: Clock) -> None:
    """Megabytes of events for a reader who takes the head of the answer and goes."""
    _fill(site, clock, 30_000)
    asked = 0

    async def count(name: str) -> None:
        nonlocal asked
        asked += name.startswith("questions.")

    async with collecting(site, clock, count, more=("questions",)) as other:
        reader, writer = await _opened(other, "HTTP/1.1")
        await reader.readuntil(b"\r\n\r\n")
        held = -1
        while asked > held:  # until the collector waits for us
            held = asked
            await asyncio.sleep(0.3)
        assert held < 100  # of some 180 that it would take
        writer.transport.abort()
        assert (await other.call(PATH, {"APIKey": site.secret, "ListID": site.list_id, "Limit": 1})).status == 200
        assert asked < held + 10
