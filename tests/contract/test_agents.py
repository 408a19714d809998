"""What the collector makes of a visitor's user agent: browser, system, kind of device, a bot's mark, and no more."""

from __future__ import annotations

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from collector.ingest.agents import Agents
from collector.storage.events import encode, event_of, packed, unpacked
from tests.support.live import Live
from tests.support.shop import Shop, new_name, open_shop
from tests.support.site import ORIGIN

shop = pytest.fixture(scope="module")(open_shop)

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"

READ = [
    (CHROME, "Chrome", "Windows", "desktop"),
    (f"{CHROME} Edg/126.0.0.0", "Edge", "Windows", "desktop"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox", "Ubuntu", "desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Firefox/127.0", "Firefox", "Mac OS X", "desktop"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/126.0 Safari/537.36", "Chrome", "Chrome OS", "desktop"),
    (f"{IPHONE} Mobile/15E148 Safari/604.1", "Mobile Safari", "iOS", "mobile"),
    (f"{IPHONE} Mobile/15E148 Safari/604.1".replace("iPhone;", "iPad;"), "Mobile Safari", "iOS", "tablet"),
    (
        f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
        "Chrome Mobile",
        "Android",
        "mobile",
    ),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Android", "tablet"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox Mobile", "Android", "mobile"),
    ("Mozilla/5.0 (Android 14; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox Mobile", "Android", "tablet"),
    (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/79.0 Safari/537.36", "Chrome", "Web0S", "tv"),
    (
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36",
        "Safari",
        "Tizen",
        "tv",
    ),
    (f"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) {WEBKIT} Version/13.0 Safari/605.1", "Safari", None, "console"),
    ("Mozilla/5.0 (Windows NT 10.0; Xbox; Xbox One) Edge/18.17763", "Edge", "Windows", "console"),
    ("Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", "Opera", "Windows", "desktop"),
    (
        f"Mozilla/5.0 (Linux; Android 10; CUBOT X30) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",  # no bot at all
        "Chrome Mobile",
        "Android",
        "mobile",
    ),
    ("Mozilla/5.0", None, None, None),
]
"""Agents, and what is stored of them."""

BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; jane@example.com-crawler/1.0)",
    "facebookexternalhit/1.1",
    "curl/8.5.0",
    "python-requests/2.31.0",
    "node",
    "",
    None,
]
"""Of these the mark is all that is stored: what a crawler calls itself is its own business."""

DRIVEN = [
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36",
    f"{CHROME} Chrome-Lighthouse",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
]

HOSTILE = [
    "x" * 60_000,
    "Mozilla/5.0 " + "(" * 30_000,
    "Mozilla/5.0 " + "Android " * 7_000,
    "Mozilla/5.0 (Linux; Android 1" + ";" * 30_000,
    "Mozilla/5.0 " + "Build/ " * 8_000 + "!",
    "Mozilla/5.0 (compatible; " + "a-" * 20_000,
    "Mozilla/5.0 " + "Chrome/1.1." * 5_000,
    "Mozilla/5.0 " + " " * 30_000 + "x",
    "Mozilla/5.0 " + "".join(map(chr, range(0x80, 0x100))),
    "Mozilla/5.0 {$ne: 1} $where .*",
    "\t",
]


def view(shop: Shop, agent: str | None, path: str = "/api/v1/event", **parameters: Any) -> dict[str, Any]:
    """The stored event of a page view from a browser with this agent."""
    name = new_name()
    event = {"Event": name, **parameters}
    sent = {"APIKey": shop.public, **(event if path.endswith("event") else {"Events": [event]})}
    headers = {} if agent is None else {"User_Agent": agent}
    answer = shop.json(path, sent, Origin=ORIGIN, **headers)
    assert answer.status == 200, answer
    return shop.stored(event=name)


@pytest.mark.parametrize(("agent", "browser", "system", "device"), READ)
def test_names_browser_system_and_device(
    shop: Shop, agent: str, browser: str | None, system: str | None, device: str | None
) -> None:
    fields = {"browser": browser, "os": system, "device_type": device}
    event = view(shop, agent)
    assert event.get("agent", {}) == {name: value for name, value in fields.items() if value}
    assert "bot" not in event


@pytest.mark.parametrize("agent", BOTS)
def test_a_bot_is_marked_and_nothing_is_kept_of_what_it_says(shop: Shop, agent: str | None) -> None:
    event = view(shop, agent)
    assert event["bot"] is True
    assert "agent" not in event


@pytest.mark.parametrize("agent", DRIVEN)
def test_a_browser_that_a_program_drives_is_marked(shop: Shop, agent: str) -> None:
    event = view(shop, agent)
    assert event["bot"] is True
    assert event["agent"]["device_type"] == "desktop"


