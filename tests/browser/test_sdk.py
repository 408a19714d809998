"""The browser SDK in a real Chromium, from a page of another origin, on a running collector over a real MongoDB.

Nothing here speaks for Firefox, and nothing prerenders a page."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from footfall._page import MASKED

from tests.support.live import Live
from tests.support.shop import Shop, open_shop

DRIVER = Path(__file__).with_name("sdk.mjs")
SECRETS = Path(__file__).parents[2] / "sdk" / "secrets.json"
STATIC = Path(__file__).parents[2] / "static"
shop = pytest.fixture(scope="module")(open_shop)


@dataclass(frozen=True)
class Seen:
    """What sdk.mjs saw of each scenario, and what MongoDB holds of it."""

    scenarios: dict[str, Any]
    db: Any

    def __getitem__(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.scenarios[name]
        assert "failed" not in found, found["failed"]
        assert found["complaints"] == []
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of a scenario in the order of their sending, one that was sent again once."""
        sent = [event for request in self[name]["requests"] for event in request["events"]]
        return list({event["EventID"]: event for event in sent}.values())

    def stored(self, name: str) -> Counter[str]:
        """How often each event name of a scenario is stored."""
        found = self.db["events"].find({"uuid": {"$in": list({event["UUID"] for event in self.events(name)})}})
        return Counter(event["event"] for event in found)


@pytest.fixture(scope="module")
def seen(live: Live, shop: Shop) -> Seen:
    """One browser runs all scenarios: it is slow to start."""
    command = ["node", str(DRIVER), live.url, live.demo["public_key"], shop.public]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return Seen(json.loads(run.stdout), live.db)


def _code(answer: dict[str, Any]) -> int:
    code: int = answer["Errors"][0]["Code"]
    return code


def test_no_scenario_needs_a_preflight_or_breaks_its_page(seen: Seen) -> None:
    names = [name for name in seen.scenarios if name != "site"]
    requests = [request for name in names for request in seen[name]["requests"]]
    assert {request["method"] for request in requests} == {"POST"}
    assert {request["type"].partition(";")[0] for request in requests} == {"text/plain"}


def test_fills_in_where_and_how_the_page_is_seen(seen: Seen) -> None:
    view, second = seen.events("page_view")
    site = seen.scenarios["site"]
    properties = view["Properties"]
    assert properties["$current_url"] == f"{site}/shop?utm_source=news&token=***"
    assert properties.items() >= {"$page_title": "Page /shop", "$referrer": "", "utm_source": "news"}.items()
    assert properties["$lib"].startswith("footfall-browser/")
    assert all(isinstance(properties[f"${name}_width"], int) for name in ("screen", "viewport"))
    assert properties["$language"]
    assert second["Properties"]["price"] == 1


def test_a_driven_browser_is_marked_as_a_bot(seen: Seen) -> None:
    assert seen.events("page_view")[0]["Properties"]["$bot"] is True


def test_numbers_the_events_of_a_page_without_gaps(seen: Seen) -> None:
    first, second = (event["EventID"].rsplit("-", 1) for event in seen.events("page_view"))
    assert (first[1], second) == ("1", [first[0], "2"])


def test_keeps_nothing_that_has_arrived(seen: Seen) -> None:
    assert seen["page_view"]["answer"]["status"] == "success"
    assert seen["page_view"]["kept"] == 0
    assert seen["page_view"]["cookie"] == f"footfall_visitor={seen['page_view']['answer']['uuid']}"


def test_an_event_arrives_though_its_page_is_left_at_once(seen: Seen) -> None:
    assert seen.stored("leaving_right_after_track") == {"page_view": 1, "leaving": 1}


