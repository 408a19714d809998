"""The image that counts a page view where no script runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collector.config import Settings
from collector.web.masking import MASKED
from tests.support.options import chosen, with_settings
from tests.support.shop import Shop, open_shop
from tests.support.site import ORIGIN, Answer, Site

shop = pytest.fixture(scope="module")(open_shop)

SECRETS = Path(__file__).parents[2] / "sdk" / "secrets.json"
IMAGE = "/api/v1/event.gif"
PAGE = f"{ORIGIN}/pricing?utm_source=news&utm_medium=mail&id=7"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


def look(shop: Shop, query: str | None = None, **headers: str) -> Answer:
    """Asks for the image as a browser without scripts does."""
    asked = f"?key={shop.public}" if query is None else query
    answer = shop.send("GET", IMAGE + asked, **{"User_Agent": BROWSER, **headers})
    assert is_image(answer)
    return answer


def is_image(answer: Answer) -> bool:
    """Whether an answer is one dot of GIF, 43 bytes, which nobody keeps."""
    head, size = answer.headers, answer.body[6:10]
    return (
        (head["Content-Type"], head["Content-Length"], head["Cache-Control"]) == ("image/gif", "43", "no-store")
        and (len(answer.body), answer.body[:6], size, answer.body[-1:]) == (43, b"GIF89a", b"\x01\0\x01\0", b";")
        and "Set-Cookie" not in head
        and head["Cross-Origin-Resource-Policy"] == "cross-origin"
    )


def latest(shop: Shop) -> dict[str, Any]:
    """The event that was stored last."""
    found: dict[str, Any] = shop.db["events"].find_one({"list_id": shop.list_id}, sort=[("_id", -1)])
    return found


def test_counts_a_page_view_with_its_address_and_campaign(shop: Shop) -> None:
    before = shop.count()
    assert look(shop, Referer=PAGE).status == 200
    event = latest(shop)
    assert shop.count() == before + 1
    assert (event["event"], event["trust"], event["agent"]["browser"]) == ("page_view", "public", "Firefox")
    assert event["properties"].pop("$lib").startswith("footfall-pixel/")
    assert event["properties"] == {"$current_url": PAGE, "utm_source": "news", "utm_medium": "mail"}
    assert not event.keys() & {"bot", "origin_unknown", "event_id"}


def test_each_is_a_fresh_visitor(shop: Shop) -> None:
    visitors = set()
    for _ in range(3):
        look(shop, Referer=PAGE)
        visitors.add(latest(shop)["uuid"])
    assert len(visitors) == 3


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        (f"{ORIGIN}/a?token=x&b=1", f"{ORIGIN}/a?token=***&b=1"),
        (f"{ORIGIN}/a?b=1&PassWord=x", f"{ORIGIN}/a?b=1&PassWord=***"),
        (f"{ORIGIN}/a?access_token=x&user-key=y", f"{ORIGIN}/a?access_token=***&user-key=***"),
        (f"{ORIGIN}/a?tokens=x&keyword=y&monkey=z", f"{ORIGIN}/a?tokens=x&keyword=y&monkey=z"),
        (f"{ORIGIN}/a?email=&b=1#part", f"{ORIGIN}/a?email=***&b=1"),
        (f"{ORIGIN}/ü?q=ä b", f"{ORIGIN}/ü?q=ä b"),
        ("https://[", "https://["),
    ],
)
def test_secrets_and_the_fragment_of_an_address_are_left_out(shop: Shop, address: str, stored: str) -> None:
    look(shop, f"?key={shop.public}&url={quote(address, safe='')}", Referer=PAGE)
    assert latest(shop)["properties"]["$current_url"] == stored


def test_it_masks_the_names_that_the_sdks_mask() -> None:
    assert set(json.loads(SECRETS.read_text())) == MASKED


@pytest.mark.parametrize("headers", [{"Sec_GPC": "1"}, {"DNT": "1"}, {"Sec_GPC": "0", "DNT": " 1 "}])
def test_a_visitor_who_asks_not_to_be_tracked_is_not(shop: Shop, headers: dict[str, str]) -> None:
    before = shop.count()
    answer = look(shop, Referer=PAGE, **headers)
    assert (answer.status, shop.count()) == (200, before)
    assert answer.headers["X-Footfall-Ignored"] in ("Sec-GPC", "DNT")


@pytest.mark.parametrize("headers", [{"Sec_GPC": "0"}, {"DNT": "0"}, {"DNT": "unspecified"}])
def test_a_visitor_who_does_not_ask_is_counted(shop: Shop, headers: dict[str, str]) -> None:
    before = shop.count()
    assert "X-Footfall-Ignored" not in look(shop, Referer=PAGE, **headers).headers
    assert shop.count() == before + 1


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("?key=", {}, 401),
        ("?key=pk_unknown", {}, 401),
        ("?key[a]=1", {}, 401),
        ("?key={secret}", {}, 403),
        ("?key={secret}", {"Origin": "null"}, 403),
        ("?key={secret}&ListID={list}", {"Referer": PAGE}, 403),
        ("?APIKey={public}", {"Referer": PAGE}, 401),
        ("?key={public}", {"Referer": "https://evil.example/"}, 403),
        ("?key={public}", {"Origin": "https://evil.example", "Referer": PAGE}, 403),
        ("?key={public}&url={long}", {"Referer": PAGE}, 422),
        ("?key={public}&key[=", {"Referer": PAGE}, 400),
        ("?key=%ff", {"Referer": PAGE}, 400),
        ("?key={public}&Key={public}", {"Referer": PAGE}, 400),
    ],
)
def test_what_is_not_counted_has_its_true_status(shop: Shop, query: str, headers: dict[str, str], status: int) -> None:
    before = shop.count()
    long = "x" * 255 + "".join(f"%26utm_{number}=1" for number in range(255))
    filled = query.format(public=shop.public, secret=shop.secret, list=shop.list_id, long=f"?{long}")
    assert look(shop, filled, **headers).status == status
    assert shop.count() == before


@pytest.mark.parametrize("referer", [None, "about:client"])
def test_without_a_referer_the_origin_is_unknown(shop: Shop, referer: str | None) -> None:
    look(shop, **({"Referer": referer} if referer else {}))
    event = latest(shop)
    assert event["origin_unknown"] is True
    assert event["properties"].get("$current_url") == referer


def test_an_image_brings_a_page_view_and_nothing_else(shop: Shop) -> None:
    rest = (
        "&Event=conversion&Email=ann@example.com&ID=7&UUID=v&EventID=e&Properties[a]=1&Timestamp=0&Command=user.login"
    )
    assert look(shop, f"?key={shop.public}{rest}", Referer=PAGE).status == 200
    event = latest(shop)
    assert event["event"] == "page_view"
    assert "a" not in event["properties"]
    assert not event.keys() & {"email", "external_id", "event_id", "subscriber", "timestamp"}
    assert event["uuid"] != "v"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
def test_it_is_asked_for_by_get_alone(shop: Shop, method: str) -> None:
    before = shop.count()
    answer = shop.send(method, f"{IMAGE}?key={shop.public}", Referer=PAGE)
    assert (answer.status, answer.headers["Content-Type"], shop.count()) == (405, "image/gif", before)


def test_a_crawler_is_marked(shop: Shop) -> None:
    look(shop, Referer=PAGE, User_Agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
    assert latest(shop)["bot"] is True


@with_settings(public_limit=2)
@pytest.mark.gen_test(timeout=60)
async def test_it_counts_against_the_limit_of_its_client(site: Site) -> None:
    asked = [await site.send("GET", f"{IMAGE}?key={site.public}", Referer=PAGE) for _ in range(3)]
    assert [answer.status for answer in asked] == [200, 200, 429]
    assert all(is_image(answer) for answer in asked)
    assert int(asked[2].headers["Retry-After"]) > 0
    assert len(site.events()) == 2


@with_settings(event_path="/e")
@pytest.mark.gen_test(timeout=60)
async def test_it_has_the_name_that_the_operator_gave_to_events(site: Site) -> None:
    answer = await site.send("GET", f"/e.gif?key={site.public}", Referer=PAGE)
    assert (answer.status, is_image(answer), len(site.events())) == (200, True, 1)
