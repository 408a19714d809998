"""Counts by time: what ``Rollups`` says, against plain Python over the same events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from collector.catalog.known_days import KnownDays
from collector.model import Event
from collector.storage.connection import Store
from collector.zones import day_edges
from tests.support.counting import NOW, SCOPE, Process, count_all, event, forget, rebuild, rollups

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def empty(database: Any) -> Iterator[None]:
    """Nothing is left of other tests."""
    yield
    forget(database)


class Looking:
    """Slots of which is known on which days all names were read."""

    def __init__(self, store: Store) -> None:
        self._slots = store.slots
        self.days: list[datetime] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slots, name)

    async def sums(self, scope: str, generation: int, days: Sequence[datetime], *more: Any) -> Any:
        self.days += days
        return await self._slots.sums(scope, generation, days, *more)

    def looked_at(self) -> list[datetime]:
        """On which since this was last asked."""
        days, self.days = sorted(self.days), []
        return days


@pytest.mark.gen_test(timeout=60)
async def test_events_are_counted_by_name_and_together_in_quarters_of_an_hour(store: Store) -> None:
    process = Process(store)
    minutes = (0, 14, 15, 29, 30, 59, 60, 24 * 60)
    await process.store(*(event(time=NOON + timedelta(minutes=n)) for n in minutes))
    await process.store(event("sign_up", time=NOON + timedelta(minutes=15)))
    await process.rounds()
    edges = [NOON + timedelta(minutes=n) for n in (0, 15, 30, 60, 120, 3000)]
    found = await rollups(store).counts(SCOPE, ["page_view", "sign_up", "other"], edges, bots=False)
    assert found.counts == {"page_view": [2, 2, 2, 1, 1], "sign_up": [0, 1, 0, 0, 0], "other": [0] * 5}
    assert (found.lag, found.complete) == (0, True)
    together = await rollups(store).counts(SCOPE, None, edges, bots=False)
    assert together.counts == {None: [2, 3, 2, 1, 1]}
    assert (await rollups(store).counts(SCOPE, [], edges, bots=False)).counts == {}


@pytest.mark.gen_test(timeout=60)
async def test_edges_that_are_no_quarters_take_in_the_whole_of_the_first_and_the_last(store: Store) -> None:
    process = Process(store)
    await process.store(*(event(time=NOON + n * QUARTER) for n in range(-1, 5)))
    await process.rounds()
    second = timedelta(seconds=1)
    for edges, expected in (
        ([NOON, NOON + QUARTER], 1),
        ([NOON + second, NOON + QUARTER], 1),
        ([NOON - second, NOON + QUARTER], 2),
        ([NOON, NOON + QUARTER + second], 2),
        ([NOON + 2 * second, NOON + 3 * second], 1),
        ([NOON, NOON], 0),
    ):
        found = await rollups(store).counts(SCOPE, None, edges, bots=False)
        assert found.counts == {None: [expected]}, edges


@pytest.mark.gen_test(timeout=60)
async def test_bots_are_left_out_or_counted_too(store: Store) -> None:
    process = Process(store)
    await process.store(event(), event(bot=True), event("crawl", bot=True))
    await process.rounds()
    edges = [NOW - QUARTER, NOW + QUARTER]
    for bots, numbers in ((False, [1, 0, 1]), (True, [2, 1, 3])):
        named = (await rollups(store).counts(SCOPE, ["page_view", "crawl"], edges, bots)).counts
        together = (await rollups(store).counts(SCOPE, None, edges, bots)).counts
        assert [named["page_view"], named["crawl"], together[None]] == [[n] for n in numbers]


@pytest.mark.gen_test(timeout=60)
async def test_what_is_stored_and_not_counted_yet_is_the_lag(store: Store) -> None:
    leader, process = Process(store), Process(store)
    await leader.rounds()
    await process.store(event(), event())
    await process.rounds()  # which says how far it is, and leaves the counting to the other
    found = await rollups(store).counts(SCOPE, None, [NOW - QUARTER, NOW + QUARTER], bots=True)
    assert (found.counts, found.lag) == ({None: [0]}, 2)


@pytest.mark.gen_test(timeout=60)
async def test_of_events_before_1970_and_of_a_thousand_years_each_is_in_its_slot(store: Store) -> None:
    moments = [datetime(year, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) for year in (1, 1900, 1969, 1970, 2999, 9998)]
    process = Process(store)
    await process.store(*(event(time=moment) for moment in moments))
    await process.rounds()
    for moment in moments:
        end = moment + timedelta(milliseconds=1)
        found = await rollups(store).counts(SCOPE, ["page_view"], [end - QUARTER, end, end + QUARTER], bots=False)
        assert found.counts == {"page_view": [1, 0]}, moment
    whole = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    assert (await rollups(store).counts(SCOPE, None, whole, bots=False)).counts == {None: [len(moments)]}


@pytest.mark.gen_test(timeout=60)
async def test_of_many_names_a_day_is_read_again_when_something_has_been_counted_in_it_and_not_before(
    store: Store, database: Any
) -> None:
    process, double = Process(store), copy(store)
    slots = double.slots = cast(Any, Looking(store))
    kept = rollups(double, many=2)
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (27, 28, 29)]
    names = ["page_view", "sign_up"]

    async def counts() -> Any:
        return (await kept.counts(SCOPE, names, [*days, days[-1] + timedelta(days=1)], bots=False)).counts

    for day in days:
        await process.store(event(time=day), event(time=day + timedelta(hours=23)))
        await process.rounds()
    for looked_at in (days, days[-1:]):  # that nothing of the last block is missing is known when the next has begun
        assert await counts() == {"page_view": [2, 2, 2], "sign_up": [0, 0, 0]}
        assert slots.looked_at() == looked_at
    await process.store(event("sign_up", time=days[0]), event(time=days[1], bot=True, keeps=False))
    await process.rounds()
    assert await counts() == {"page_view": [2, 2, 2], "sign_up": [1, 0, 0]}
    assert slots.looked_at() == days
    await process.store(event("sign_up", time=days[1], keeps=False))
    await process.rounds()
    await process.store(event(time=days[0] - timedelta(days=9)))
    await process.rounds()
    for looked_at in (days[:2], []):
        assert await counts() == {"page_view": [2, 2, 2], "sign_up": [1, 1, 0]}
        assert slots.looked_at() == looked_at
    ended = {"expire_at": NOW - timedelta(days=1)}
    database["rollups"].update_many({"expire_at": {"$exists": True}}, {"$set": ended})
    assert await counts() == {"page_view": [2, 2, 2], "sign_up": [1, 0, 0]}
    assert slots.looked_at() == [days[1]]
    await rebuild(store)
    assert await counts() == {"page_view": [2, 2, 2], "sign_up": [1, 1, 0]}


@pytest.mark.gen_test(timeout=60)
async def test_of_more_days_than_there_is_room_for_those_asked_for_last_are_kept(store: Store) -> None:
    process, slots = Process(store), Looking(store)
    known = KnownDays(cast(Any, slots), most=2)
    days = [NOON.replace(hour=0) + n * timedelta(days=1) for n in range(3)]
    await process.store(*(event(time=day) for day in days))
    await process.rounds()
    for number, looked_at in ((0, True), (1, True), (0, False), (2, True), (0, False), (1, True)):
        found = await known.read(SCOPE, 0, 2, {days[number]: ((0, 96),)}, False)
        assert [list(day.numbers) for day in found.values()] == [[1]]
        assert bool(slots.looked_at()) is looked_at


@pytest.mark.gen_test(timeout=60)
async def test_counts_end_with_their_events(store: Store, database: Any) -> None:
    process = Process(store)
    old = NOW - timedelta(days=29)
    await process.store(event(keeps=False, received=old), event(keeps=False, time=old), event(time=old))
    await process.rounds()
    edges = [old - QUARTER, old + QUARTER, NOW + QUARTER]
    assert (await rollups(store).counts(SCOPE, None, edges, bots=False)).counts == {None: [3, 0]}
    ending = {"expire_at": {"$lt": NOW + timedelta(days=10)}}
    assert database["rollups"].update_many(ending, {"$set": {"expire_at": NOW - timedelta(days=1)}}).modified_count
    assert (await rollups(store).counts(SCOPE, None, edges, bots=False)).counts == {None: [2, 0]}
    ends = [index for index in database["rollups"].list_indexes() if "expireAfterSeconds" in index]
    assert [(dict(index["key"]), index["expireAfterSeconds"]) for index in ends] == [({"expire_at": 1}, 0)]


@pytest.mark.gen_test(timeout=60)
async def test_names_that_mongodb_would_read_as_more_are_names(store: Store) -> None:
    names = ["", "$", "a.b", "$time", "$$ROOT", "👋", "x" * 200]
    process = Process(store)
    await process.store(*(event(name) for name in names))
    await process.rounds()
    found = await rollups(store).counts(SCOPE, names, [NOW - QUARTER, NOW + QUARTER], bots=False)
    assert found.counts == {name: [1] for name in names}


def counts_of(events: Sequence[Event], name: str | None, edges: Sequence[datetime], bots: bool) -> list[int]:
    """The same in plain Python."""
    times = [one.time for one in events if name in (None, one.name) and (bots or not one.marks)]
    return [sum(begin <= time < end for time in times) for begin, end in pairwise(edges)]


ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"),
        *("America/Sao_Paulo", "Pacific/Apia", "America/Havana"),
    ]
).map(ZoneInfo)
LASTS = st.sampled_from([date(2026, 3, 30), date(2026, 10, 26), date(2018, 11, 5), date(2026, 11, 2), date(2012, 1, 2)])
TIMED = st.tuples(
    st.sampled_from(["page_view", "sign_up"]),
    st.integers(-3 * 96, 9 * 96),  # quarters of an hour
    st.sampled_from([0, 1, 899_999]),  # ms
    st.booleans(),
    st.booleans(),
)


def _edges(last: date, zone: ZoneInfo, unit: str) -> list[datetime]:
    """Of hours, days or weeks."""
    days = day_edges(last, 7, zone)
    if unit == "hour":
        begin, hours = days[0].astimezone(UTC), 24 * 7
        return [begin + timedelta(hours=n) for n in range(hours + 1)]
    return days if unit == "day" else [days[0], days[-1]]


@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
)
@given(
    rows=st.lists(TIMED, min_size=1, max_size=30),
    zone=ZONES,
    last=LASTS,
    unit=st.sampled_from(["hour", "day", "week"]),
    bots=st.booleans(),
)
def test_hours_days_and_weeks_of_every_zone_have_the_events_that_python_counts_in_them(
    io_loop: IOLoop, store: Store, database: Any, rows: Any, zone: ZoneInfo, last: date, unit: str, bots: bool
) -> None:
    forget(database)
    begin = datetime(last.year, last.month, last.day, tzinfo=UTC) - timedelta(days=7)
    events = [
        event(name, time=begin + quarters * QUARTER + timedelta(milliseconds=ms), bot=bot, keeps=keeps)
        for name, quarters, ms, bot, keeps in rows
    ]
    edges = _edges(last, zone, unit)
    names: list[str | None] = ["page_view", "sign_up"]

    async def compare() -> None:
        one, other = Process(store), Process(store)
        kept = rollups(store, many=1)  # which knows some days when the others come
        await one.store(*events[: len(events) // 2 + 1])
        await one.rounds()
        await kept.counts(SCOPE, ["page_view", "sign_up"], edges, bots)
        if events[len(events) // 2 + 1 :]:
            await other.store(*events[len(events) // 2 + 1 :])
        await one.rounds()
        await count_all(store)
        for _ in range(2):
            for asked in (rollups(store), kept, kept):
                found = await asked.counts(SCOPE, ["page_view", "sign_up"], edges, bots)
                assert found.counts == {name: counts_of(events, name, edges, bots) for name in names}
            together = await rollups(store).counts(SCOPE, None, edges, bots)
            assert together.counts == {None: counts_of(events, None, edges, bots)}
            await rebuild(store)

    io_loop.run_sync(compare)
