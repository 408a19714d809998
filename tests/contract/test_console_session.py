"""The console's session: begun by a login, kept in a cookie, of no use to the pages of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.config import Settings
from tests.support.clock import Clock
from tests.support.console import LOGIN, LOGOUT, MARK, SESSION, Console, at_console, cookie_of, log_in
from tests.support.site import ORIGIN, Site

ENDED = {"Errors": [{"Code": 99998, "Message": "Authentication failure or session expired"}]}
NOBODY = {"User": None}
FOREIGN = {"Errors": [{"Code": 403, "Message": "This request does not come from the console"}]}
KEYS = "/console/api/console.keys"


@pytest.fixture
def settings() -> Settings:
    """A proxy on this machine, which is believed, and a session of three hours."""
    return Settings(trusted_proxies="127.0.0.1", session_hours=3)


@pytest.mark.gen_test(timeout=30)
async def test_a_login_puts_the_session_into_a_cookie_that_no_script_can_read(site: Site) -> None:
    answer = await log_in(site)
    assert (answer.status, answer.body) == (200, {"User": site.user})
    cookie = cookie_of(answer)
    assert cookie.pop("footfall_session").startswith("se_")
    assert cookie == {"path": "/console", "max-age": "10800", "httponly": "", "samesite": "Strict"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({}, False),
        ({"X_Forwarded_Proto": "http"}, False),
        ({"X_Forwarded_Proto": "https"}, True),
        ({"X_Forwarded_Proto": "http, HTTPS"}, True),
        ({"X_Forwarded_Proto": "https, http"}, False),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_behind_https_the_cookie_goes_by_https_alone(site: Site, headers: dict[str, str], secure: bool) -> None:
    assert ("secure" in cookie_of(await log_in(site, **headers))) == secure
    console = await at_console(site)
    shown = await console.get(SESSION, **headers)
    assert shown.body["Url"] == site.url.replace("http://", "https://" if secure else "http://")


class TestWithoutAProxy:
    """Nobody's word on https but the connection's."""

    @pytest.fixture
    def settings(self) -> Settings:
        """No proxy is trusted."""
        return Settings()

    @pytest.mark.gen_test(timeout=30)
    async def test_a_stranger_is_not_believed_that_https_was_used(self, site: Site) -> None:
        assert "secure" not in cookie_of(await log_in(site, X_Forwarded_Proto="https"))


@pytest.mark.parametrize(
    "given",
    [
        {"Username": "nobody at all", "Password": "x"},
        {"Username": "", "Password": ""},
        {},
        {"Username": ["x"], "Password": {"$ne": ""}},
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_a_wrong_login_is_answered_like_that_of_the_api(site: Site, given: dict[str, Any]) -> None:
    answer = await site.call(LOGIN, given, **MARK)
    assert (answer.status, answer.codes) == (401, [3])
    assert "Set-Cookie" not in answer.headers
    api = await site.call("/api/v1/user.login", given)
    assert (api.status, api.body) == (answer.status, answer.body)


@pytest.mark.gen_test(timeout=30)
async def test_the_session_tells_the_user_the_lists_and_what_a_tag_is_made_of(site: Site) -> None:
    console = await at_console(site)
    answer = await console.get(SESSION)
    pinned = answer.body.pop("Pinned")
    assert answer.body == {
        "User": site.user,
        "Lists": [{"ListID": site.list_id, "Name": "Customers", "TimeZone": "UTC"}],
        "NoList": False,
        "Url": site.url,
        "Script": "/static/footfall.js",
        "EventPath": None,
    }
    assert pinned["Integrity"].startswith("sha384-")
    assert (await site.send("GET", pinned["Script"])).status == 200
    await site.track(ListID=None)
    assert (await console.get(SESSION)).body["NoList"] is True


@pytest.mark.gen_test(timeout=30)
async def test_of_another_user_nothing_is_told(site: Site, make_site: Callable[..., Site]) -> None:
    console = await at_console(site)
    assert [row["ListID"] for row in (await console.get(SESSION)).body["Lists"]] == [site.list_id]


@pytest.mark.gen_test(timeout=30)
async def test_a_logout_ends_the_session_and_takes_the_cookie(site: Site) -> None:
    console = await at_console(site)
    answer = await console.post(LOGOUT, {}, **MARK)
    assert (answer.status, answer.body) == (200, {"Success": True})
    assert cookie_of(answer).items() >= {"footfall_session": "", "max-age": "0", "path": "/console"}.items()
    again = await console.get(SESSION)
    assert (again.status, again.body) == (200, NOBODY)
    refused = await console.ask("console.keys")
    assert (refused.status, refused.body) == (401, ENDED)
    once_more = await console.post(LOGOUT, {}, **MARK)
    assert (once_more.status, cookie_of(once_more)["max-age"]) == (200, "0")


@pytest.mark.gen_test(timeout=30)
async def test_a_session_that_is_over_is_told_so(site: Site, clock: Clock) -> None:
    console = await at_console(site)
    clock.move(hours=3, seconds=-1)
    assert (await console.ask("console.keys")).status == 200
    clock.move(seconds=1)
    assert (await console.ask("console.keys")).status == 401


@pytest.mark.parametrize(
    "cookie", ["", "x=1", "footfall_session=", "footfall_session=se_" + "x" * 32, "\"'\\;=", "a" * 9_000]
)
@pytest.mark.gen_test(timeout=30)
async def test_a_cookie_that_is_no_session_is_none(site: Site, cookie: str) -> None:
    answer = await site.send("GET", SESSION, Cookie=cookie)
    assert (answer.status, answer.body) == (200, NOBODY)
    assert (await site.call(KEYS, {}, **MARK, Cookie=cookie)).status == 401


@pytest.mark.gen_test(timeout=30)
async def test_no_other_credential_opens_the_console(site: Site) -> None:
    console, gone = await at_console(site), Console(site, "")
    for given in ({"SessionID": console.session}, {"APIKey": site.secret}, {"sessionid": console.session}):
        assert (await gone.post(KEYS, given, **MARK)).status == 401
    assert (await gone.post(KEYS, {}, **MARK, Authorization=f"Bearer {site.secret}")).status == 401
    assert (await site.call(f"{KEYS}?SessionID={console.session}", {}, **MARK)).status == 401
    assert (await console.post(KEYS, {"SessionID": "se_other", "APIKey": "sk_other"}, **MARK)).status == 200


def _host(site: Site) -> str:
    return site.url.partition("://")[2]


FOREIGN_HEADERS: list[dict[str, str]] = [
    {},
    {"X_Footfall_Console": "0"},
    {**MARK, "Origin": ORIGIN},
    {**MARK, "Origin": "null"},
    {**MARK, "Origin": "http://127.0.0.1:1"},
    {**MARK, "Sec_Fetch_Site": "same-site"},
    {**MARK, "Sec_Fetch_Site": "cross-site"},
]


@pytest.mark.parametrize("path", [LOGIN, LOGOUT, KEYS])
@pytest.mark.gen_test(timeout=30)
async def test_what_another_page_may_have_sent_is_refused(site: Site, path: str) -> None:
    console = await at_console(site)
    for headers in FOREIGN_HEADERS:
        answer = await console.post(path, {"Username": site.user, "Password": site.password}, **headers)
        assert (answer.status, answer.body) == (403, FOREIGN), headers
        assert not {"Set-Cookie", "Access-Control-Allow-Origin"} & set(answer.headers), headers
    assert (await console.get(SESSION)).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_what_the_page_itself_sends_is_taken(site: Site) -> None:
    console = await at_console(site)
    for headers in ({}, {"Origin": f"http://{_host(site)}"}, {"Sec_Fetch_Site": "same-origin"}):
        assert (await console.post(KEYS, {}, **MARK, **headers)).status == 200


@pytest.mark.parametrize("headers", [{"Origin": ORIGIN}, {"Sec_Fetch_Site": "cross-site"}])
@pytest.mark.gen_test(timeout=30)
async def test_another_page_reads_nothing_either(site: Site, headers: dict[str, str]) -> None:
    console = await at_console(site)
    assert (await console.get(SESSION, **headers)).status == 403
    preflight = await site.send("OPTIONS", KEYS, Origin=ORIGIN, Access_Control_Request_Method="POST")
    assert preflight.status == 204
    assert not [name for name in preflight.headers if name.startswith("Access-Control")]


@pytest.mark.gen_test(timeout=30)
async def test_what_the_page_does_not_need_it_cannot_ask(site: Site) -> None:
    console = await at_console(site)
    for command in ("event.track", "event.batch", "user.login", "console.session", "nothing", "", "console.keys/x"):
        answer = await console.ask(command)
        assert (answer.status, answer.codes) == (404, [100003]), command


@pytest.mark.gen_test(timeout=30)
async def test_a_command_that_changes_something_is_not_done_by_a_link(site: Site) -> None:
    answer = await (await at_console(site)).get("/console/api/console.list_create?Name=x")
    assert (answer.status, answer.codes) == (405, [100001])


@pytest.mark.gen_test(timeout=30)
async def test_the_page_asks_within_a_limit_of_its_session_s_own(site: Site) -> None:
    console, other = await at_console(site), await at_console(site)
    path, given = "/api/v1/website_events.properties", {"ListID": site.list_id}
    before = await site.call(path, {**given, "APIKey": site.secret})
    asked = [await console.ask("website_events.properties", **given) for _ in range(3)]
    assert [row.headers["X-RateLimit-Remaining"] for row in asked] == ["599", "598", "597"]
    assert (await other.ask("website_events.properties", **given)).headers["X-RateLimit-Remaining"] == "599"
    after = await site.call(path, {**given, "APIKey": site.secret})
    assert int(before.headers["X-RateLimit-Remaining"]) - int(after.headers["X-RateLimit-Remaining"]) == 1


@pytest.mark.gen_test(timeout=30)
async def test_a_table_is_downloaded_by_a_link_with_the_cookie_alone(site: Site) -> None:
    console = await at_console(site)
    await site.track("order", Properties={"plan": "gold"})
    path = f"/console/api/website_events.list?ListID={site.list_id}&Format="
    for kind in ("csv", "ndjson"):
        answer = await console.get(path + kind)
        assert answer.status == 200
        assert b"gold" in answer.body
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await console.get(path + kind, Sec_Fetch_Site="cross-site")).status == 403
        assert (await Console(site, "").get(path + kind)).status == 401
        assert (await console.get(path + kind + "&APIKey=" + site.secret, Cookie="")).status == 401


class TestWithALimitOfTwo:
    """So that it can be met."""

    @pytest.fixture
    def settings(self) -> Settings:
        """Two requests a session, and two logins."""
        return Settings(console_limit=2, login_limit=2)

    @pytest.mark.gen_test(timeout=60)
    async def test_tries_at_the_console_and_at_the_api_share_their_limit(self, site: Site) -> None:
        given = {"Username": site.user, "Password": "wrong"}
        for path in (LOGIN, "/api/v1/user.login"):
            assert (await site.call(path, given, **MARK)).status == 401
        right = await log_in(site)
        assert (right.status, right.codes) == (429, [429])
        assert right.headers["Retry-After"]

    @pytest.mark.gen_test(timeout=30)
    async def test_beyond_it_the_page_waits_and_the_api_does_not(self, site: Site) -> None:
        console = await at_console(site)
        assert [(await console.ask("console.keys")).status for _ in range(3)] == [200, 200, 429]
        given = {"ListID": site.list_id, "APIKey": site.secret}
        assert (await site.call("/api/v1/website_events.properties", given)).status == 200


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/people?uuid=x", "/console/<script>"])
@pytest.mark.gen_test(timeout=30)
async def test_the_page_is_served_under_every_view_with_a_strict_policy(site: Site, path: str) -> None:
    answer = await site.send("GET", path.replace("<", "%3C").replace(">", "%3E"))
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    wanted = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    assert {name: answer.headers[name] for name in wanted} == wanted
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert b"script>" not in answer.body or b"src=" in answer.body
    assert (await site.send("GET", path.partition("<")[0], If_None_Match=answer.headers["Etag"])).status == 304
