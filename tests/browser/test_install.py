"""How the SDK comes into a page, its calls, and pages that forbid or break much; in real browsers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from footfall._page import MASKED

from tests.support.live import Live
from tests.support.pages import BROWSERS, Seen, seen_by

SDK = Path(__file__).parents[2] / "sdk"
STATIC = Path(__file__).parents[2] / "static"
WORLD = Path(__file__).with_name("world.mjs")
STUB_MOST = 160
ROOM = 16_384


@pytest.fixture(scope="module", params=BROWSERS)
def seen(live: Live, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Each browser in turn."""
    with seen_by(request.param, "install", live) as found:
        yield found


def test_calls_before_the_script_are_queued_by_the_stub(seen: Seen) -> None:
    assert seen["stub"]["answer"]["status"] == "success"
    assert [event["Event"] for event in seen.events("stub")] == ["early", "page_view"]


def test_the_stub_is_short_and_the_readmes() -> None:
    [stub] = [line for line in (SDK / "browser" / "README.md").read_text().splitlines() if "new Proxy" in line]
    stub = stub.removeprefix("<script>").removesuffix("</script>")
    assert f'"{stub}"' in WORLD.read_text()
    assert len(stub) <= STUB_MOST


def test_a_call_that_there_is_not_breaks_nothing(seen: Seen) -> None:
    assert seen.stored("stub_with_a_call_that_there_is_not") == {"early": 1, "page_view": 1}


def test_an_early_call_keeps_its_moment(seen: Seen) -> None:
    early, view = seen.events("stub_of_the_moment")
    assert (early["Properties"]["$page_title"], early["Properties"]["$current_url"][-7:]) == ("Then", "/a?stub")
    assert (view["Properties"]["$page_title"], view["Properties"]["$current_url"][-4:]) == ("Now", "/now")
    assert early["Timestamp"] <= view["Timestamp"]


def test_loaded_twice_it_counts_once(seen: Seen) -> None:
    assert seen["loaded_twice"]["same"] is True
    assert seen.stored("loaded_twice") == {"page_view": 1, "once": 1}


def test_calls_that_send_nothing_return_promises_too(seen: Seen) -> None:
    assert seen["loaded_twice"]["promises"] == [True] * 5


def test_init_starts_what_was_called_before_and_only_once(seen: Seen) -> None:
    assert seen["init_without_attributes"]["answer"]["status"] == "success"
    assert seen.stored("init_without_attributes") == {"before_init": 1, "page_view": 1}


FORBIDDING = {
    "an_element_of_that_name": "in_spite",
    "an_element_of_that_name_with_a_length": "in_spite",
    "without_current_script": "as_a_module",
    "pinned": "of_this_version",
    "strict_policies": "strict",
    "blocked_storage": "stored_nowhere",
    "no_storage": "stored_nowhere",
    "full_storage": "quota",
    "sandboxed_frame": "framed",
    "a_fetch_that_is_watched": "watched",
    "a_part_that_fails": "alone",
}


@pytest.mark.parametrize("scenario", FORBIDDING)
def test_works_in_a_page_that_forbids_or_breaks_much(seen: Seen, scenario: str) -> None:
    assert seen[scenario]["answer"]["status"] == "success"
    stored = seen.stored(scenario)
    assert (stored["page_view"], stored[FORBIDDING[scenario]]) == (1, 1)


def test_a_strict_policy_needs_the_collector_for_scripts_and_connections_alone(seen: Seen) -> None:
    assert seen["strict_policies"]["violations"] == []
    assert seen.stored("strict_policies")["large"] == 1


@pytest.mark.parametrize("scenario", ["a_fetch_that_throws", "a_fetch_that_gives_nothing"])
def test_a_fetch_that_the_page_has_broken_is_a_fault_like_others(seen: Seen, scenario: str) -> None:
    assert seen[scenario]["answer"]["Errors"][0]["Code"] == 0
    assert seen[scenario]["kept"] == 2
    assert seen[scenario]["requests"] == []


