"""The image of ``<noscript>`` in real browsers that run no scripts, as ``footfall snippet`` prints it."""

from __future__ import annotations

from typing import Any

import pytest

from collector.resources import resource_dir
from collector.web.scripts import Bundle, tags
from tests.support.browsers import driven
from tests.support.live import Live, eventually

SECRET = "token=x"


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_counts_a_page_with_its_whole_address_whatever_policy_the_page_has(live: Live, browser: str) -> None:
    line = tags(Bundle(resource_dir("static")), live.url, live.demo["public_key"])["noscript"]
    with driven("noscript.mjs", browser, line) as seen:
        wanted = sorted(address.replace(SECRET, "token=***") for address in seen["pages"])
        found: list[dict[str, Any]] = eventually(lambda: _views(live, browser, len(wanted)))
    assert sorted(view["properties"]["$current_url"] for view in found) == wanted
    assert len({view["uuid"] for view in found}) == len(wanted)
    assert {view["event"] for view in found} == {"page_view"}


def _views(live: Live, browser: str, number: int) -> list[dict[str, Any]]:
    """The page views of a browser, once there are so many."""
    found = list(live.db["events"].find({"properties.utm_source": browser}))
    return found if len(found) >= number else []
