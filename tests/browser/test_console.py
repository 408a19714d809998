"""The console in real browsers, on a running collector over a real MongoDB.

Firefox is told of no colour scheme, and axe judges in Chromium alone."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collector.embedded.state import load_state
from tests.support.live import Live, eventually, running
from tests.support.shop import EVENT, Shop, open_shop
from tests.support.site import ORIGIN

DRIVER = Path(__file__).with_name("console") / "drive.mjs"
shop = pytest.fixture(scope="module")(open_shop)

RUNS = "window.hacked=1"
MARKUP = f'<img src=x onerror="{RUNS}"><script>{RUNS}</script>'
HOSTILE = {
    "markup": MARKUP,
    "an attribute": f'"><svg onload={RUNS}>',
    "an address": f"javascript:{RUNS}",
    "a template": "{{constructor.constructor('" + RUNS + "')()}}",
    "right to left": "שלום עולם, עגלה",
    "turned around": "\u202egnp.exe\u202c shop",
    "long": "W" * 200,
    "emoji": "👩‍👩‍👧 bought 🎁",
    "a look-alike": "pаge_view",
    "a formula": "=HYPERLINK(1)",
    "a space at its end": "page_view ",
    "a percent sign": "100 %2F..%00&list=9#x",
}
SHOWN = HOSTILE | {"turned around": "⟨U+202E⟩gnp.exe⟨U+202C⟩ shop", "a space at its end": "page_view␣"}
BEYOND = 2**53 + 1
"""The first integer that a JavaScript number is not."""
_LONG = list(HOSTILE).index("long")
ODD = [
    {"Property": "", "Operator": "equals", "Value": "empty"},
    {"Property": "a.b", "Operator": "is_set"},
    {"Property": "$where", "Operator": "equals", "Value": MARKUP},
    {"Property": HOSTILE["long"], "Operator": "is_set"},
    {"Property": HOSTILE["emoji"], "Operator": "is_not_set"},
    {"Property": HOSTILE["right to left"], "Operator": "is_not_set"},
    {"Property": "order", "Operator": "equals", "Value": BEYOND + _LONG},
]
"""Conditions that one event alone fits: the long one."""
PAGE = 60
"""Rows of which a page shows 50."""
BROWSERS = 12
PERSON = "anna@example.com"
VIEWS = (
    "setup",
    "live",
    "explore",
    "trend",
    "filter",
    "properties",
    "values",
    "list",
    "people",
    "person",
    "unknown",
)


@dataclass(frozen=True)
class Seen:
    """What drive.mjs saw of each scenario in one browser."""

    browser: str
    scenarios: dict[str, Any]

    def __getitem__(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.scenarios[name]
        assert "failed" not in found, found["failed"]
        assert found["complaints"] == []
        return found


def _fill(shop: Shop) -> str:
    """Events whose names, visitors and properties are hostile; the uuid of a subscriber whose traits are."""
    for number, text in enumerate(HOSTILE.values()):
        visitor = text[:128] if text.isprintable() else f"visitor {number}"
        properties = {
            text: text,
            "$where": MARKUP,
            "a.b": {"deep": [MARKUP, 1, None]},
            "": "empty",
            "order": BEYOND + number,
        }
        assert shop.track(text, UUID=visitor, Email=PERSON, ID=f"<b>{number}", Properties=properties).status == 200
    assert shop.track("page_view", Properties={"$page_title": "Home"}).status == 200
    traits = HOSTILE | {text: 1 for text in HOSTILE.values()}
    assert shop.track("identify", Email=PERSON, Properties=traits).status == 200
    found = shop.json("/api/v1/subscribers.get", {"APIKey": shop.secret, "ListID": shop.list_id, "Email": PERSON})
    return str(found.body["Subscriber"]["UUID"])


def _crawl(shop: Shop) -> str:
    """An event of a bot, by a page; its name."""
    event = {"APIKey": shop.public, "Event": "crawled"}
    assert shop.json(EVENT, event, Origin=ORIGIN, User_Agent="Googlebot/2.1").status == 200
    return "crawled"


def _gather(shop: Shop) -> str:
    """Many people, and one with many browsers, a long history and another's ID; its uuid."""
    own = [
        {"Event": f"visit {number}", "UUID": f"browser {number % BROWSERS}", "Email": "crowd@example.com"}
        for number in range(PAGE)
    ]
    others = [{"Event": "visit", "Email": f"one-of-{PAGE}-{number}@example.com"} for number in range(PAGE)]
    batch = {"APIKey": shop.secret, "ListID": shop.list_id, "Events": [*own, *others]}
    assert shop.json("/api/v1/events", batch).body["accepted"] == 2 * PAGE
    assert shop.track("order", Email="shared@example.com", ID="shared").status == 200
    assert shop.track("order", Email="crowd@example.com", ID="shared", UUID="browser 0").status == 200
    asked = {"APIKey": shop.secret, "ListID": shop.list_id, "Email": "crowd@example.com"}
    return str(shop.json("/api/v1/subscribers.get", asked).body["Subscriber"]["UUID"])


