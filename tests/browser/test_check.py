"""The overlay of ``?footfall_check=1`` in real browsers, under a policy that allows no style."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collector.cli.demo import LOOPBACK
from tests.support.browsers import driven
from tests.support.live import Live
from tests.support.shop import Shop, open_shop

shop = pytest.fixture(scope="module")(open_shop)


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def seen(live: Live, shop: Shop, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """What check.mjs saw: one browser shows all cases."""
    with driven("check.mjs", request.param, live.url, shop.key_for(live, *LOOPBACK), shop.public) as found:
        yield found | {"stored": shop.count(), "browser": request.param}


SCRIPT = ("ok", "Script loaded", "/static/footfall.js")
KEY, ORIGIN, EVENT = (
    ("ok", "Key accepted", ""),
    ("ok", "Origin allowed", "{site}"),
    ("ok", "Event accepted", "not stored"),
)
OPEN = [("open", f"{name}?", "Not known") for name in ("Key accepted", "Origin allowed", "Event accepted")]
SNIPPET = "footfall snippet --list ID --url {collector} --origin {site}"
GONE = ("bad", "Collector not reached", "rename script and endpoint")
ODD = "Is data-endpoint right"

SHOWN: dict[str, list[tuple[str, str, str]]] = {
    "right": [KEY, ORIGIN, EVENT],
    "unknown_key": [("bad", "Key not accepted", SNIPPET), *OPEN[1:]],
    "no_key": [("bad", "Key not accepted", 'Put data-key="pk_…" on the tag'), *OPEN[1:]],
    "secret_key": [("bad", "Key not accepted", "Revoke it at once"), *OPEN[1:]],
    "other_origin": [KEY, ("bad", "Origin not allowed", SNIPPET), OPEN[2]],
    "forbidden_by_policy": [("bad", "Collector not reached", "Add {collector} to connect-src."), *OPEN],
    "wrong_path": [GONE, *OPEN],
    "dead": [GONE, *OPEN],
    "no_collector": [("bad", "Collector not reached", ODD), *OPEN],
    "too_many": [KEY, ORIGIN, ("bad", "Event not accepted", "Wait a minute")],
    "out_of_order": [*OPEN[:2], ("bad", "Event not accepted", "cannot take events now (503)")],
    "refused": [KEY, ORIGIN, ("bad", "Event not accepted", "as told")],
    "privacy": [KEY, ORIGIN, EVENT, ("note", "Nothing is sent from this browser", 'data-gpc="ignore"')],
    "local": [KEY, ORIGIN, EVENT, ("note", "Nothing is sent from this browser", "data-ignore-local")],
    "ignored": [KEY, ORIGIN, EVENT, ("note", "Nothing is sent from this browser", "removeItem")],
    "refused_consent": [KEY, ORIGIN, EVENT, ("note", "Nothing is sent from this browser", "footfall.consent(true)")],
    "consent": [KEY, ORIGIN, EVENT, ("note", "Consent is required", "footfall.consent(true)")],
}
"""The lines of each case: state, title, and what its text says among other things."""


@pytest.mark.parametrize("case", SHOWN)
def test_says_what_is_wrong_why_and_what_to_do(seen: dict[str, Any], live: Live, case: str) -> None:
    rows = seen[case]["rows"]
    expected = [SCRIPT, *SHOWN[case]]
    assert [row[:2] for row in rows] == [[state, title] for state, title, _ in expected]
    for (_, _, text), (_, _, part) in zip(rows, expected, strict=True):
        assert part.format(site=seen["site"], collector=live.url) in text


def test_leaves_nothing_behind(seen: dict[str, Any]) -> None:
    assert seen["stored"] == 0


def test_needs_no_leave_of_a_strict_policy(seen: dict[str, Any]) -> None:
    assert seen["right"]["complaints"] == []
    assert seen["use"]["light"]["inline"] == 0
    assert (seen["use"]["light"]["fixed"], seen["use"]["light"]["background"]) == ("fixed", "rgb(255, 255, 255)")


def test_can_be_read_and_closed_by_keyboard(seen: dict[str, Any]) -> None:
    use = seen["use"]
    assert (use["light"]["panel"], use["light"]["close"], use["light"]["focused"]) == (
        ["dialog", "title"],
        "Close",
        True,
    )
    assert (use["button"], use["closed"], seen["escaped"]) == (True, True, True)


def test_is_dark_where_the_visitor_wants_that(seen: dict[str, Any]) -> None:
    if seen["browser"] == "firefox":
        pytest.skip("Firefox is not told of a colour scheme by this driver")
    assert seen["dark"]["background"] == "rgb(27, 31, 36)"
