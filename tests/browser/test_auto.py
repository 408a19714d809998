"""What ``data-auto`` counts by itself, in real browsers, from a page of another origin, on a running collector."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.browsers import driven
from tests.support.live import Live, eventually


@dataclass(frozen=True)
class Seen:
    """What auto.mjs saw of each case, and the collector's database."""

    cases: dict[str, Any]
    db: Any

    def events(self, case: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of a case, without what the script fills in everywhere."""
        found: list[tuple[str, dict[str, Any]]] = []
        for name, properties in self.cases[case]["seen"]:
            if name == "page_view":
                continue
            found.append((name, {key: value for key, value in properties.items() if not key.startswith("$")}))
        return found

    def stored(self, visitor: str) -> Counter[str]:
        """How often each event of a visitor is stored."""
        return Counter(event["event"] for event in self.db["events"].find({"uuid": visitor}))


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def seen(live: Live, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """One browser runs all cases, since it is slow to start, and is open as long as something may be under way."""
    with driven("auto.mjs", request.param, live.url, live.demo["public_key"]) as cases:
        yield Seen(cases, live.db)


OUT = ("outbound_click", {"url": "https://other.example/x?token=***&b=1"})
TAGGED = ("signup", {"plan": "pro", "seats": "3"})
ORDERED = ("ordered", {"kind": "fast"})

COUNTED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "outbound": [OUT],
    "inside": [],
    "mail": [],
    "no_address": [],
    "broken": [],
    "script": [],
    "middle": [OUT],
    "right": [],
    "keyboard": [OUT],
    "download": [("file_download", {"url": "{site}/files/report.PDF?key=***"})],
    "download_by_attribute": [("file_download", {"url": "{site}/files/it"})],
    "download_elsewhere": [("file_download", {"url": "https://cdn.example/a.zip"})],
    "download_made_in_the_page": [("file_download", {"url": "blob:"})],
    "svg": [("outbound_click", {"url": "https://svg.example/"})],
    "old_svg": [("outbound_click", {"url": "https://old.example/"})],
    "shadow_link": [("outbound_click", {"url": "https://deep.example/"})],
    "shadow_tag": [("deep_tag", {})],
    "shadow_form": [("form_submit", {"id": "deepform", "action": "{site}/deep"})],
    "tagged": [TAGGED],
    "tagged_by_keyboard": [TAGGED],
    "tagged_by_middle": [],
    "tagged_link": [("to_partner", {}), ("outbound_click", {"url": "https://both.example/"})],
    "tagged_without_name": [],
    "label": [("agree", {})],
    "box": [("agree", {})],
    "form": [("form_submit", {"id": "contact", "name": "contact", "action": "{site}/send?token=***&a=1"})],
    "form_by_keyboard": [("form_submit", {"id": "contact", "name": "contact", "action": "{site}/send?token=***&a=1"})],
    "form_elsewhere": [("form_submit", {"id": "contact", "name": "contact", "action": "https://forms.example/in"})],
    "tagged_form": [ORDERED, ("form_submit", {"id": "order", "action": "{site}/?auto="})],
    "invalid_form": [],
    "only_links": [OUT, ("outbound_click", {"url": "https://cdn.example/a.zip"})],
    "only_downloads": [
        ("file_download", {"url": "{site}/files/report.PDF?key=***"}),
        ("file_download", {"url": "https://cdn.example/a.zip"}),
    ],
    "forms_and_events": [
        TAGGED,
        ("form_submit", {"id": "contact", "name": "contact", "action": "{site}/send?token=***&a=1"}),
        ORDERED,
        ("form_submit", {"id": "order", "action": "{site}/?auto=forms%2C%20events"}),
    ],
}
"""What is done in a page, and the events that it makes."""


@pytest.mark.parametrize("case", COUNTED)
def test_counts_what_a_visitor_does(seen: Seen, case: str) -> None:
    filled = [
        (name, {key: value.replace("{site}", seen.cases["site"]) for key, value in properties.items()})
        for name, properties in COUNTED[case]
    ]
    assert seen.events(case) == filled


def test_every_case_of_the_driver_is_asserted(seen: Seen) -> None:
    assert {name for name, found in seen.cases.items() if isinstance(found, dict) and "seen" in found} == set(COUNTED)


def test_prevents_nothing(seen: Seen) -> None:
    assert not any(seen.cases[case]["prevented"] for case in COUNTED)


def test_a_strict_policy_and_the_console_have_nothing_to_complain_of(seen: Seen) -> None:
    ours = [text for text in seen.cases["complaints"] if "footfall" in text.lower() or "auto" in text.lower()]
    assert ours == []


def test_no_value_of_a_form_leaves_the_page(seen: Seen) -> None:
    assert "private" not in json.dumps(seen.cases)


def test_all_of_it_is_stored(seen: Seen) -> None:
    counted = Counter(name for case in COUNTED for name, _ in COUNTED[case])
    eventually(lambda: seen.stored(seen.cases["visitor"]) >= counted)
    assert all(seen.stored(seen.cases["visitor"])[name] == number for name, number in counted.items())


@pytest.mark.parametrize(
    ("case", "left", "event"),
    [("leaving_by_a_link", "/elsewhere", "outbound_click"), ("leaving_by_a_form", "/?", "form_submit")],
)
def test_an_event_arrives_though_its_page_is_left_by_it(seen: Seen, case: str, left: str, event: str) -> None:
    assert left in seen.cases[case]["left"]
    where = {"event": event, "properties.$current_url": f"{seen.cases['site']}/?leave"}
    assert eventually(lambda: seen.db["events"].count_documents(where)) == 1