def _counted(shop: Shop) -> bool:
    asked = {"APIKey": shop.secret, "ListID": shop.list_id}
    events = shop.json("/api/v1/website_events.catalog", asked).body["Events"]
    return len(events) > len(HOSTILE) and all(event["Count"] + event["Bots"] for event in events)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A collector of two processes, whose MongoDB may be stopped."""
    with running(tmp_path_factory.mktemp("apart") / "var", "--processes", "2") as found:
        state, demo = load_state(found.data_dir), found.demo
        assert state is not None
        yield {
            "url": found.url,
            "user": demo["user"],
            "password": demo["password"],
            "secret": demo["secret_key"],
            "keyless": demo["list_id"],
            "mongod": state.pid,
        }


@pytest.fixture(scope="module")
def given(live: Live, shop: Shop, apart: dict[str, Any]) -> dict[str, Any]:
    """What the scenarios work with."""
    person, bot, more = _fill(shop), _crawl(shop), shop.with_new_list(live)
    eventually(lambda: _counted(shop))
    return {
        "url": live.url,
        "user": shop.name,
        "password": shop.password,
        "secret": shop.secret,
        "hostile": shop.list_id,
        "person": person,
        "bot": bot,
        "events": shop.count(automatic={"$ne": True}),
        "apart": apart,
        "crowded": more.list_id,
        "crowd": _gather(more),
        "event": MARKUP,
        "property": MARKUP,
        "odd": json.dumps(ODD, ensure_ascii=False),  # as text: to JavaScript it would be another number
    }


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def seen(request: pytest.FixtureRequest, live: Live, shop: Shop, given: dict[str, Any]) -> Iterator[Seen]:
    """One browser runs all scenarios: it is slow to start."""
    empty = {name: shop.with_new_list(live).list_id for name in ("fresh", "keyless")}
    command = ["node", str(DRIVER), request.param, json.dumps(given | empty)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    yield Seen(request.param, json.loads(run.stdout))


def test_the_first_event_of_a_pasted_tag_shows_within_two_seconds_by_itself(seen: Seen) -> None:
    way = seen["way"]
    assert re.fullmatch(
        r'<script async src="http://127\.0\.0\.1:\d+/static/footfall\.js" data-key="pk_\w+"></script>', way["tag"]
    )
    assert "Events arrive" in way["first"]
    assert "page_view" in way["first"]
    assert any("$page_title: My first page · $current_url: " in " ".join(text.split()) for _, text in way["live"])
    assert way["turned"] < 40_000  # 2 s from the event on; a browser that is busy has yet to open the page


def test_events_arrive_live_and_each_that_was_refused_says_why(seen: Seen) -> None:
    arrived = seen["way"]["live"]
    assert {outcome for outcome, _ in arrived} >= {"stored", "test", "refused"}
    (refused,) = [text for outcome, text in arrived if outcome == "refused"]
    assert "Missing conversion-id event property (8)" in refused
    assert any("tried" in text for outcome, text in arrived if outcome == "test")


def test_the_event_comes_onto_the_chart_by_itself_and_its_properties_have_their_values(seen: Seen) -> None:
    way = seen["way"]
    assert way["total"] == "1"
    assert "My first page" in way["values"]


def test_of_many_visitors_a_few_are_shown_and_the_history_is_not_far_below(seen: Seen) -> None:
    found = seen["crowded"]
    assert (found["shown"], found["folded"], found["all"]) == (4, f"{BROWSERS - 4} more", BROWSERS)
    assert found["top"] < 800


def test_a_conflict_of_identities_is_shown_and_leads_to_the_other(seen: Seen) -> None:
    found = seen["crowded"]
    assert "1 event named this subscriber by its address and another one by its ID (ID shared)" in found["conflict"]
    assert found["other"] == "shared@example.com"


def test_behind_the_first_page_there_is_the_next_and_nothing_twice(seen: Seen) -> None:
    found = seen["crowded"]
    assert found["history"] == {"numbers": [50, PAGE + 2], "twice": 0}  # with what conflicts, and what is automatic
    assert found["events"] == {"numbers": [50, 100], "twice": 0}
    assert found["people"] == {"numbers": [50, PAGE + 2], "twice": 0}


def test_an_identified_visitor_has_a_history_that_begins_before(seen: Seen) -> None:
    person = seen["way"]["person"]
    assert "page_view" in person
    assert "add_to_basket" in person
    assert "claimed in a page" in person
    assert "gold" in person
    assert "tried" not in person


def test_nothing_that_was_sent_runs_in_any_view(seen: Seen) -> None:
    found = seen["everyView"]["views"]
    assert {name: found[name]["hacked"] for name in VIEWS} == dict.fromkeys(VIEWS)
    assert {name: found[name]["violations"] for name in VIEWS} == {name: [] for name in VIEWS}
    assert {name: found[name]["elements"] for name in VIEWS} == dict.fromkeys(VIEWS, 0)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("view", ["live", "explore", "list", "person"])
def test_what_was_sent_is_shown_as_text(seen: Seen, view: str, kind: str) -> None:
    shown = re.sub(r"\s+", "", seen["everyView"]["views"][view]["text"])
    assert re.sub(r"\s+", "", SHOWN[kind]) in shown


def test_nothing_is_scrolled_sideways_wide_or_narrow(seen: Seen) -> None:
    found = seen["everyView"]["views"]
    assert {name: found[name]["overflow"] for name in VIEWS} == {name: {"1200": 0, "360": 0} for name in VIEWS}


def test_axe_finds_nothing_serious_in_any_view(seen: Seen) -> None:
    if seen.browser != "chromium":
        pytest.skip("axe judges in Chromium alone")
    found = seen["everyView"]["views"]
    assert {name: found[name]["axe"] for name in ("login", *VIEWS)} == {name: [] for name in ("login", *VIEWS)}


def test_another_users_list_is_as_unknown_as_one_that_does_not_exist(seen: Seen) -> None:
    assert "There is no such list" in seen["everyView"]["views"]["unknown"]["text"]


def test_a_session_that_ends_leads_to_the_login_and_back_to_the_same_view(seen: Seen) -> None:
    session = seen["session"]
    assert "Your session has ended" in session["ended"]["text"]
    assert MARKUP not in session["ended"]["text"]
    assert session["ended"]["address"] == session["after"]
    assert session["before"].replace("show=list", "show=trend") == session["after"]


def test_a_download_that_the_ended_session_refuses_leads_to_the_login(seen: Seen) -> None:
    assert "Your session has ended" in seen["session"]["refused"]


def test_an_address_that_was_passed_on_is_the_same_view_after_the_login(seen: Seen) -> None:
    session = seen["session"]
    assert session["before"] == session["given"]
    assert [chip.removesuffix("\n×") for chip in session["chips"]] == [
        "(empty name) is empty",
        "a.b is set",
        f"$where is {MARKUP}",
        f"{HOSTILE['long']} is set",
        f"{HOSTILE['emoji']} is not set",
        f"{HOSTILE['right to left']} is not set",
        f"order is {BEYOND + _LONG:,}",
    ]


def test_an_integer_of_any_size_keeps_its_digits_and_can_be_asked_for(seen: Seen) -> None:
    (found,) = seen["session"]["found"]
    assert HOSTILE["long"] in found
    assert f"{BEYOND + _LONG:,}" in found


def test_a_key_is_shown_once_and_its_pages_can_be_changed(seen: Seen) -> None:
    found = seen["keys"]
    assert len(found["secret"]) == 35
    assert not found["again"]
    (public,) = [row for row in found["keys"] if "for pages" in row]
    assert "https://two.example.com" in public
    assert "https://one.example.com" not in public


def test_what_is_typed_into_one_form_outlives_that_another_is_sent(seen: Seen) -> None:
    assert seen["keys"]["typed"] == "https://typed.example.com"


def test_a_copy_button_copies_the_line_as_it_stands(seen: Seen) -> None:
    copied = seen["keys"]["copied"]
    assert copied["pasted"].split() == copied["line"].split()


def test_the_focus_goes_from_the_button_that_made_a_key_to_what_is_to_be_copied(seen: Seen) -> None:
    assert seen["keys"]["copied"]["focus"] == "Copy the Python lines"


def test_a_server_has_a_key_without_a_list(seen: Seen) -> None:
    found = seen["keys"]["unlisted"]
    assert "ListID" not in found["line"]
    assert found["tags"] == 0


def test_a_revoked_key_is_gone(seen: Seen) -> None:
    found = seen["keys"]
    servers = [row.split("\n")[0] for row in found["keys"] if "for pages" not in row]
    assert [row.split("\n")[0] for row in found["left"]] == servers


def test_a_list_can_be_made_and_renamed(seen: Seen) -> None:
    found = seen["lists"]
    assert found["chosen"] == "Letters"
    assert "No events yet" in found["text"]


def test_live_goes_on_by_itself_after_an_interruption_and_shows_nothing_twice(seen: Seen) -> None:
    found = seen["interrupted"]
    assert found["paused"] == {"meanwhile": 0, "all": {"before": 1, "meanwhile": 1, "after": 1, "later": 1}}
    assert found["filtered"] == 1


def test_however_many_tabs_are_open_the_one_that_is_looked_at_listens(seen: Seen) -> None:
    assert seen["tabs"] == {"left": "Connecting", "came": 1, "complaints": []}


def test_live_shows_what_either_process_takes_says_what_is_missing_and_outlives_its_database(seen: Seen) -> None:
    assert seen["troubled"] == {"trials": 17, "meanwhile": 1, "complaints": []}


def test_an_address_is_the_view_for_whoever_opens_it_and_back_and_forward_go_through_it(seen: Seen) -> None:
    shared = seen["shared"]
    assert "event=page_view" in shared["address"]
    assert f"property={quote('$page_title', safe='')}" in shared["address"]
    assert shared["chip"].startswith("$page_title is Home")
    assert shared["opened"] == {"chip": shared["chip"], "range": "7d", "values": True}
    back, further, forward = shared["steps"]
    assert "property=" in back
    assert "filter=" not in back
    assert "property=" not in further
    assert forward == back


def test_events_of_bots_are_counted_when_they_are_asked_for(seen: Seen) -> None:
    assert seen["bots"]["counted"] == "1"
    assert seen["bots"]["address"].endswith("&bots=1")


def test_it_can_be_used_by_keyboard_alone(seen: Seen) -> None:
    found = seen["keyboard"]
    assert (found["skip"], found["seen"], found["skipped"]) == ("Skip to the view", True, "view")
    assert found["outline"] == "solid"
    assert found["left"]["text"] == "Filter"


def test_the_first_paint_comes_soon(seen: Seen) -> None:
    assert seen["paint"]["first"] < 20_000  # 1 s on a machine that does nothing else


def test_a_table_becomes_a_file_in_which_nothing_is_a_formula(seen: Seen) -> None:
    rows = list(csv.reader(io.StringIO(seen["files"]["table"].removeprefix("\ufeff"))))
    assert rows[0][:3] == ["event", "count", "bots"]
    named = {row[0] for row in rows[1:]}
    assert named >= {text for kind, text in HOSTILE.items() if kind != "a formula"}
    assert f"'{HOSTILE['a formula']}" in named


def test_a_history_becomes_a_file_of_what_is_shown(seen: Seen) -> None:
    rows = list(csv.DictReader(io.StringIO(seen["way"]["history"].removeprefix("\ufeff"))))
    assert {row["event"] for row in rows} >= {"page_view", "add_to_basket", "identify"}
    assert {row["email"] for row in rows} == {"", "newcomer@example.com"}
    assert all("properties" in row and row["time"].endswith("Z") for row in rows)


def test_the_events_themselves_become_a_file_of_all_of_them(seen: Seen) -> None:
    found = seen["files"]["events"]
    assert (found["status"], found["type"].partition(";")[0]) == (200, "text/csv")
    assert found["rows"] > len(HOSTILE)
