"""The browser SDK as it is served: compressed beforehand, pinned to a version, under names of the operator's own."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from collector.access.tokens import prefix
from collector.config import Settings, read_settings
from collector.errors import StartupError
from collector.resources import resource_dir
from collector.web.scripts import Bundle, tags
from tests.support.live import Live
from tests.support.options import chosen, with_settings
from tests.support.shell import called, reason
from tests.support.site import ORIGIN, Site
from tests.support.wire import ask, post

STATIC = resource_dir("static")
BUNDLE = "/static/footfall.js"

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


@pytest.mark.parametrize(
    ("taken", "encoding", "file"),
    [
        ("", None, "footfall.js"),
        ("identity", None, "footfall.js"),
        ("gzip", "gzip", "footfall.js.gz"),
        ("gzip, deflate, br", "br", "footfall.js.br"),
        ("gzip;q=1.0, br;q=0.1", "br", "footfall.js.br"),
        ("gzip, br; q=0.0", "gzip", "footfall.js.gz"),
        ("zstd, BR", "br", "footfall.js.br"),
        ("gzip;q=0", None, "footfall.js"),
        ("*", None, "footfall.js"),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_each_client_gets_the_smallest_form_it_takes(
    site: Site, taken: str, encoding: str | None, file: str
) -> None:
    answer = await site.send("GET", BUNDLE, Accept_Encoding=taken)
    assert (answer.status, answer.headers.get("Content-Encoding")) == (200, encoding)
    assert answer.body == (STATIC / file).read_bytes()
    assert answer.headers["Vary"] == "Accept-Encoding"


PATHS = [BUNDLE, Bundle(STATIC).path, "/js/t.js"]


@with_settings(script_path="/js/t.js")
@pytest.mark.gen_test(timeout=60)
async def test_what_the_script_loads_on_demand_is_served_where_the_script_is(site: Site) -> None:
    for path in PATHS:
        script = await site.send("GET", path, Accept_Encoding="br")
        for query, file in (
            ("?auto", "footfall-auto.js"),
            ("?v=1?check", "footfall-check.js"),
            ("?v=1", "footfall.js"),
        ):
            answer = await site.send("GET", path + query, Accept_Encoding="br")
            assert (answer.status, answer.body) == (200, (STATIC / f"{file}.br").read_bytes()), path + query
            for name in ("Cache-Control", "Content-Type", "Access-Control-Allow-Origin", "Content-Encoding", "Vary"):
                assert answer.headers[name] == script.headers[name], name
            assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("query", ["", "?auto", "?check"])
@pytest.mark.parametrize("taken", ["br", "gzip", "identity"])
@pytest.mark.gen_test(timeout=60)
async def test_a_head_is_a_get_without_its_body(site: Site, query: str, taken: str) -> None:
    told = await site.send("HEAD", BUNDLE + query, Accept_Encoding=taken)
    got = await site.send("GET", BUNDLE + query, Accept_Encoding=taken)
    assert (told.status, told.body) == (200, b"")
    assert int(told.headers["Content-Length"]) == len(got.body)
    for headers in (told.headers, got.headers):
        del headers["Date"]
    assert dict(told.headers) == dict(got.headers)


@pytest.mark.gen_test(timeout=60)
async def test_each_form_has_an_etag_of_its_own(site: Site) -> None:
    etags = [
        (await site.send("GET", BUNDLE, Accept_Encoding=taken)).headers["Etag"] for taken in ("br", "gzip", "identity")
    ]
    assert len(set(etags)) == 3
    again = await site.send("GET", BUNDLE, Accept_Encoding="br", If_None_Match=etags[0])
    assert (again.status, again.body) == (304, b"")
    assert (again.headers["Etag"], again.headers["Vary"]) == (etags[0], "Accept-Encoding")
    assert again.headers["Cache-Control"] == "public, max-age=3600"
    for stale in (etags[1], '"other"'):
        assert (await site.send("GET", BUNDLE, Accept_Encoding="br", If_None_Match=stale)).status == 200
    for fresh in ("*", f"W/{etags[0]}", f'"other", {etags[0]}'):
        assert (await site.send("HEAD", BUNDLE, Accept_Encoding="br", If_None_Match=fresh)).status == 304


@pytest.mark.gen_test(timeout=60)
async def test_a_version_is_kept_for_ever_under_its_own_name(site: Site) -> None:
    bundle = Bundle(STATIC)
    answer = await site.send("GET", bundle.path)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    digest = base64.b64encode(hashlib.sha384(answer.body).digest()).decode()
    assert bundle.integrity == f"sha384-{digest}"
    assert (await site.send("GET", "/static/footfall.0123456789abcdef.js")).status == 404


@with_settings(script_path="/js/t.js", event_path="/e")
@pytest.mark.gen_test(timeout=60)
async def test_script_and_events_have_the_names_that_the_operator_gave_them(site: Site) -> None:
    renamed, usual = await site.send("GET", "/js/t.js"), await site.send("GET", BUNDLE)
    assert (renamed.status, renamed.body) == (200, usual.body)
    one = await site.call("/e", {"APIKey": site.public, "Event": "renamed"}, Origin=ORIGIN)
    both = await site.call("/es", {"APIKey": site.public, "Events": [{"Event": "renamed"}] * 2}, Origin=ORIGIN)
    assert (one.status, one.body["status"], both.body["accepted"]) == (200, "success", 2)
    assert one.headers["Access-Control-Allow-Origin"] == "*"
    assert len(site.events(event="renamed")) == 3


@pytest.mark.parametrize("path", ["/js/t.js", "/e", ""])
def test_a_path_of_ones_own_may_be(path: str) -> None:
    assert read_settings({"event_path": path}, {}).event_path == path


@pytest.mark.parametrize(
    "path", ["e", "/", "/api/v1/event", "/api.php", "/static/x.js", "/a b", "/a?b", "//e", "/(.*)"]
)
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(StartupError, match="--event-path"):
        read_settings({"event_path": path}, {})


def test_the_tag_names_what_was_renamed_and_pins_the_version() -> None:
    bundle = Bundle(STATIC)
    lines = tags(bundle, "https://t.example.com", "pk_1", "/js/t.js", "/e")
    assert lines["tag"] == (
        '<script async src="https://t.example.com/js/t.js" data-key="pk_1" data-endpoint="/e"></script>'
    )
    assert f'src="https://t.example.com{bundle.path}" integrity="{bundle.integrity}"' in lines["pinned"]
    assert '<img src="https://t.example.com/e.gif?key=pk_1" ' in lines["noscript"]


def test_the_command_line_prints_the_tag_of_a_list(live: Live) -> None:
    key, given = live.demo["public_key"], ("--url", "https://t.example.com/", "--mongodb-uri", live.uri)
    code, shown, told = called("snippet", "--list", str(live.demo["list_id"]), "--key", key, "--json", *given)
    assert code == 0, told
    lines = tags(Bundle(STATIC), "https://t.example.com", key)
    assert json.loads(shown) == {"tag": lines["tag"], "pinned": lines["pinned"]}


def test_the_command_line_makes_a_key_for_the_pages_of_an_origin(live: Live) -> None:
    given = ("--list", str(live.demo["list_id"]), "--url", live.url, "--mongodb-uri", live.uri)
    shown = json.loads(called("snippet", *given, "--origin", ORIGIN, "--noscript", "--json")[1])
    event = {"APIKey": shown["key"], "Event": "from_the_tag"}
    assert f'data-key="{shown["key"]}"' in shown["tag"]
    assert post(f"{live.url}/api/v1/event", event, Origin=ORIGIN).status == 200
    assert post(f"{live.url}/api/v1/event", event, Origin="https://evil.com").status == 403
    [image] = re.findall(r'<noscript><img src="([^"]+)" [^>]+></noscript>', shown["noscript"])
    assert ask(image, Referer=f"{ORIGIN}/").status == 200


def test_the_command_line_says_what_to_do_where_there_is_no_key(live: Live) -> None:
    given = ("--list", str(live.demo["list_id"]), "--url", live.url, "--mongodb-uri", live.uri)
    shown = json.loads(called("snippet", *given, "--json")[1])
    assert 'data-key="pk_…"' in shown["tag"]
    assert f"{prefix(live.demo['public_key'])}…" in shown["missing"]
    assert "--origin" in shown["missing"]
    assert "sk_" not in shown["missing"]


@pytest.mark.parametrize("url", ["t.example.com", "https://", 'https://t.example.com/">', "https://t.example.com?a"])
def test_the_command_line_prints_no_tag_for_what_is_no_address(live: Live, url: str) -> None:
    assert "is not an address" in reason(*called("snippet", "--list", "1", "--url", url, "--mongodb-uri", live.uri))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--list", "999"), "There is no list 999"),
        (("--list", "1", "--key", "sk_secret"), "A page needs a public key"),
        (("--list", "1", "--key", "pk_unknown"), "This is no key of list 1"),
        (("--list", "1", "--origin", "nonsense"), "is not an origin"),
        (("--list", "1", "--key", "pk_1", "--origin", ORIGIN), "not allowed with argument"),
    ],
)
def test_the_command_line_prints_no_tag_that_would_not_work(live: Live, arguments: tuple[str, ...], why: str) -> None:
    given = ("--url", "https://t.example.com", "--mongodb-uri", live.uri)
    assert why in reason(*called("snippet", *arguments, *given))


ROW = re.compile(r"\| `(footfall[a-z-]*\.js)` \| as served \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|")


def test_the_readme_has_the_sizes_of_the_files_as_they_are_served() -> None:
    readme = (STATIC.parent / "sdk" / "browser" / "README.md").read_text(encoding="utf-8")
    told = {name: [int(size.replace(",", "")) for size in sizes] for name, *sizes in ROW.findall(readme)}
    names = ("footfall.js", "footfall-auto.js", "footfall-check.js")
    assert told == {name: [(STATIC / (name + form)).stat().st_size for form in ("", ".gz", ".br")] for name in names}
