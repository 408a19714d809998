"""Section 3 of the contract: the pages that a key may be used on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from collector.errors import StartupError
from tests.support.site import ORIGIN, Answer, Site

NOT_ALLOWED = {"Errors": [{"Code": 403, "Message": "Origin not allowed"}]}
BELONGS_ON_SERVER = {"Errors": [{"Code": 403, "Message": "This key belongs on a server"}]}


async def send(site: Site, key: str, event: str = "seen", **headers: str) -> Answer:
    """An event with a key and these headers."""
    return await site.call("/api/v1/event", {"APIKey": key, "Event": event}, **headers)


@pytest.mark.parametrize(
    ("pattern", "welcome", "refused"),
    [
        pytest.param(
            "https://shop.example.com",
            ["https://shop.example.com", "https://shop.example.com:443", "HTTPS://Shop.Example.COM"],
            [
                "http://shop.example.com",
                "https://shop.example.com:8443",
                "https://shop.example.com:80",
                "https://shop.example.com.evil.com",
                "https://evilshop.example.com",
                "https://www.shop.example.com",
                "https://example.com",
                "https://shop.example.com.",
                "https://shop-example.com",
                "https://shopxexample.com",
                "https://shop.example.com@evil.com",
                "https://evil.com/https://shop.example.com",
                "https://evil.com?https://shop.example.com",
                "https://evil.com#https://shop.example.com",
                "shop.example.com",
                "//shop.example.com",
                "https:shop.example.com",
                "https://",
                "chrome-extension://shop.example.com",
                "https://shop.example.com https://evil.com",
                "https://*.example.com",
                "*",
            ],
            id="exact",
        ),
        pytest.param(
            "https://*.example.com",
            [
                "https://shop.example.com",
                "https://a.b.example.com",
                "https://evilshop.example.com",
                "https://shop.example.com:443",
            ],
            [
                "https://example.com",
                "https://.example.com",
                "https://evilexample.com",
                "https://example.com.evil.com",
                "https://shop.example.com.evil.com",
                "https://evil.com/.example.com",
                "https://evil.com?.example.com",
                "https://evil.com#.example.com",
                "https://evil.com\\.example.com",
                "https://evil.com:1.example.com",
                "http://shop.example.com",
                "https://shop.example.com:8443",
                "https://shop.example.com@evil.com",
                "https://shop.example.org",
            ],
            id="wildcard",
        ),
        pytest.param(
            "https://*.example.com:8443",
            ["https://shop.example.com:8443"],
            ["https://shop.example.com", "https://shop.example.com:443", "https://example.com:8443"],
            id="wildcard with a port",
        ),
        pytest.param(
            "http://127.0.0.1:*",
            ["http://127.0.0.1", "http://127.0.0.1:80", "http://127.0.0.1:5173"],
            [
                "https://127.0.0.1:5173",
                "http://127.0.0.1.evil.com:5173",
                "http://127.0.0.11:5173",
                "http://127.0.0.1:x",
            ],
            id="any port",
        ),
        pytest.param(
            "http://[::1]:*",
            ["http://[::1]", "http://[::1]:5173"],
            ["http://[::2]:5173", "http://[::1", "http://::1"],
            id="any port of IPv6",
        ),
        pytest.param(
            "HTTP://Shop.Example.com:80/",
            ["http://shop.example.com", "http://shop.example.com:80"],
            ["http://shop.example.com:8080", "https://shop.example.com:80"],
            id="written with its default port, a slash, in capitals",
        ),
        pytest.param(
            "https://shop.example.com:80",
            ["https://shop.example.com:80"],
            ["https://shop.example.com", "http://shop.example.com"],
            id="the default port of another scheme",
        ),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_an_origin_is_compared_as_a_whole(
    site: Site, pattern: str, welcome: list[str], refused: list[str]
) -> None:
    key, _ = await site.administration.create_public_key(site.user, site.list_id, ["https://other.test", pattern])
    statuses = {origin: (await send(site, key, Origin=origin)).status for origin in [*welcome, *refused]}
    assert statuses == dict.fromkeys(welcome, 200) | dict.fromkeys(refused, 403)
    assert len(site.events()) == len(welcome)
    assert not any("origin_unknown" in row for row in site.events())


@pytest.mark.gen_test(timeout=30)
async def test_a_page_of_another_site_is_told_so(site: Site) -> None:
    answer = await site.claim(origin="https://evil.com")
    assert (answer.status, answer.body) == (403, NOT_ALLOWED)


WITHOUT_AN_ORIGIN = [
    (ORIGIN, "https://evil.com/", "known"),
    ("https://evil.com", f"{ORIGIN}/", "refused"),
    ("null", f"{ORIGIN}/page?q=1#top", "known"),
    ("null", "https://evil.com/", "refused"),
    ("null", None, "unknown"),
    (None, f"{ORIGIN}/page", "known"),
    (None, ORIGIN, "known"),
    (None, f"{ORIGIN}:443/page", "known"),
    (None, "https://evil.com/page", "refused"),
    (None, f"https://evil.com/{ORIGIN}/", "refused"),
    (None, "https://shop.example.com@evil.com/", "refused"),
    (None, "http://shop.example.com/page", "refused"),
    (None, "android-app://com.example.shop/", "refused"),
    (None, None, "unknown"),
    (None, "", "unknown"),
    (None, "about:client", "unknown"),
    (None, "https://[broken/", "unknown"),
    ("", None, "unknown"),
]
"""``Origin``, ``Referer``, and what becomes of the event."""


@pytest.mark.gen_test(timeout=30)
async def test_the_referer_tells_where_no_origin_does(site: Site) -> None:
    told = []
    for number, (origin, referer, _) in enumerate(WITHOUT_AN_ORIGIN):
        named = {"Origin": origin, "Referer": referer}
        headers = {name: value for name, value in named.items() if value is not None}
        status = (await send(site, site.public, f"e{number}", **headers)).status
        marks = [row.get("origin_unknown", False) for row in site.events(event=f"e{number}")]
        outcome = {(200, False): "known", (200, True): "unknown", (403, None): "refused"}
        told.append((origin, referer, outcome[status, *marks] if marks else outcome[status, None]))
    assert told == WITHOUT_AN_ORIGIN


@pytest.mark.gen_test(timeout=30)
async def test_a_secret_key_is_refused_from_a_page_of_another_site(site: Site) -> None:
    own = site.url
    welcome = ["", own, own.upper()]
    refused = ["https://evil.com", ORIGIN, "null", f"{own}.evil.com", f"https://evil.com/{own}", "nonsense"]
    answers = {origin: await send(site, site.secret, Origin=origin) for origin in [*welcome, *refused]}
    statuses = {origin: answer.status for origin, answer in answers.items()}
    assert statuses == dict.fromkeys(welcome, 200) | dict.fromkeys(refused, 403)
    assert [answers[origin].body for origin in refused] == [BELONGS_ON_SERVER] * len(refused)
    assert site.db["events"].count_documents({"key": site.secret[:11]}) == len(welcome)


@pytest.mark.gen_test(timeout=30)
async def test_a_site_is_the_same_whatever_a_proxy_makes_of_its_scheme(site: Site) -> None:
    for origin in ("https://track.example.com", "http://track.example.com"):
        for host in ("track.example.com", "track.example.com:443", "Track.Example.com:80"):
            assert (await send(site, site.secret, Origin=origin, Host=host)).status == 200, (origin, host)


@pytest.mark.gen_test(timeout=30)
async def test_a_secret_key_in_a_page_cannot_read_either(site: Site) -> None:
    given = {"APIKey": site.secret, "ListID": site.list_id}
    answer = await site.call("/api/v1/website_events.properties", given, Origin="https://evil.com")
    assert (answer.status, answer.body) == (403, BELONGS_ON_SERVER)


@pytest.mark.gen_test(timeout=30)
async def test_the_referer_of_a_secret_key_decides_nothing(site: Site) -> None:
    assert (await send(site, site.secret, Referer="https://evil.com/")).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_a_session_may_be_used_from_any_page(site: Site) -> None:
    login = await site.call("/api/v1/user.login", {"Username": site.user, "Password": site.password})
    given = {"SessionID": login.body["SessionID"], "Event": "e"}
    assert (await site.call("/api/v1/event", given, Origin="https://evil.com")).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_the_origin_is_judged_before_the_limit_and_the_content(site: Site) -> None:
    answer = await site.claim(event=None, origin="https://evil.com", Email=5)
    assert (answer.status, answer.codes) == (403, [403])
    assert answer.headers["X-RateLimit-Remaining"] == answer.headers["X-RateLimit-Limit"]


@pytest.mark.gen_test(timeout=30)
async def test_what_is_no_origin_makes_no_key(site: Site) -> None:
    before = site.db["keys"].count_documents({})
    wrong = ["", "*", "null", "nonsense", "shop.example.com", "ftp://example.com", "https://", "https://*"]
    wrong += ["https://example.com/path", "https://a.*.example.com", "https://*example.com", "https://example.com:port"]
    wrong += ["https://u@example.com", "https://a b.com", "https://example.com?", "https://example.com:443443"]
    for text in wrong:
        with pytest.raises(StartupError, match="is not an origin"):
            await site.administration.create_public_key(site.user, site.list_id, [ORIGIN, text])
    assert site.db["keys"].count_documents({}) == before


LABELS = st.text("abcxyz019-", min_size=1, max_size=8)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


def test_a_wildcard_stands_for_labels_in_front_and_nothing_else(site: Site, io_loop: IOLoop) -> None:
    made = site.administration.create_public_key(site.user, site.list_id, ["https://*.example.com"])
    key, _ = io_loop.run_sync(lambda: made)

    @examples(max_examples=60)
    @given(
        scheme=st.sampled_from(["https", "http", "ftp"]),
        host=st.one_of(HOSTS, st.builds("{}.example.com".format, HOSTS), st.builds("{}example.com".format, HOSTS)),
        port=st.sampled_from(["", ":443", ":80", ":8443"]),
    )
    def holds(scheme: str, host: str, port: str) -> None:
        answer = io_loop.run_sync(lambda: send(site, key, Origin=f"{scheme}://{host}{port}"))
        welcome = scheme == "https" and port in ("", ":443") and host.endswith(".example.com")
        assert answer.status == (200 if welcome else 403)

    holds()