def test_each_route_counts_once_with_its_own_title_address_and_referrer(seen: Seen) -> None:
    site, events = seen.scenarios["site"], seen.events("routes")
    views = [event["Properties"] for event in events if event["Event"] == "page_view"]
    shown = [(view["$page_title"], view["$current_url"], view["$referrer"]) for view in views[:3]]
    assert shown == [
        ("Page /one", f"{site}/one", ""),
        ("Two", f"{site}/two", f"{site}/one"),
        ("Three", f"{site}/three", f"{site}/two"),
    ]
    assert [view["$current_url"] for view in views[3:]] == [f"{site}/two"]
    assert [event["Event"] for event in events] == ["page_view"] * 3 + ["after", "page_view"]


def test_what_happens_offline_is_sent_online(seen: Seen) -> None:
    assert seen["offline_then_online"]["waiting"] == 1
    assert seen["offline_then_online"]["answer"]["status"] == "success"
    assert seen["offline_then_online"]["kept"] == 0
    assert seen.stored("offline_then_online") == {"page_view": 1, "while_offline": 1}


def test_the_next_page_sends_what_the_last_could_not(seen: Seen) -> None:
    assert seen.stored("next_page_sends_what_the_last_could_not") == {"page_view": 2, "stuck": 1}


def test_an_unreachable_collector_is_asked_three_times_and_the_page_is_told(seen: Seen) -> None:
    found = seen["an_unreachable_collector"]
    assert len(found["requests"]) == 3
    assert _code(found["answer"]) == _code(found["again"]) == 0


def test_waits_as_long_as_the_collector_asks(seen: Seen) -> None:
    found = seen["retry_after"]
    [limited] = [number for number, request in enumerate(found["requests"]) if request["fault"]]
    assert found["requests"][limited + 1]["at"] - found["requests"][limited]["at"] >= 1_000
    assert found["answer"]["status"] == "success"
    assert seen.stored("retry_after") == {"page_view": 1, "limited": 1, "meanwhile": 1}


def test_two_tabs_store_each_event_once(seen: Seen) -> None:
    assert seen.stored("two_tabs") == {"page_view": 2, "tab 0": 20, "tab 1": 20}


@pytest.mark.parametrize(
    ("name", "event"),
    [("blocked_storage", "stored_nowhere"), ("full_storage", "quota"), ("strict_policies", "strict")],
)
def test_works_in_a_page_that_forbids_much(seen: Seen, name: str, event: str) -> None:
    assert seen[name]["answer"]["status"] == "success"
    assert seen.stored(name) == {"page_view": 1, event: 1}


def test_loaded_twice_it_counts_once(seen: Seen) -> None:
    assert seen.stored("loaded_twice") == {"page_view": 1, "once": 1}


def test_calls_before_the_script_are_queued_by_a_short_stub(seen: Seen) -> None:
    assert seen["stub"]["answer"]["status"] == "success"
    assert seen["stub"]["size"] <= 160
    assert [event["Event"] for event in seen.events("stub")] == ["early", "page_view"]


def test_an_event_too_large_to_outlive_its_page_is_handed_to_a_beacon(seen: Seen) -> None:
    assert seen["large"]["answer"]["status"] == "success"
    assert seen.stored("large") == {"page_view": 1, "large": 1, "large_leaving": 1}


def test_writes_and_sends_nothing_before_consent(seen: Seen) -> None:
    found = seen["consent"]
    assert found["before"] == {"requests": 0, "kept": 0, "cookie": ""}
    assert found["answer"]["status"] == "success"
    assert found["during"] == f"footfall_visitor={found['answer']['uuid']}"
    assert seen.stored("consent") == {"page_view": 1, "held": 1}


def test_consent_refused_deletes_all_and_says_why(seen: Seen) -> None:
    assert seen["consent"]["after"] == {"kept": 0, "cookie": ""}
    assert seen["consent"]["refused"]["Errors"] == [{"Code": 0, "Message": "consent was refused"}]


@pytest.mark.parametrize(
    ("name", "why"),
    [("privacy_signal", "asks not to be tracked"), ("ignored", "local page"), ("a_secret_key", "secret key")],
)
def test_what_is_not_sent_says_why(seen: Seen, name: str, why: str) -> None:
    assert seen[name]["requests"] == []
    [error] = seen[name]["answer"]["Errors"]
    assert error["Code"] == 0
    assert why in error["Message"]


