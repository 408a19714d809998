"""How events reach the collector: at once, on leaving, after trouble, from several tabs; in real browsers, from pages
of another origin, on a running collector over a real MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.live import Live
from tests.support.pages import BROWSERS, Seen, seen_by

STORED_MOST = 100
STORED_BYTES = 65_536
TEN_DAYS = 10 * 86_400_000
LONGEST_TIMER = 2**31
"""In milliseconds. One that is longer ends at once."""


@pytest.fixture(scope="module", params=BROWSERS)
def seen(live: Live, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Each browser in turn."""
    with seen_by(request.param, "delivery", live) as found:
        yield found


def message(answer: dict[str, Any]) -> str:
    """Why an event was not answered by the collector."""
    [error] = answer["Errors"]
    assert error["Code"] == 0
    text: str = error["Message"]
    return text


def tries(seen: Seen, scenario: str, event: str) -> list[dict[str, Any]]:
    """The requests that an event was in."""
    requests: list[dict[str, Any]] = seen[scenario]["requests"]
    return [request for request in requests if any(one["Event"] == event for one in request["events"])]


def moments(found: dict[str, Any]) -> list[int]:
    """When requests were sent. One that a browser itself sends again, word by word, as its connection was lost, is
    the same."""
    return sorted({request["sentAt"] for request in found["requests"]})


def test_no_scenario_needs_a_preflight_and_all_are_plain_text_without_credentials(seen: Seen) -> None:
    requests = [request for name in seen.scenarios for request in seen[name]["requests"]]
    assert {request["method"] for request in requests} == {"POST"}
    assert {request["type"].partition(";")[0] for request in requests} == {"text/plain"}
    # What is too large for all else is a beacon's, and a beacon always takes the cookies with it.
    assert all(request["bytes"] >= 16_384 for request in requests if request.get("cookie"))


def test_no_scenario_puts_an_error_into_the_console(seen: Seen) -> None:
    said = [text for name in seen.scenarios for kind, text in seen[name]["said"] if kind == "error"]
    assert [text for text in said if "footfall" in text and "Failed to load resource" not in text] == []


def test_fills_in_where_and_how_the_page_is_seen(seen: Seen) -> None:
    view, second = (event["Properties"] for event in seen.events("plain"))
    site = seen["plain"]["site"]
    assert view["$current_url"] == f"{site}/shop/boots?utm_source=news&utm_medium=mail&token=***"
    wanted = {"$page_title": "Page /shop/boots", "$referrer": "", "$bot": True}
    assert view.items() >= wanted.items()
    assert {name: view[name] for name in view if name[0] != "$"} == {"utm_source": "news", "utm_medium": "mail"}
    assert view["$lib"].startswith("footfall-browser/")
    assert all(
        isinstance(view[f"${kind}_{side}"], int) for kind in ("screen", "viewport") for side in ("width", "height")
    )
    assert view["$language"]
    assert second == {**view, "price": 1}


def test_keeps_nothing_that_has_arrived(seen: Seen) -> None:
    assert seen["plain"]["answer"]["status"] == "success"
    assert seen["plain"]["kept"] == 0


def test_the_visitor_is_a_cookie_of_thirteen_months(seen: Seen) -> None:
    found = seen["plain"]
    cookie = found["cookie"]
    assert cookie["value"] == found["answer"]["uuid"]
    assert cookie["path"] == "/"
    assert cookie["secure"] is True
    assert (cookie.get("sameSite") or "").lower() == "lax"
    assert 394 * 86_400 < cookie["expires"] - found["now"] < 396 * 86_400


def test_another_visit_makes_the_cookie_last_no_longer(seen: Seen) -> None:
    first, second = seen["two_tabs"]["expires"]
    assert first == second


def test_numbers_the_events_of_a_page_by_one(seen: Seen) -> None:
    ids = [event["EventID"].split("-") for event in seen.events("several_at_once")]
    assert len({start for start, _ in ids}) == 1
    assert [int(number) for _, number in ids] == list(range(1, 18))
    start = ids[0][0]
    assert abs(int(start[:12], 16) - seen.events("several_at_once")[0]["Timestamp"]) < 60_000


def test_what_comes_at_once_goes_together_in_its_order(seen: Seen) -> None:
    _, batch = seen["several_at_once"]["requests"]
    assert batch["path"] == "/api/v1/events"
    assert [event["Event"] for event in batch["events"]] == [*"abcdefghijklmnop"]
    assert {answer["status"] for answer in seen["several_at_once"]["answers"]} == {"success"}


@pytest.mark.parametrize(("scenario", "event"), [("leaving", "leaving"), ("redirect", "hop")])
def test_an_event_arrives_though_its_page_is_left_at_once(seen: Seen, scenario: str, event: str) -> None:
    assert seen.stored(scenario) == {"page_view": 1, event: 1}


