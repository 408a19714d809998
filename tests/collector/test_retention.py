"""Retention: what a list keeps for so many days ends after them, its names with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.support.clock import Clock
from tests.support.site import Site

PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def keeping(make_site: Callable[..., Site]) -> Site:
    """A site whose list keeps events for 30 days."""
    return make_site(retention_days=30)


@pytest.mark.parametrize(
    ("received", "end"),
    [
        ("2030-02-01T00:00:00.000", "2030-03-04"),
        ("2030-02-01T23:59:59.999", "2030-03-04"),
        ("2030-02-02T00:00:00.000", "2030-03-05"),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_an_event_ends_so_many_days_after_the_utc_day_in_which_it_was_received(
    keeping: Site, clock: Clock, received: str, end: str
) -> None:
    clock.now = datetime.fromisoformat(received).replace(tzinfo=UTC)
    await keeping.track("page_view", Email="new@example.com", Timestamp="2029-12-31T12:00:00Z")
    ends = {row["event"]: row["expire_at"] for row in keeping.events()}
    assert ends == dict.fromkeys(("page_view", "identify"), datetime.fromisoformat(end).replace(tzinfo=UTC))


@pytest.mark.gen_test(timeout=60)
async def test_without_a_retention_nothing_ends(site: Site) -> None:
    await site.track("page_view", Email="new@example.com")
    found = [*site.events(), *site.db["catalog"].find({"scope": site.scope})]
    assert len(found) == 3
    assert not any("expire_at" in row for row in found)


@pytest.mark.parametrize("collection", ["events", "catalog"])
@pytest.mark.gen_test(timeout=60)
async def test_an_index_ends_them(site: Site, collection: str) -> None:
    ends = [index for index in site.db[collection].list_indexes() if "expireAfterSeconds" in index]
    assert [(dict(index["key"]), index["expireAfterSeconds"]) for index in ends] == [({"expire_at": 1}, 0)]


def _end(site: Site, when: datetime) -> None:
    """What ends at ``when`` has ended, and MongoDB has not got round to removing it."""
    for collection in ("events", "catalog"):
        assert site.db[collection].update_many({"expire_at": when}, {"$set": {"expire_at": PAST}}).modified_count


@pytest.mark.gen_test(timeout=60)
async def test_a_name_ends_with_the_last_event_that_has_it(keeping: Site, clock: Clock) -> None:
    await keeping.track("page_view", Properties={"old": 1, "both": 1})
    await keeping.track("gone")
    clock.move(days=1)
    await keeping.track("page_view", Properties={"both": 1, "new": 1})
    first, second = sorted({row["expire_at"] for row in keeping.events()})
    assert await keeping.properties() == {"gone": [], "page_view": ["both", "new", "old"]}
    _end(keeping, first)
    assert await keeping.properties() == {"page_view": ["both", "new"]}
    _end(keeping, second)
    assert await keeping.properties() == {}
    clock.move(days=1)
    await keeping.track("page_view", Properties={"old": 1})
    assert await keeping.properties() == {"page_view": ["old"]}


@pytest.mark.gen_test(timeout=60)
async def test_a_rebuild_gives_the_same_answer_with_a_retention(keeping: Site, clock: Clock) -> None:
    await keeping.track("page_view", Properties={"old": 1})
    clock.move(days=1)
    await keeping.track("page_view", Properties={"new": 1})
    before = list(keeping.db["catalog"].find({"scope": keeping.scope}, {"counted": 0}).sort("_id", 1))
    assert len(before) == 4
    keeping.db["catalog"].delete_many({})
    await keeping.store.catalog.rebuild(await keeping.store.catalog.begin_generation())
    assert list(keeping.db["catalog"].find({"scope": keeping.scope}, {"counted": 0}).sort("_id", 1)) == before
    assert await keeping.properties() == {"page_view": ["new", "old"]}