def test_without_persistence_nothing_is_kept(seen: Seen) -> None:
    assert (seen["no_persistence"]["kept"], seen["no_persistence"]["cookie"]) == (0, "")
    assert seen.stored("no_persistence") == {"page_view": 1}


def test_the_address_turns_test_mode_on(seen: Seen) -> None:
    assert all(event["Properties"]["isTest"] is True for event in seen.events("test_mode"))
    assert seen["test_mode"]["answer"]["status"] == "success"
    assert seen.stored("test_mode") == {}


def test_a_page_of_another_origin_learns_why(seen: Seen) -> None:
    found = seen["a_key_of_another_origin"]
    assert found["answer"]["Errors"] == [{"Code": 403, "Message": "Origin not allowed"}]
    assert found["kept"] == 0


def test_init_starts_what_was_called_before(seen: Seen) -> None:
    assert seen["init_without_attributes"]["answer"]["status"] == "success"
    assert seen.stored("init_without_attributes")["before_init"] == 1


def test_every_call_tells_the_verdict(seen: Seen) -> None:
    identify, conversion, page, unwanted, incomplete, circular = seen["other_calls"]["answers"]
    assert identify["identify_event_sent"] is True
    assert identify["external_id"] == "7"
    assert conversion["status"] == page["status"] == "success"
    assert unwanted["Errors"] == [{"Code": 0, "Message": "dropped by before()"}]
    assert [error["Code"] for error in incomplete["Errors"]] == [9, 10]
    assert _code(circular) == 0


def test_the_calls_send_what_the_contract_names(seen: Seen) -> None:
    _, identify, conversion, page, *_ = seen.events("other_calls")
    assert (identify["Email"], identify["ID"], identify["Properties"]["plan"]) == ("ann@example.com", 7, "pro")
    wanted = {"conversion-id": "c1", "conversion-name": "Order", "conversion-value": 0, "currency": "EUR"}
    assert conversion["Properties"].items() >= wanted.items()
    assert page["Properties"]["$current_url"] == f"{seen.scenarios['site']}/virtual?password=***"


def test_reset_makes_another_visitor(seen: Seen) -> None:
    assert seen["other_calls"]["visitor"] != seen["other_calls"]["next"]


def test_a_page_restored_by_the_back_forward_cache_counts_again(seen: Seen) -> None:
    if not seen["back_forward_cache"]["restored"]:
        pytest.skip("this Chromium does not keep a driven page in its back/forward cache")
    first, second = (event for event in seen.events("back_forward_cache") if event["Event"] == "page_view")
    assert first["EventID"].rsplit("-", 1)[0] == second["EventID"].rsplit("-", 1)[0]


def test_the_bundle_makes_no_code_of_texts() -> None:
    bundle = (STATIC / "footfall.js").read_text()
    assert "eval" not in bundle
    assert "Function(" not in bundle


def test_both_sdks_mask_the_same_names_of_a_query() -> None:
    assert set(json.loads(SECRETS.read_text())) == MASKED


def test_packs_as_a_module_with_its_types(tmp_path: Path) -> None:
    command = ["npm", "pack", "--silent", "--pack-destination", str(tmp_path)]
    subprocess.run(command, cwd=SECRETS.parent / "browser", check=True, capture_output=True, timeout=60)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as packed:
        packed.extractall(tmp_path, filter="data")
    use = tmp_path / "use.ts"
    use.write_text('import footfall from "./package/dist";\nfootfall.track("e").then((verdict) => verdict.uuid);\n')
    options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2020"]
    compiler = SECRETS.parent / "browser" / "node_modules" / ".bin" / "tsc"
    checked = subprocess.run([compiler, *options, use], capture_output=True, text=True, timeout=60, check=False)
    assert checked.stdout == ""
    assert "export {\n" in (tmp_path / "package" / "dist" / "index.js").read_text()