def test_what_happens_offline_is_sent_online(seen: Seen) -> None:
    """Firefox cannot be put offline by its driver: there nothing gets through, and the page is told ``online``."""
    assert seen["offline_then_online"]["waiting"] == 1
    assert seen.stored("offline_then_online") == {"page_view": 1, "while_offline": 1}


def test_the_next_page_sends_what_the_last_could_not_in_its_order(seen: Seen) -> None:
    assert seen.stored("next_page_sends_what_the_last_could_not") == {"page_view": 2, "stuck": 12}
    last = max(tries(seen, "next_page_sends_what_the_last_could_not", "stuck"), key=lambda request: request["sentAt"])
    assert [event["Properties"].get("n") for event in last["events"] if event["Event"] == "stuck"] == list(range(12))


def test_an_event_that_waited_keeps_its_time_and_visitor_and_gets_a_new_time_of_sending(seen: Seen) -> None:
    found = seen["next_page_sends_what_the_last_could_not"]
    sent = [(request["sentAt"], event) for request in found["requests"] for event in request["events"]]
    first = [(at, event) for at, event in sent if event["Event"] == "page_view"]
    assert len({event["UUID"] for _, event in first}) == 1
    # What left with the last page may arrive after what the next has sent.
    stuck = [(at, event) for at, event in sent if event["Event"] == "stuck"]
    latest, event = max(stuck, key=lambda one: one[0])
    assert latest >= found["from"] > event["Timestamp"]


def test_an_unreachable_collector_is_asked_three_times_and_the_page_is_told(seen: Seen) -> None:
    found = seen["an_unreachable_collector"]
    assert len(moments(found)) == 3
    assert message(found["answer"])
    assert message(found["again"])
    assert found["took"] < 15_000
    assert found["kept"] == 3
    assert found["rests"] is True


def test_tries_again_later_each_time_and_up_to_half_as_much_later_by_chance(seen: Seen) -> None:
    """With a chance that is always 0.99."""
    first, second, third = moments(seen["an_unreachable_collector"])
    assert second - first >= 1_490
    assert third - second >= 2_980


def test_back_online_it_asks_again(seen: Seen) -> None:
    assert seen.stored("after_three_faults_it_goes_on_when_online") == {"page_view": 1, "lost": 1}


def test_waits_as_long_as_the_collector_asks_online_or_not(seen: Seen) -> None:
    found = seen["retry_after"]
    refused, *later = tries(seen, "retry_after", "limited")
    assert later[0]["sentAt"] - refused["sentAt"] >= 2_000
    assert found["answer"]["status"] == found["after"]["status"] == "success"
    assert seen.stored("retry_after") == {"page_view": 1, "limited": 1, "meanwhile": 1}


def test_waits_that_no_timer_can_hold_are_long_all_the_same(seen: Seen) -> None:
    found = seen["retry_after_eleven_days"]
    assert TEN_DAYS < found["wait"] < LONGEST_TIMER
    assert len(tries(seen, "retry_after_eleven_days", "later")) == 1
    assert found["kept"] == 1


def test_a_key_over_its_limit_is_asked_to_wait_by_the_collector_itself(seen: Seen) -> None:
    found = seen["a_limited_key"]
    assert found["wait"] >= found["asked"] * 1_000
    assert found["kept"] == 1


@pytest.mark.parametrize(
    "fault", ["408 json", "425 json", "500 json", "502 <html>", '503 {"message":"down"}', "200 <html>"]
)
def test_what_may_pass_is_tried_again(seen: Seen, fault: str) -> None:
    assert seen["faults_that_pass"]["answers"][fault]["status"] == "success"
    assert len({request["sentAt"] for request in tries(seen, "faults_that_pass", fault)}) == 2
    assert seen.stored("faults_that_pass")[fault] == 1


@pytest.mark.parametrize("status", [404, 413, 422])
def test_what_is_refused_is_told_and_not_tried_again(seen: Seen, status: int) -> None:
    found = seen["faults_that_do_not_pass"]
    assert found["answers"][str(status)]["Errors"][0]["Code"] == status
    assert len(tries(seen, "faults_that_do_not_pass", f"final {status}")) == 1
    assert found["kept"] == 0


def test_only_the_one_of_a_batch_that_must_is_sent_again(seen: Seen) -> None:
    first, second = seen["one_of_a_batch_again"]["answers"]
    assert (first["uuid"], second["status"]) == ("x", "success")
    assert len(tries(seen, "one_of_a_batch_again", "one")) == 1
    assert len(tries(seen, "one_of_a_batch_again", "two")) == 2


