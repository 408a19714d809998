"""The caps of the catalog (section 7 of the contract): what is shown beyond them, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from collector.catalog.caps import CAPS, Caps
from collector.model import Trust
from collector.storage.connection import Store
from tests.support.counting import NOW, SCOPE, Process, count_all, event, forget, reader, rebuild

FEW = Caps(events=4, names=4, total=10)
"""Of public keys 2, 2 and 5; twice as much is kept."""


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


async def _shown(store: Store, caps: Caps = FEW) -> tuple[dict[str, list[str]], bool]:
    found = await reader(store, caps).properties(SCOPE)
    return found.by_event, found.truncated


async def _one_by_one(process: Process, names: Iterable[str], trust: Trust = "secret", minute: int = 0) -> None:
    """An event a name, a minute apart."""
    for number, name in enumerate(names, start=minute):
        await process.store(event(name, trust=trust, received=NOW + timedelta(minutes=number)))


async def _named(process: Process, names: Iterable[str], trust: Trust = "secret", minute: int = 0) -> None:
    """An event with each property name, a minute apart."""
    for number, name in enumerate(names, start=minute):
        await process.store(event(properties={name: 1}, trust=trust, received=NOW + timedelta(minutes=number)))


def _without_names(events: Iterable[str]) -> dict[str, list[str]]:
    return {event: [] for event in events}


def _numbers(prefix: str, most: int) -> list[str]:
    return [f"{prefix} {number:04}" for number in range(most)]


@pytest.mark.gen_test(timeout=60)
async def test_a_thousand_event_names_of_public_keys_are_shown_and_one_more_is_not(store: Store) -> None:
    process, names = Process(store), _numbers("claimed", 1_001)
    await process.store(*(event(name, trust="public") for name in names[:1_000]))
    assert await _shown(store, CAPS) == (_without_names(names[:1_000]), False)
    await process.store(event(names[1_000], trust="public"))
    assert await _shown(store, CAPS) == (_without_names(names[:1_000]), True)


@pytest.mark.gen_test(timeout=60)
async def test_the_site_s_own_1001st_event_name_is_shown_beside_those_of_public_keys(store: Store) -> None:
    process, claimed, own = Process(store), _numbers("claimed", 1_000), _numbers("own", 1_001)
    await process.store(*(event(name, trust="public") for name in claimed))
    await process.store(*(event(name) for name in own[:1_000]))
    assert await _shown(store, CAPS) == (_without_names([*claimed, *own[:1_000]]), False)
    await process.store(event(own[1_000]))
    assert await _shown(store, CAPS) == (_without_names([*claimed[:999], *own]), True)


@pytest.mark.gen_test(timeout=60)
async def test_500_property_names_of_public_keys_are_shown_and_the_site_s_own_fill_the_rest(store: Store) -> None:
    process, claimed, own = Process(store), _numbers("claimed", 501), _numbers("own", 1_001)
    await process.store(event(properties=dict.fromkeys(claimed[:500], 1), trust="public"))
    assert await _shown(store, CAPS) == ({"page_view": claimed[:500]}, False)
    await process.store(event(properties=dict.fromkeys(claimed, 1), trust="public"))
    assert await _shown(store, CAPS) == ({"page_view": claimed[:500]}, True)
    await process.store(event(properties=dict.fromkeys(own[:1_000], 1)))
    assert await _shown(store, CAPS) == ({"page_view": own[:1_000]}, True)
    await process.store(event(properties=dict.fromkeys(own, 1)))
    assert await _shown(store, CAPS) == ({"page_view": own[:1_000]}, True)


@pytest.mark.parametrize(
    ("own", "claimed", "expected"),
    [
        ("", "ab", "ab"),
        ("", "abc", "ab"),
        ("xyzw", "", "wxyz"),
        ("vwxyz", "", "vwxy"),
        ("xy", "ab", "abxy"),
        ("xyz", "ab", "axyz"),
        ("wxyz", "ab", "wxyz"),
        ("ax", "ab", "abx"),
    ],
)
@pytest.mark.gen_test(timeout=60)
async def test_names_of_public_keys_fill_half_at_most_and_give_way_to_the_site_s_own(
    store: Store, own: str, claimed: str, expected: str
) -> None:
    process = Process(store, FEW)
    await _one_by_one(process, claimed, "public")
    await _one_by_one(process, own, minute=10)
    assert await _shown(store) == (_without_names(expected), len(expected) < len({*own, *claimed}))
    await rebuild(store, caps=FEW)
    assert list((await _shown(store))[0]) == list(expected)


@pytest.mark.gen_test(timeout=60)
async def test_a_name_is_the_site_s_own_from_the_moment_when_a_secret_key_brought_it(store: Store) -> None:
    process = Process(store, FEW)
    await _named(process, "abcd", "public")
    assert await _shown(store) == ({"page_view": ["a", "b"]}, True)
    await process.store(event(properties={"d": 1}, received=NOW + timedelta(hours=1)))
    assert await _shown(store) == ({"page_view": ["a", "b", "d"]}, True)
    # What was received before counts from before, though it comes later.
    await _named(process, "vwxy", minute=30)
    assert await _shown(store) == ({"page_view": ["v", "w", "x", "y"]}, True)
    await process.store(event(properties={"d": 1}, received=NOW + timedelta(minutes=20)))
    assert await _shown(store) == ({"page_view": ["d", "v", "w", "x"]}, True)


@pytest.mark.gen_test(timeout=60)
async def test_a_list_shows_so_many_names_altogether(store: Store) -> None:
    process = Process(store, FEW)
    for number, name in enumerate("abc"):
        properties = dict.fromkeys("wxyz"[: 4 if number < 2 else 2], 1)
        await process.store(event(name, properties, received=NOW + timedelta(minutes=number)))
    assert await _shown(store) == ({"a": [*"wxyz"], "b": [*"wxyz"], "c": [*"wx"]}, False)
    await process.store(event("c", {"y": 1}, received=NOW + timedelta(minutes=9)))
    assert await _shown(store) == ({"a": [*"wxyz"], "b": [*"wxyz"], "c": [*"wx"]}, True)


@pytest.mark.parametrize(("trust", "most"), [("secret", 8), ("public", 4)])
@pytest.mark.gen_test(timeout=60)
async def test_of_a_flood_twice_what_is_shown_is_kept_and_all_events_are_stored(
    store: Store, database: Any, trust: Trust, most: int
) -> None:
    process = Process(store, FEW)
    await _named(process, _numbers("name", 20), trust)
    for number, name in enumerate(_numbers("event", 20), start=30):
        named = {"name": 1} if number > 40 else {}  # of events that are not kept, names are not either
        await process.store(event(name, named, trust, NOW + timedelta(minutes=number)))
    await count_all(store, FEW)
    kept = database["catalog"]
    assert kept.count_documents({"name": None}) == most
    assert kept.count_documents({"name": {"$ne": None}}) == most
    assert database["catalog_counts"].count_documents({}) == 2 * most
    assert database["events"].count_documents({}) == 40
    before = await _shown(store)
    await rebuild(store, caps=FEW)
    assert (kept.count_documents({}), database["catalog_counts"].count_documents({})) == (2 * most, 2 * most)
    assert await _shown(store) == before


@pytest.mark.gen_test(timeout=60)
async def test_a_flood_over_all_events_is_bounded_too(store: Store, database: Any) -> None:
    process = Process(store, FEW)
    for name in "abcdefgh":
        process.time += 10
        await process.store(event(name, dict.fromkeys("lmnopqrs", 1)))
    assert database["catalog"].count_documents({}) < 2 * FEW.total + 8 + 1
    await rebuild(store, caps=FEW)
    assert database["catalog"].count_documents({}) == 2 * FEW.total


@pytest.mark.gen_test(timeout=60)
async def test_a_flood_of_public_keys_leaves_the_site_s_own_names_their_room(store: Store) -> None:
    process = Process(store, FEW)
    await _named(process, _numbers("flood", 20), "public")
    await _one_by_one(process, _numbers("flood", 20), "public")
    await _named(process, "abc", minute=60)
    await _one_by_one(process, ["sign_up", "purchase"], minute=60)
    listed, truncated = await _shown(store)
    assert (listed["page_view"], truncated) == (["a", "b", "c", "flood 0000"], True)
    assert {"page_view", "purchase", "sign_up"} < set(listed)


@pytest.mark.gen_test(timeout=60)
async def test_a_name_that_was_left_out_before_is_counted_from_when_it_was_entered_and_it_is_said(store: Store) -> None:
    process = Process(store, FEW)
    await _named(process, "abcd", "public")
    await _named(process, "xx", "public", 10)
    await process.rounds()
    await _named(process, "x", minute=20)
    await process.rounds()
    names = (await reader(store, FEW).statistics(SCOPE)).by_event["page_view"].names
    assert {name: (found.events, found.at_least) for name, found in names.items()} == {
        "a": (1, False),
        "b": (1, False),
        "x": (1, True),
    }
    await rebuild(store, process, caps=FEW)
    names = (await reader(store, FEW).statistics(SCOPE)).by_event["page_view"].names
    assert (names["x"].events, names["x"].at_least) == (3, False)


@pytest.mark.gen_test(timeout=60)
async def test_a_cap_that_cuts_is_told_once_and_counted(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    process = Process(store, FEW)
    await _named(process, "abcd")
    assert caplog.messages == []
    await _named(process, "efgh", minute=10)
    assert caplog.messages == ["l1 has more names than the catalog shows (4 property names of an event)"]
    value = process.metrics.registry.get_sample_value
    assert value("footfall_catalog_beyond_caps_total", {"cap": "names"}) == 3
    assert value("footfall_catalog_beyond_caps_total", {"cap": "events"}) is None
