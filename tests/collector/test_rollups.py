"""Counts by time: what ``Rollups`` says, against plain Python over the same events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.catalog.rollups import Rollups
from collector.storage.connection import Store
from tests.support.counting import SCOPE, Process, event, forget

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


@pytest.mark.gen_test(timeout=60)
async def test_events_are_counted_by_name_and_together_in_quarters_of_an_hour(store: Store) -> None:
    process = Process(store)
    minutes = (0, 14, 15, 29, 30, 59, 60, 24 * 60)
    await process.store(*(event(time=NOON + timedelta(minutes=n)) for n in minutes))
    await process.store(event("sign_up", time=NOON + timedelta(minutes=15)))
    await process.rounds()
    rollups = Rollups(store.slots, store.writers)
    edges = [NOON + timedelta(minutes=n) for n in (0, 15, 30, 60, 120, 3000)]
    found = await rollups.counts(SCOPE, ["page_view", "sign_up", "other"], edges, bots=False)
    assert found.counts == {"page_view": [2, 2, 2, 1, 1], "sign_up": [0, 1, 0, 0, 0], "other": [0] * 5}
    assert (found.lag, found.complete) == (0, True)
    together = await rollups.counts(SCOPE, None, edges, bots=False)
    assert together.counts == {None: [2, 3, 2, 1, 1]}
    assert (await rollups.counts(SCOPE, [], edges, bots=False)).counts == {}