def test_two_tabs_send_each_event_once_and_learn_its_verdict(seen: Seen) -> None:
    assert seen["two_tabs"]["answers"] == ["success"] * 40
    sent = [event["EventID"] for request in seen["two_tabs"]["requests"] for event in request["events"]]
    assert len(sent) == len(set(sent)) == 42
    assert seen.stored("two_tabs") == {"page_view": 2, "tab 0": 20, "tab 1": 20}


def test_while_one_tab_sends_another_waits(seen: Seen) -> None:
    found = seen["one_tab_at_a_time"]
    assert found["before"] == 2
    assert found["answer"]["status"] == "success"
    # The other may not have heard yet that it is gone from the storage.
    assert seen.stored("one_tab_at_a_time") == {"page_view": 2, "held": 1}


def test_what_a_second_tab_has_sent_for_the_first_is_not_sent_twice(seen: Seen) -> None:
    found = seen["a_second_tab_takes_over"]
    passed = [event["Event"] for request in found["requests"] if not request["fault"] for event in request["events"]]
    assert sorted(passed) == ["one", "page_view", "page_view", "three", "two"]
    assert message(found["answer"]) == "deleted"


@pytest.mark.parametrize(("scenario", "event"), [("a_tab_that_hangs", "free"), ("a_request_that_hangs", "slow")])
def test_what_hangs_holds_nobody_up_for_ever(seen: Seen, scenario: str, event: str) -> None:
    """Time limits end as the test says."""
    assert set(seen[scenario]["limits"]) == {20_000}
    assert seen[scenario]["answer"]["status"] == "success"
    assert seen.stored(scenario) == {"page_view": 1, event: 1}


def test_a_page_goes_without_its_turn_only_when_that_limit_has_ended(seen: Seen) -> None:
    assert seen["a_tab_that_hangs"]["before"] == 0


def test_under_16_kb_a_request_outlives_its_page_and_above_a_beacon_takes_it_over(seen: Seen) -> None:
    """Counted in bytes: 7,500 umlauts are under it, 8,000 are not. While the page is there, no beacon is needed."""
    found = seen["large"]
    assert found["kept"] == [True, True, False, False]
    beacons = [request["events"] for request in found["requests"] if request.get("cookie")]
    assert [[event["Event"] for event in events] for events in beacons] == [["large_leaving"]]
    assert {answer["status"] for answer in found["answers"]} == {"success"}
    assert seen.stored("large") == {"page_view": 1, "large": 4, "large_leaving": 1}


def test_what_no_more_fits_into_the_quota_of_a_page_that_is_left_is_sent_by_the_next(seen: Seen) -> None:
    """60 KB, and a page shares 64 among all that outlives it."""
    assert sorted(seen["more_than_may_outlive_a_page"]["numbers"]) == list(range(18))
    assert seen.stored("more_than_may_outlive_a_page") == {"page_view": 2, "many": 18}


def test_stores_no_more_than_a_hundred_events_and_sends_those_too_that_it_could_not_store(seen: Seen) -> None:
    found = seen["more_than_may_be_stored"]
    assert found["many"] == STORED_MOST
    assert seen.stored("more_than_may_be_stored")["many"] == 130
    assert all(len(request["events"]) <= 100 for request in found["requests"])


def test_a_page_holds_no_more_than_a_thousand_and_says_so(seen: Seen) -> None:
    assert "too many" in message(seen["more_than_may_be_stored"]["full"])


def test_stores_no_more_than_64_kb(seen: Seen) -> None:
    found = seen["more_bytes_than_may_be_stored"]
    assert STORED_BYTES - 12_000 < found["bytes"] < STORED_BYTES


def test_another_keys_events_and_the_sites_own_are_left_alone(seen: Seen) -> None:
    assert seen["another_keys_events"]["left"] == ["footfall:pk_other:1", "theirs"]


def test_half_a_character_costs_no_neighbour_and_nothing_else(seen: Seen) -> None:
    assert [answer["status"] for answer in seen["half_a_character"]["answers"]] == ["success"] * 3
    [cut] = [event["Properties"] for event in seen.events("half_a_character") if event["Event"] == "cut"]
    assert (cut["text"], cut["whole"], cut["path"]) == ("smile ", "\U0001f600", "C:\\ud800\\udata")


def test_an_event_keeps_its_identifier_and_visitor_when_it_is_sent_again(seen: Seen) -> None:
    found = seen["identifiers"]
    sent = [event for request in found["requests"] for event in request["events"] if event["Event"] == "one"]
    assert len(sent) >= 2
    assert len({(event["EventID"], event["UUID"], event["Timestamp"]) for event in sent}) == 1
    assert found["answer"]["uuid"] == sent[0]["UUID"] != found["other"]["uuid"]
