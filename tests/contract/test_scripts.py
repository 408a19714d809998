"""The browser SDK as it is served: compressed beforehand, pinned to a version, under names of the operator's own."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from collector.config import Settings, read_settings
from collector.errors import StartupError
from collector.resources import resource_dir
from collector.web.scripts import Bundle, tag
from tests.support.live import Live, footfall
from tests.support.options import chosen, with_settings
from tests.support.site import ORIGIN, Site

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


@pytest.mark.gen_test(timeout=60)
async def test_each_form_has_an_etag_of_its_own(site: Site) -> None:
    tags = [
        (await site.send("GET", BUNDLE, Accept_Encoding=taken)).headers["Etag"] for taken in ("br", "gzip", "identity")
    ]
    assert len(set(tags)) == 3
    again = await site.send("GET", BUNDLE, Accept_Encoding="br", If_None_Match=tags[0])
    assert (again.status, again.body) == (304, b"")


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
    moving, pinned = tag(bundle, "https://t.example.com", "pk_1", "/js/t.js", "/e")
    assert moving == ('<script async src="https://t.example.com/js/t.js" data-key="pk_1" data-endpoint="/e"></script>')
    assert f'src="https://t.example.com{bundle.path}" integrity="{bundle.integrity}"' in pinned


def test_the_command_line_prints_the_tag_of_a_list(live: Live) -> None:
    key, given = live.demo["public_key"], ("--url", "https://t.example.com/", "--mongodb-uri", live.uri)
    shown = footfall("snippet", "--list", str(live.demo["list_id"]), "--key", key, "--json", *given)
    assert shown.returncode == 0, shown.stderr
    moving, pinned = tag(Bundle(STATIC), "https://t.example.com", key)
    assert json.loads(shown.stdout) == {"tag": moving, "pinned": pinned}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--list", "999"), "There is no list 999"),
        (("--list", "1", "--key", "sk_secret"), "A page needs a public key"),
        (("--list", "1", "--key", "pk_unknown"), "This is no key of list 1"),
    ],
)
def test_the_command_line_prints_no_tag_that_would_not_work(live: Live, arguments: tuple[str, ...], why: str) -> None:
    shown = footfall("snippet", *arguments, "--url", "https://t.example.com", "--mongodb-uri", live.uri)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert why in shown.stderr