def test_a_page_of_another_origin_learns_why(seen: Seen) -> None:
    found = seen["a_key_of_another_origin"]
    assert found["answer"]["Errors"] == [{"Code": 403, "Message": "Origin not allowed"}]
    assert found["kept"] == 0
    assert any("Origin not allowed" in text for _, text in found["said"])


def test_the_endpoint_may_be_renamed(seen: Seen) -> None:
    paths = {request["path"] for request in seen["an_endpoint_of_ones_own"]["requests"]}
    assert paths == {"/api/v1/other", "/api/v1/others"}


def test_every_call_tells_the_verdict(seen: Seen) -> None:
    identify, conversion, page, unwanted, incomplete, circular, nowhere, nameless = seen["calls"]["answers"]
    assert identify["identify_event_sent"] is True
    assert identify["external_id"] == "7"
    assert conversion["status"] == page["status"] == "success"
    assert unwanted["Errors"] == [{"Code": 0, "Message": "before()"}]
    assert [error["Code"] for error in incomplete["Errors"]] == [9, 10]
    assert circular["Errors"][0]["Code"] == nowhere["Errors"][0]["Code"] == 0
    assert nameless["Errors"] == [{"Code": 5, "Message": "Missing event parameter"}]


def test_the_calls_send_what_the_contract_names(seen: Seen) -> None:
    _, identify, conversion, page, *_ = seen.events("calls")
    assert (identify["Email"], identify["ID"], identify["Properties"]["plan"]) == ("ann@example.com", 7, "pro")
    wanted = {"conversion-id": "c1", "conversion-name": "Order", "conversion-value": 0, "currency": "EUR", "hooked": 1}
    assert conversion["Properties"].items() >= wanted.items()
    virtual = {"$current_url": f"{seen['calls']['site']}/virtual?password=***", "a": 1}
    assert page["Properties"].items() >= virtual.items()


def test_what_never_had_a_number_leaves_no_gap(seen: Seen) -> None:
    numbers = [int(event["EventID"].split("-")[1]) for event in seen.events("calls")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_hook_that_throws_says_so_and_sends_nothing(seen: Seen) -> None:
    assert "the page's own" in seen["a_hook_that_throws"]["answer"]["Errors"][0]["Message"]
    assert seen.stored("a_hook_that_throws") == {"page_view": 1}


def test_data_auto_loads_what_counts_by_itself(seen: Seen) -> None:
    assert seen.stored("auto")["pressed"] >= 1


def test_the_address_shows_the_owner_whether_all_is_right(seen: Seen) -> None:
    assert "Event accepted" in seen["check"]["shown"]
    assert "✗" not in seen["check"]["shown"]


def test_the_address_shows_the_owner_that_a_key_is_missing_until_there_is_one(seen: Seen) -> None:
    """As where a tag manager has dropped the attributes of the tag."""
    assert seen["check_without_a_key"]["panels"] == 1


def test_what_is_not_asked_for_is_not_loaded(seen: Seen) -> None:
    assert seen["neither_part"]["loaded"] == 0


def test_a_part_that_cannot_be_loaded_is_no_rejection_of_the_pages(seen: Seen) -> None:
    assert seen["a_part_that_fails"]["unhandled"] is False


def test_the_bundle_makes_no_code_of_texts() -> None:
    bundle = (STATIC / "footfall.js").read_text()
    assert "eval" not in bundle
    assert "Function" not in bundle


def test_what_is_served_is_within_the_budget_of_the_build() -> None:
    """The build holds to it what it packs itself, by whichever release of brotli it has."""
    budget = re.search(r"^const BUDGET = (\d+);$", (SDK / "browser" / "build.mjs").read_text(), re.M)
    assert budget
    assert (STATIC / "footfall.js.br").stat().st_size <= int(budget[1])


def test_the_bundle_listens_to_no_unload_which_would_keep_pages_out_of_the_back_forward_cache() -> None:
    assert "unload" not in (STATIC / "footfall.js").read_text()


def test_both_sdks_mask_the_same_names_of_a_query() -> None:
    assert set(json.loads((SDK / "secrets.json").read_text())) == MASKED
