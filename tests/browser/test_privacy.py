"""What is neither sent nor kept, and says why; masks, consent, test events. In real browsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.live import Live
from tests.support.pages import BROWSERS, Seen, seen_by


@pytest.fixture(scope="module", params=BROWSERS)
def seen(live: Live, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Each browser in turn."""
    with seen_by(request.param, "privacy", live) as found:
        yield found


def traces(found: dict[str, Any]) -> tuple[int, str, int]:
    """What a page sent, its cookies, and how many names are in its storage."""
    return found["requests"], found["cookie"], found["stored"]


def reason(answer: dict[str, Any]) -> str:
    """Why an event was ignored."""
    [error] = answer["Errors"]
    assert error["Code"] == 0
    text: str = error["Message"]
    return text


def names(seen: Seen, scenario: str) -> list[str]:
    """The events that were sent, in their order."""
    return [event["Event"] for event in seen.events(scenario)]


def test_writes_and_sends_nothing_before_consent(seen: Seen) -> None:
    assert traces(seen["consent_given"]["before"]) == (0, "", 0)


def test_consent_lets_go_what_was_held_in_its_order(seen: Seen) -> None:
    found = seen["consent_given"]
    assert found["answer"]["status"] == "success"
    assert found["cookie"] == f"footfall_visitor={found['answer']['uuid']}"
    assert names(seen, "consent_given") == ["page_view", "held", "later"]
    assert seen.stored("consent_given") == {"page_view": 1, "held": 1, "later": 1}


def test_consent_refused_deletes_cookie_and_queue_at_once_and_says_why(seen: Seen) -> None:
    found = seen["consent_refused"]
    assert found["before"]["stored"] == 1
    assert (found["after"]["cookie"], found["after"]["stored"]) == ("", 0)
    assert reason(found["waiting"]) == reason(found["refused"]) == "consent"
    assert traces(found["left"]) == (2, "", 0)


def test_consent_refused_in_one_tab_holds_for_what_waits_in_another(seen: Seen) -> None:
    found = seen["consent_refused_in_another_tab"]
    assert (found["cookie"], found["stored"], found["again"]) == ("", 0, 1)
    assert reason(found["answer"]) == "deleted"


def test_consent_that_came_before_the_script_counts(seen: Seen) -> None:
    assert seen.stored("consent_before_the_script") == {"page_view": 1, "early": 1}


def test_a_refusal_that_came_before_the_script_sends_nothing_and_deletes_what_was_there(seen: Seen) -> None:
    found = seen["refusal_before_the_script"]
    assert traces({**found, "requests": len(found["requests"])}) == (0, "", 0)
    assert reason(found["early"]) == "consent"


def test_a_visitor_may_change_their_mind(seen: Seen) -> None:
    assert reason(seen["a_change_of_mind"]["refused"]) == "consent"
    assert seen["a_change_of_mind"]["answer"]["status"] == "success"


IGNORED = {
    "global_privacy_control": "doNotTrack",
    "do_not_track": "doNotTrack",
    "local": "ignoreLocal",
    "localhost": "ignoreLocal",
    "left_out": "footfall_ignore",
    "left_out_without_persistence": "footfall_ignore",
    "a_secret_key": "secret key: revoke it",
}


@pytest.mark.parametrize("scenario", IGNORED)
def test_what_is_ignored_leaves_nothing_and_says_why_to_its_caller_and_in_the_console(
    seen: Seen, scenario: str
) -> None:
    found = seen[scenario]
    assert (found["requests"], found["cookie"]) == ([], "")
    assert found["stored"] == (1 if "left_out" in scenario else 0)
    assert reason(found["answer"]) == IGNORED[scenario]
    assert any("footfall" in text and IGNORED[scenario] in text for _, text in found["said"])


@pytest.mark.parametrize("scenario", ["neither", "signal_set_aside", "local_set_to_false"])
def test_what_is_not_ignored_is_sent(seen: Seen, scenario: str) -> None:
    assert seen[scenario]["answer"]["status"] == "success"


def test_under_a_signal_not_even_what_was_stored_before_it_is_sent(seen: Seen) -> None:
    assert seen["a_signal_holds_what_is_stored"]["requests"] == []


def test_without_persistence_nothing_is_kept(seen: Seen) -> None:
    found = seen["no_persistence"]
    assert (found["cookie"], found["stored"]) == ("", 0)
    assert seen.stored("no_persistence") == {"page_view": 1}


def test_reset_makes_another_visitor(seen: Seen) -> None:
    found = seen["reset"]
    assert found["between"] == ""
    assert found["before"] != found["after"] != ""


def test_a_view_before_a_reset_is_still_the_visitors(seen: Seen) -> None:
    first, second, track = (event["UUID"] for event in seen.events("reset"))
    assert first == second != track


def test_addresses_lose_fragments_and_secrets_and_nothing_else(seen: Seen) -> None:
    shown = [(event["Properties"]["$current_url"], event["Properties"]["$referrer"]) for event in seen.events("masked")]
    site = seen["masked"]["site"]
    first, second = f"{site}/a?a=1&Token=***&x_token=***&keyword=kept&code=***", f"{site}/b?email=***&q=2"
    assert shown == [(first, ""), (second, first), (f"{site}/c", second), (f"{site}/d?password=***", second)]


@pytest.mark.parametrize(
    ("scenario", "tests"),
    [
        ("test_mode_by_address", [True, True]),
        ("test_mode_by_attribute", [True, True, None]),
        ("test_mode_by_call", [None, True]),
        ("test_mode_off", [None, None]),
    ],
)
def test_test_events_are_marked_shown_and_not_stored(seen: Seen, scenario: str, tests: list[bool | None]) -> None:
    found = seen[scenario]
    assert [event["Properties"].get("isTest") for event in seen.events(scenario)] == tests
    assert found["answer"]["status"] == "success"
    assert seen.stored(scenario).total() == tests.count(None)
    shown = [text for _, text in found["said"] if text.startswith("footfall")]
    assert bool(shown) == any(tests)


def test_the_console_shows_what_was_sent_and_its_verdict(seen: Seen) -> None:
    found = seen["test_mode_by_call"]
    _, event, verdict = found["shown"]
    assert event.items() <= seen.events("test_mode_by_call")[-1].items()
    assert json.loads(verdict) == found["answer"]


def test_a_visitor_is_one_across_subdomains_where_that_is_asked_for_and_without_https(seen: Seen) -> None:
    found = seen["across_subdomains"]
    (first, features), (second, _) = found["seen"]
    assert first == second != ""
    assert features == [False, False, False]
    assert found["left"] == ""


def test_over_https_the_cookie_of_a_visitor_is_sent_over_nothing_else(seen: Seen) -> None:
    found = seen["over_https"]
    cookie = found["cookie"]
    assert (cookie["secure"], cookie["domain"]) == (True, "www.shop.test")
    assert found["shown"] == f"footfall_visitor={cookie['value']}"
    assert found["left"] == ""