@pytest.mark.parametrize(
    ("flag", "marked"), [(True, True), (False, False), ("true", False), (1, False), (None, False), ([True], False)]
)
def test_what_the_page_knows_of_its_driver_counts_too(shop: Shop, flag: Any, marked: bool) -> None:
    event = view(shop, CHROME, Properties={"$bot": flag})
    assert event.get("bot", False) is marked
    assert event["properties"] == {"$bot": flag}
    assert event["agent"]["browser"] == "Chrome"


def test_an_event_of_a_batch_is_read_alike(shop: Shop) -> None:
    assert view(shop, CHROME, "/api/v1/events")["agent"] == view(shop, CHROME)["agent"]
    assert view(shop, "curl/8", "/api/v1/events")["bot"] is True


def test_a_servers_agent_says_nothing_of_a_visitor(shop: Shop) -> None:
    for name, properties in ((new_name(), {}), (new_name(), {"$bot": True})):
        given = {"APIKey": shop.secret, "ListID": shop.list_id, "Event": name, "Properties": properties}
        shop.json("/api/v1/event", given, User_Agent=CHROME)
        event = shop.stored(event=name)
        assert "agent" not in event
        assert event.get("bot", False) is bool(properties)


def test_it_is_kept_apart_from_what_the_page_sent(shop: Shop) -> None:
    event = view(shop, CHROME, Properties={"$browser": "Lynx"})
    assert event["properties"] == {"$browser": "Lynx"}
    assert shop.listed()[event["event"]] == ["$browser"]


def test_an_automatic_identify_has_none(shop: Shop) -> None:
    address = f"{new_name('agent').replace(' ', '-')}@example.com"
    event = view(shop, CHROME, Email=address)
    automatic = shop.stored(event="identify", subscriber=event["subscriber"])
    assert (event["agent"]["os"], "agent" in automatic) == ("Windows", False)


@pytest.mark.parametrize("agent", HOSTILE, ids=lambda agent: agent[:24])
def test_whatever_a_client_sends_as_its_agent_is_no_fault(shop: Shop, agent: str) -> None:
    event = view(shop, agent)
    assert len(repr(event.get("agent", ""))) < 200


def test_binary_in_an_agent_is_no_fault(shop: Shop, live: Live) -> None:
    name = new_name()
    body = f'{{"APIKey":"{shop.public}","Event":"{name}"}}'.encode()
    head = f"POST /api/v1/event HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nContent-Length: {len(body)}\r\n"
    place = urlsplit(live.url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head.encode() + b"User-Agent: Mozilla/5.0 \xff\xfe\xc3\x28\r\n\r\n" + body)
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert "agent" not in shop.stored(event=name)


PARTS = st.sampled_from(
    ["Mozilla/5.0 (", ") ", "Android 1", "; ", "Chrome/", "Mobile", "Windows NT ", "\0", "\ud800", "bot"]
)


@examples(max_examples=300)
@given(st.lists(st.one_of(PARTS, st.text(max_size=20)), max_size=30).map("".join))
def test_no_text_is_a_fault(text: str) -> None:
    agents = Agents()
    read = agents.read(text)
    assert read == agents.read(text)
    assert set(read.fields or ()) <= {"browser", "os", "device_type"}
    assert all(isinstance(value, str) and 0 < len(value) <= 40 for value in (read.fields or {}).values())


def test_reading_one_takes_no_longer_than_its_first_characters() -> None:
    agents = Agents()
    for agent in HOSTILE:
        began = time.process_time()
        for number in range(20):
            agents.read(f"Mozilla/5.0 {number} {agent}")
        assert (time.process_time() - began) / 20 < 0.005, agent[:24]


def test_the_text_itself_is_nowhere(shop: Shop) -> None:
    view(shop, f"{CHROME} Tell-Tale/1.0")
    view(shop, "Mozilla/5.0 (compatible; Tell-Tale-bot/1.0)")
    kept = repr([list(shop.db[name].find()) for name in shop.db.list_collection_names()])
    assert "Tell-Tale" not in kept


def test_it_waits_in_a_spool_as_everything_does_and_an_older_spool_is_read(shop: Shop) -> None:
    row = view(shop, DRIVEN[0])
    event = event_of(row)
    assert unpacked(packed(encode(event), None))[0] == event
    assert (event.agent, event.marks) == (row["agent"], ("bot",))
    older = {name: value for name, value in row.items() if name not in ("agent", "bot")}
    read = unpacked(packed(encode(event_of(older)), None))[0]
    assert (read.agent, read.marks) == (None, ())
