"""A stream of many events, from a process whose memory is watched."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from collector.model import list_scope
from tests.support.evaluation import Happened, stored
from tests.support.live import Live
from tests.support.shop import Shop, open_shop

shop = pytest.fixture(scope="module")(open_shop)

MANY = 50_000
MOST_GROWTH = 32 << 20


def _memory(live: Live) -> int:
    """Bytes that the collector has in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{live.process.pid}/status").read_text())
    assert found
    return int(found[1]) << 10


def test_fifty_thousand_events_take_no_more_memory_than_a_few(shop: Shop, live: Live) -> None:
    begin, text = datetime.now(UTC) - timedelta(days=1), "x" * 1_400
    events = (Happened("e", begin + timedelta(milliseconds=number), {"n": number, "t": text}) for number in range(MANY))
    shop.db["events"].insert_many(stored(events, list_scope(shop.list_id)), ordered=False)
    query = urlencode({"ListID": shop.list_id, "Format": "csv", "APIKey": shop.secret})
    before, most, size, lines = _memory(live), 0, 0, 0
    shop.connection.request("GET", f"/api/v1/website_events.list?{query}")
    response = shop.connection.getresponse()
    while piece := response.read(1 << 20):
        size, lines = size + len(piece), lines + piece.count(b"\r\n")
        most = max(most, _memory(live))
    assert lines == MANY + 1
    assert size > 2 * MOST_GROWTH
    print(most - before)
    assert most - before < MOST_GROWTH
