"""When a page view is counted, and with which title, address and referrer; in real browsers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live import Live
from tests.support.pages import BROWSERS, Seen, seen_by

ONE = ["Page /one", "/one", ""]


@pytest.fixture(scope="module", params=BROWSERS)
def seen(live: Live, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Each browser in turn."""
    with seen_by(request.param, "views", live) as found:
        yield found


VIEWS: dict[str, list[list[str]]] = {
    "title_before_push": [ONE, ["Two", "/two", "/one"]],
    "title_after_push": [ONE, ["Two", "/two", "/one"]],
    "title_unchanged": [ONE, ["Page /one", "/two", "/one"]],
    "title_of_the_first_view": [["Late", "/late", ""]],
    "something_else_settles_the_title": [ONE, ["Page /one", "/two", "/one"]],
    "two_routes_at_once": [ONE, ["Two", "/two", "/one"], ["Three", "/three", "/two"]],
    "replace_and_push_in_one_click": [ONE, ["Page /one", "/two", "/one"]],
    "replaced": [ONE, ["Page /one", "/two", "/one"]],
    "back": [ONE, ["Page /one", "/two", "/one"], ["Page /one", "/one", "/two"]],
    "left_before_its_title": [ONE],
}


@pytest.mark.parametrize("scenario", VIEWS)
def test_a_route_counts_once_with_its_own_title_address_and_referrer(seen: Seen, scenario: str) -> None:
    assert seen[scenario]["views"] == VIEWS[scenario]


def test_a_view_that_waits_for_its_title_has_the_time_of_its_navigation(seen: Seen) -> None:
    assert seen.events("title_after_push")[-1]["Timestamp"] <= seen["title_after_push"]["at"]


def test_what_settles_a_title_comes_after_its_view(seen: Seen) -> None:
    assert [event["Event"] for event in seen.events("something_else_settles_the_title")][-2:] == ["page_view", "after"]


@pytest.mark.parametrize(
    ("mode", "addresses"),
    [
        ("path", ["/one", "/two"]),
        ("query", ["/one", "/one?a=1", "/two"]),
        ("hash", ["/one", "/one?a=1#/part?token=***", "/one?a=1#/other", "/two#token=***"]),
        ("off", ["/one"]),
    ],
)
def test_what_of_the_address_is_a_route_is_the_sites_choice(seen: Seen, mode: str, addresses: list[str]) -> None:
    shown = [address.partition("?tag=")[0] for _, address, _ in seen[f"mode_{mode}"]["views"]]
    assert shown == addresses


def test_the_page_has_its_history_as_it_would_without(seen: Seen) -> None:
    assert seen["the_page_keeps_its_history"]["found"] == [{"mine": 1}, "SecurityError", "/two"]


def test_a_page_that_is_not_seen_counts_when_it_is(seen: Seen) -> None:
    found = seen["not_seen"]
    assert (found["before"], found["views"]) == (0, [ONE])
    assert found["answer"]["status"] == "success"


@pytest.mark.parametrize("how", ["hidden", "gone"])
def test_hidden_or_gone_it_hands_what_is_on_its_way_to_one_beacon(seen: Seen, how: str) -> None:
    """The page hears of it twice."""
    scenario = f"{how}_with_something_on_its_way"
    assert seen[scenario]["times"] == 2
    assert seen.stored(scenario) == {"page_view": 1, "held": 1}


def test_a_page_restored_by_the_back_forward_cache_counts_again(seen: Seen) -> None:
    found = seen["back_forward_cache"]
    assert found["answer"]["status"] == "success"
    if not found["restored"]:
        pytest.skip(f"{seen.browser} keeps no page that is driven in its back/forward cache")
    # What three faults have stopped goes on, too.
    assert seen.stored("back_forward_cache") == {"page_view": 2, "stuck": 1, "after": 1}
    first, second = (event for event in seen.events("back_forward_cache") if event["Event"] == "page_view")
    assert first["EventID"].split("-")[0] == second["EventID"].split("-")[0]
    assert len(found["views"]) == 2


def test_a_prerendered_page_sends_and_keeps_nothing_until_it_is_seen(seen: Seen) -> None:
    found = seen["prerendered"]
    assert found["before"]["events"] == ["page_view"]
    assert found["before"]["kept"] == 0
    assert seen.stored("prerendered") == {"page_view": 2, "early": 1, "ready": 1}
    if seen.browser == "firefox":
        assert (found["before"]["asked"], found["prerendered"]) == (False, False)
        pytest.skip("Firefox prerenders no pages")
    assert (found["before"]["asked"], found["prerendered"]) == (True, True)
