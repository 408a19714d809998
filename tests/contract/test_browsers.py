"""Section 9 of the contract: what a page of another site may read, and the files that pages load."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import collector
from collector.config import Settings
from collector.resources import resource_dir
from tests.support.live import Live
from tests.support.options import chosen, with_settings
from tests.support.site import ORIGIN, Answer, Site
from tests.support.wire import ask, post

EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
EVENT = "/api/v1/event"
BUNDLE = "/static/footfall.js"

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


def readable(answer: Answer) -> bool:
    """Whether a browser lets a page of any site read an answer and its headers."""
    shown = answer.headers.get("Access-Control-Expose-Headers")
    return shown == EXPOSED and bool(answer.headers.get_list("Access-Control-Allow-Origin") == ["*"])


async def _broken(site: Site, path: str) -> Answer:
    """A fault of ours: what is stored of the user is damaged."""
    site.db["users"].update_one({"name": site.user}, {"$unset": {"permissions": True}})
    return await _claim(site, path)


async def _claim(site: Site, path: str, **parameters: Any) -> Answer:
    given = {"Command": "event.track", "APIKey": site.public, "Event": "e", **parameters}
    return await site.call(path, given, Origin=ORIGIN)


async def _raw(
    site: Site, path: str, body: bytes | str, kind: str = "application/json", method: str = "POST"
) -> Answer:
    return await site.send(method, path, body, Content_Type=kind, Origin=ORIGIN)


REFUSALS: dict[int, Callable[[Site, str], Awaitable[Answer]]] = {
    200: _claim,
    400: lambda site, path: _raw(site, path, "{"),
    401: lambda site, path: _claim(site, path, APIKey="pk_unknown"),
    403: lambda site, path: site.call(
        path, {"Command": "event.track", "APIKey": site.public}, Origin="https://evil.com"
    ),
    404: lambda site, path: _claim(site, path, Command="nonsense"),
    405: lambda site, path: _raw(site, path, "{}", method="PUT"),
    413: lambda site, path: _raw(site, path, b" " * (6 << 20)),
    415: lambda site, path: _raw(site, path, "<event/>", "application/xml"),
    422: lambda site, path: _claim(site, path, Event=""),
    500: _broken,
}


@pytest.mark.parametrize("path", [EVENT, "/api.php"])
@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.gen_test(timeout=30)
async def test_a_page_can_read_every_answer_of_tracking(site: Site, status: int, path: str) -> None:
    answer = await REFUSALS[status](site, path)
    assert (answer.status, readable(answer)) == (status, True)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    if status != 200:
        assert [error["Message"] for error in answer.body["Errors"]] != []


@with_settings(track_limit=1)
@pytest.mark.gen_test(timeout=30)
async def test_a_page_can_read_when_to_come_again(site: Site) -> None:
    answers = [await _claim(site, EVENT), await _claim(site, EVENT)]
    assert [(answer.status, readable(answer)) for answer in answers] == [(200, True), (429, True)]
    assert answers[1].headers["Retry-After"] == "60"


@with_settings(queue_events=1)
@pytest.mark.gen_test(timeout=30)
async def test_a_page_can_read_that_too_many_events_wait(site: Site) -> None:
    answers = await asyncio.gather(*[_claim(site, EVENT, UUID=f"u{number}") for number in range(40)])
    full = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503}
    assert [(readable(answer), answer.codes, answer.headers["Retry-After"]) for answer in full] == [
        (True, [503], "1")
    ] * len(full)
    assert len(site.events()) == len(answers) - len(full)


@pytest.mark.parametrize("path", [EVENT, "/api.php"])
@pytest.mark.gen_test(timeout=30)
async def test_a_method_that_nobody_knows_is_readable_too(site: Site, path: str) -> None:
    answer = await site.send("TRACE", path, Origin=ORIGIN)
    assert (answer.status, readable(answer)) == (405, True)


@pytest.mark.parametrize("path", [EVENT, "/api.php"])
@pytest.mark.gen_test(timeout=30)
async def test_a_preflight_is_answered_and_cached(site: Site, path: str) -> None:
    wanted = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    answer = await site.send("OPTIONS", path, Origin="https://anywhere.example", **wanted)
    assert (answer.status, answer.body, readable(answer)) == (204, b"", True)
    assert int(answer.headers["Access-Control-Max-Age"]) >= 7200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "content-encoding", "authorization"} <= set(allowed)


@pytest.mark.parametrize("path", ["/api/v1/website_events.properties", "/api/v1/user.login", "/api/v1/user.logout"])
@pytest.mark.gen_test(timeout=30)
async def test_what_is_not_tracking_is_nothing_for_pages_of_other_sites(site: Site, path: str) -> None:
    for answer in (await site.call(path, {"ListID": site.list_id}), await site.send("OPTIONS", path, Origin=ORIGIN)):
        assert [name for name in answer.headers if name.startswith("Access-Control")] == []


@pytest.mark.gen_test(timeout=30)
async def test_a_beacon_is_tracked_without_a_preflight(site: Site) -> None:
    body = json.dumps({"APIKey": site.public, "Event": "e"})
    answer = await site.send("POST", EVENT, body, Content_Type="text/plain;charset=UTF-8", Origin=ORIGIN)
    assert (answer.status, readable(answer)) == (200, True)


@pytest.mark.gen_test(timeout=30)
async def test_the_bundle_is_sent_as_it_is_to_any_page(site: Site) -> None:
    answer = await site.send("GET", BUNDLE)
    assert (answer.status, answer.body) == (200, (resource_dir("static") / "footfall.js").read_bytes())
    assert answer.headers["Content-Type"].partition(";")[0] in ("text/javascript", "application/javascript")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Server" not in answer.headers


@pytest.mark.gen_test(timeout=30)
async def test_the_bundle_is_compressed_for_who_can_take_it(site: Site) -> None:
    plain = await site.send("GET", BUNDLE)
    packed = await site.send("GET", BUNDLE, Accept_Encoding="gzip, br;q=0")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.gen_test(timeout=30)
async def test_a_bundle_that_has_not_changed_is_not_sent_again(site: Site, encoding: str) -> None:
    first = await site.send("GET", BUNDLE, Accept_Encoding=encoding)
    again = await site.send("GET", BUNDLE, Accept_Encoding=encoding, If_None_Match=first.headers["Etag"])
    assert (again.status, again.body) == (304, b"")
    assert (again.headers["Etag"], again.headers["Cache-Control"]) == (first.headers["Etag"], "public, max-age=3600")
    other = await site.send("GET", BUNDLE, Accept_Encoding=encoding, If_None_Match='"another"')
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("file", ["favicon.svg", "demo.js", "demo.css"])
@pytest.mark.gen_test(timeout=30)
async def test_each_static_file_can_be_cached(site: Site, file: str) -> None:
    answer = await site.send("GET", f"/static/{file}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")
    assert answer.headers["Etag"]


def test_no_file_beside_the_static_ones_is_served(live: Live) -> None:
    own = f"{collector.__name__}/__init__.py"
    beside = [f"../{own}", f"%2e%2e/{own}", f"..%2f{own}", f"/{resource_dir('static').parent}/{own}"]
    for path in [*beside, "", "nothing.js", "%00", "%ff", "x" * 5000, "..", "../static", "../../../../etc/passwd"]:
        reply = ask(f"{live.url}/static/{path}")
        assert reply.status in (400, 403, 404), path
        assert b"Traceback" not in reply.body and b"Footfall" not in reply.body, path
        assert reply.headers["Cache-Control"] is None, path


@pytest.mark.parametrize("path", ["/demo", "/"])
def test_the_demo_holds_the_public_key_and_no_other(live: Live, path: str) -> None:
    reply = ask(live.url + path)
    page = reply.body.decode()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert f'src="/static/footfall.js" data-key="{live.demo["public_key"]}"' in page
    assert live.demo["secret_key"] not in page
    assert "{{" not in page
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")


@pytest.mark.gen_test(timeout=30)
async def test_where_there_is_no_demo_the_page_says_how_to_make_one(site: Site) -> None:
    answer = await site.send("GET", "/demo")
    assert (answer.status, answer.body) == (404, b"There is no demo yet: run footfall bootstrap\n")


def test_the_key_of_the_demo_works_on_any_page_of_this_computer_and_on_no_other(live: Live) -> None:
    event = {"APIKey": live.demo["public_key"], "Event": "e", "Properties": {"isTest": True}}
    loopback = ("http://localhost", "http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:3000")
    elsewhere = ("https://example.com", "http://localhost.example.com:5173", "http://192.168.0.1:8080")
    statuses = [post(live.url + EVENT, event, Origin=origin).status for origin in (*loopback, *elsewhere)]
    assert statuses == [200] * 4 + [403] * 3
