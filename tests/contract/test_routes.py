"""Section 1 of the contract: which routes there are, and which command each reaches."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.support.site import Answer, Site

UNKNOWN_COMMAND = {"Errors": [{"Code": 100003, "Message": "Unknown command"}]}
METHOD_NOT_ALLOWED = {"Errors": [{"Code": 100001, "Message": "Method not allowed"}]}

ROUTES = {
    "event.track": "/api/v1/event",
    "website_events.properties": "/api/v1/website_events.properties",
    "user.login": "/api/v1/user.login",
    "user.logout": "/api/v1/user.logout",
}
READABLE = {ROUTES["website_events.properties"], "/api.php"}
COMMANDS = pytest.mark.parametrize("command", ROUTES)


async def _content(site: Site, command: str) -> dict[str, Any]:
    """What a command needs to succeed, beside its name."""
    credentials = {"Username": site.user, "Password": site.password}
    if command == "user.login":
        return credentials
    if command == "user.logout":
        login = await site.call("/api/v1/user.login", credentials)
        return {"SessionID": login.body["SessionID"]}
    return {"APIKey": site.secret, "ListID": site.list_id, "Event": "page_view"}


async def _send(site: Site, method: str, path: str) -> Answer:
    return await site.send(method, path, "{}" if method in ("POST", "PUT", "PATCH") else None)


@COMMANDS
@pytest.mark.gen_test(timeout=30)
async def test_a_route_implies_its_command(site: Site, command: str) -> None:
    answer = await site.call(ROUTES[command], await _content(site, command))
    assert answer.status == 200


@COMMANDS
@pytest.mark.gen_test(timeout=30)
async def test_a_command_may_be_named_in_any_case_on_its_route_and_on_api_php(site: Site, command: str) -> None:
    for spelled in (command, command.upper(), command.title()):
        for path in (ROUTES[command], "/api.php"):
            answer = await site.call(path, {**await _content(site, command), "Command": spelled})
            assert answer.status == 200, (path, spelled, answer)


@pytest.mark.parametrize("absent", [None, ""], ids=["null", "empty"])
@pytest.mark.gen_test(timeout=30)
async def test_a_command_that_counts_as_not_provided_is_the_one_of_the_route(site: Site, absent: Any) -> None:
    assert (await site.track(Command=absent)).status == 200


@COMMANDS
@pytest.mark.gen_test(timeout=30)
async def test_a_route_refuses_the_name_of_another_command(site: Site, command: str) -> None:
    given, others = await _content(site, command), [other for other in ROUTES if other != command]
    wrong: list[Any] = [*others, "event.untrack", f" {command}", 0, False, 7, [], {}, [command]]
    for named in wrong:
        answer = await site.call(ROUTES[command], {**given, "Command": named})
        assert (answer.status, answer.body) == (404, UNKNOWN_COMMAND), named
    assert site.events() == []


@pytest.mark.gen_test(timeout=30)
async def test_api_php_must_be_told_a_command_that_exists(site: Site) -> None:
    given = await _content(site, "event.track")
    wrong: list[Any] = [None, "", "event.untrack", "event", 0, 7, ["event.track"]]
    for parameters in (given, *[{**given, "Command": named} for named in wrong]):
        answer = await site.call("/api.php", parameters)
        assert (answer.status, answer.body) == (404, UNKNOWN_COMMAND), parameters
    assert site.events() == []


@pytest.mark.gen_test(timeout=30)
async def test_api_php_tracks_by_get_as_an_image_does(site: Site) -> None:
    query = f"Command=event.track&APIKey={site.secret}&ListID={site.list_id}&Event=seen&Properties[a]=1"
    answer = await site.send("GET", f"/api.php?{query}")
    assert (answer.status, answer.body["status"]) == (200, "success")
    assert [row["properties"] for row in site.events(event="seen")] == [{"a": "1"}]


@pytest.mark.gen_test(timeout=30)
async def test_the_command_may_stand_in_the_query_of_a_post(site: Site) -> None:
    given = await _content(site, "event.track")
    assert (await site.call("/api.php?Command=event.track", given)).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_properties_are_told_by_get_and_by_post(site: Site) -> None:
    await site.track("page_view", Properties={"b": 1, "a": 2})
    route = ROUTES["website_events.properties"]
    by_get = await site.send("GET", f"{route}?ListID={site.list_id}&APIKey={site.secret}")
    by_post = await site.call(route, {"APIKey": site.secret, "ListID": site.list_id})
    expected = {"ListID": site.list_id, "Properties": {"page_view": ["a", "b"]}}
    assert by_get.body == by_post.body == expected


@pytest.mark.gen_test(timeout=30)
async def test_a_login_by_get_is_refused_and_makes_no_session(site: Site) -> None:
    query = f"Command=user.login&Username={site.user.replace(' ', '+')}&Password={site.password}"
    before = site.db["sessions"].count_documents({})
    answer = await site.send("GET", f"/api.php?{query}")
    assert (answer.status, answer.body) == (405, METHOD_NOT_ALLOWED)
    assert site.db["sessions"].count_documents({}) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE"])
@pytest.mark.gen_test(timeout=30)
async def test_a_method_that_a_route_does_not_have_is_not_allowed(site: Site, method: str) -> None:
    for path in {*ROUTES.values(), "/api.php"} - (READABLE if method == "GET" else set()):
        answer = await _send(site, method, path)
        assert (answer.status, answer.headers["Content-Type"]) == (405, "application/json"), path
        assert answer.body == (b"" if method == "HEAD" else METHOD_NOT_ALLOWED), path
        assert answer.headers["Allow"] == ("GET, POST, OPTIONS" if path in READABLE else "POST, OPTIONS"), path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.gen_test(timeout=30)
async def test_a_route_that_does_not_exist_is_an_unknown_command(site: Site, method: str) -> None:
    places = ("", "/", "/v1", "/v1/", "/v1/event/", "/v1/Event", "/v2/event", "/v1/event.track", "/v1/%2e%2e/v1/event")
    for place in places:
        answer = await _send(site, method, f"/api{place}")
        assert (answer.status, answer.body) == (404, UNKNOWN_COMMAND), place
        assert answer.headers["Content-Type"] == "application/json", place


@pytest.mark.gen_test(timeout=30)
async def test_a_route_that_does_not_exist_asks_for_no_readable_body(site: Site) -> None:
    answer = await site.send("POST", "/api/v1/nothing", "{", Content_Type="application/json")
    assert (answer.status, answer.body) == (404, UNKNOWN_COMMAND)


@pytest.mark.parametrize("path", ["/nothing", "/api.phpx", "/apiary", "/API/v1/event"])
@pytest.mark.gen_test(timeout=30)
async def test_what_is_not_the_api_is_not_found_in_plain_text(site: Site, path: str) -> None:
    answer = await site.send("GET", path)
    assert (answer.status, answer.body) == (404, b"Not Found\n")


@pytest.mark.parametrize(
    ("given", "path", "status"),
    [
        ("[", "/api/v1/event", 400),
        ("{}", "/api/v1/event", 401),
        ('{"Command": "x"}', "/api.php", 404),
        ("{}", "/api/v1/nothing", 404),
        ('{"Username": "nobody", "Password": "wrong"}', "/api/v1/user.login", 401),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_every_error_is_json_that_no_cache_keeps(site: Site, given: str, path: str, status: int) -> None:
    answer = await site.send("POST", path, given, Content_Type="application/json")
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.body) == ["Errors"]
    assert [sorted(error) for error in answer.body["Errors"]] == [["Code", "Message"]]


@pytest.mark.gen_test(timeout=30)
async def test_an_answer_is_sent_whole_however_the_client_asks_for_it(site: Site) -> None:
    path = f"{ROUTES['website_events.properties']}?ListID={site.list_id}"
    again = await site.send("GET", path, Authorization=f"Bearer {site.secret}", If_None_Match="*")
    assert (again.status, again.body["Properties"]) == (200, {})


@pytest.mark.parametrize(
    ("taken", "encoding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.1", "gzip"),
        ("gzip;q=0", None),
        ("identity, gzip; q=0.0", None),
        ("br", None),
        ("", None),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_a_long_answer_is_compressed_for_who_takes_that(site: Site, taken: str, encoding: str | None) -> None:
    await site.track(Properties={f"{'long' * 50} {n}": 1 for n in range(12)})
    path = f"{ROUTES['website_events.properties']}?ListID={site.list_id}"
    answer = await site.send("GET", path, Authorization=f"Bearer {site.secret}", Accept_Encoding=taken)
    assert (answer.status, answer.headers.get("Content-Encoding")) == (200, encoding)
    body = json.loads(gzip.decompress(answer.body)) if encoding else answer.body
    assert len(body["Properties"]["page_view"]) == 12
