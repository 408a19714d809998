"""The console's stream of what happens: every outcome, with its reason, from every collector, and of nobody else's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from collector.live.teller import Teller
from collector.storage.guard import StoreAway
from collector.storage.live import Live
from collector.storage.questions.reading import Cut
from tests.support.clock import Clock
from tests.support.collectors import another_list, collecting
from tests.support.console import Console, at_console
from tests.support.site import ORIGIN, Site
from tests.support.streams import Reader, watching

SHAPE = {
    *("Key", "Event", "Time", "Received", "EventID", "UUID", "Email", "ID", "Subscriber", "Trust", "KeyPrefix", "Bot"),
    *("OriginUnknown", "Automatic", "Agent", "Properties", "Outcome", "Errors", "Warnings", "Cut", "Origin"),
}


async def open_for(reader: Reader, site: Site) -> None:
    """Returns once the stream is open, which the first event of it shows."""
    await site.track("opening")
    await reader.event("opening")


@pytest.mark.gen_test(timeout=60)
async def test_an_event_shows_within_two_seconds(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        began = time.monotonic()
        await site.track("first", UUID="browser", Email="ada@example.com", Properties={"a.b": [1, {"$c": None}]})
        found = await reader.event("first")
        assert time.monotonic() - began < 10  # it is under 1 s where the machine is not shared
        assert set(found) == SHAPE
        row = site.events(event="first")[0]
        assert (
            found.items()
            >= {
                "Key": row["_id"],
                "Outcome": "stored",
                "Errors": [],
                "Warnings": [],
                "UUID": "browser",
                "Email": "ada@example.com",
                "Properties": {"a.b": [1, {"$c": None}]},
                "KeyPrefix": site.secret[:11],
            }.items()
        )


@pytest.mark.gen_test(timeout=60)
async def test_the_newest_that_are_stored_come_first_and_once(site: Site, clock: Clock) -> None:
    console = await at_console(site)
    for number in range(52):
        await site.track(f"event {number}", Timestamp=(clock() - timedelta(minutes=60 - number)).isoformat())
    async with watching(console, site.list_id) as reader:
        await reader.event("event 51")
        await site.track("another")
        await reader.event("another")
        assert reader.names() == [*(f"event {number}" for number in range(2, 52)), "another"]
        assert {row["Outcome"] for row in reader.all()} == {"stored"}


@pytest.mark.gen_test(timeout=60)
async def test_test_events_show_and_leave_no_trace(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        before = {name: site.db[name].count_documents({}) for name in ("events", "subscribers", "catalog", "visitors")}
        await site.track("trial", Email="new@example.com", UUID="u", Properties={"isTest": True, "plan": "x"})
        found = await reader.event("trial")
        assert (found["Outcome"], found["Properties"]) == ("test", {"plan": "x"})
        assert {name: site.db[name].count_documents({}) for name in before} == before
        assert "trial" not in await site.properties()


@pytest.mark.gen_test(timeout=60)
async def test_a_repetition_shows_as_one(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        for _ in range(2):
            await site.track("once", EventID="e-1")
        await reader.until(lambda: reader.names().count("once") == 2)
        first, second = (row for row in reader.all() if row["Event"] == "once")
        assert (first["Outcome"], second["Outcome"]) == ("stored", "duplicate")
        assert first["Key"] != second["Key"]


REFUSED: list[tuple[dict[str, Any], list[int]]] = [
    ({"Event": "bad", "Email": "no address", "Timestamp": "soon"}, [7, 16]),
    ({"Event": "conversion"}, [8, 9, 10]),
    ({"Event": {"$ne": ""}}, [14]),
    ({"Event": "bad", "Properties": "x"}, [11]),
    ({"Event": "bad", "ListID": 10**9}, [4]),
    ({"Event": "bad", "ListID": "<script>"}, [4]),
    ({}, [5]),
]


def test_a_refused_event_shows_with_all_its_reasons_in_words(io_loop: Any, site: Site) -> None:
    async def look() -> None:
        console = await at_console(site)
        async with watching(console, site.list_id) as reader:
            await open_for(reader, site)
            for number, (given, codes) in enumerate(REFUSED):
                answer = await site.call("/api/v1/event", {"APIKey": site.secret, "ListID": site.list_id, **given})
                assert answer.codes == codes
                await reader.until(partial(_has_refused, reader, number + 1))
                found = _refused(reader)[-1]
                assert set(found) == SHAPE
                assert found["Errors"] == answer.body["Errors"]
            assert site.secret not in str(reader.all())

    io_loop.run_sync(look, timeout=60)


def _has_refused(reader: Reader, most: int) -> bool:
    return len(_refused(reader)) >= most


def _refused(reader: Reader) -> list[dict[str, Any]]:
    return [row for row in reader.all() if row["Outcome"] == "refused"]


@pytest.mark.gen_test(timeout=60)
async def test_a_page_that_is_not_the_key_s_shows_with_its_origin(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        assert (await site.claim("page_view", origin="https://Staging.example.com")).codes == [403]
        found = await reader.event("page_view")
        assert found["Errors"] == [{"Code": 403, "Message": "Origin not allowed"}]
        assert (found["Origin"], found["KeyPrefix"]) == ("https://staging.example.com", site.public[:11])
        given = {"APIKey": site.secret, "ListID": site.list_id, "Event": "from a page"}
        secret = await site.call("/api/v1/event", given, Origin=ORIGIN)
        assert secret.codes == [403]
        assert (await reader.event("from a page"))["Errors"][0]["Message"] == "This key belongs on a server"


@pytest.mark.gen_test(timeout=60)
async def test_what_was_taken_otherwise_than_meant_is_warned_of(site: Site, clock: Clock) -> None:
    console = await at_console(site)
    old = (clock() - timedelta(days=8)).isoformat()
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        await site.track("placeholders", Email="undefined", ID=0, UUID="[object Object]")
        await site.claim("nowhere", origin=None)
        await site.claim("late", Timestamp=old)
        await site.track("late but known", Timestamp=old)
        wanted = {
            "placeholders": ["placeholder in Email", "placeholder in ID", "placeholder in UUID"],
            "nowhere": ["origin unknown"],
            "late": ["Timestamp older than 7 days"],
            "late but known": [],
        }
        for name, warnings in wanted.items():
            assert (await reader.event(name))["Warnings"] == warnings, name


@pytest.mark.gen_test(timeout=60)
async def test_a_warning_still_comes_of_an_event_that_was_shown_as_it_is_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    console, tell, late = await at_console(site), Teller.tell, []
    monkeypatch.setattr(Teller, "tell", lambda *given: late.append(given))
    await site.track("known", Email="none")
    await site.track("plain")
    async with watching(console, site.list_id) as reader:
        await reader.until(lambda: len(reader.all()) == 2)
        monkeypatch.undo()
        for given in late:
            tell(*given)
        await site.track("after")
        await reader.event("after")
        shown = sorted((row["Event"], row["Key"], row["Warnings"]) for row in reader.all())
        keys = {row["event"]: row["_id"] for row in site.events()}
        known, plain, after = (keys[name] for name in ("known", "plain", "after"))
        warned = ("known", known, ["placeholder in Email"])
        assert shown == [("after", after, []), ("known", known, []), warned, ("plain", plain, [])]


@pytest.mark.gen_test(timeout=60)
async def test_each_event_of_a_batch_shows_with_its_own_verdict(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        events = [
            {"event": "good", "email": "none"},
            {"EVENT": "bad", "ID": []},
            "no event",
            {"Event": "trial", "Properties": {"isTest": 1}},
        ]
        batch = {"APIKey": site.secret, "ListID": site.list_id, "Events": events}
        assert (await site.call("/api/v1/events", batch)).body["status"] == "partial"
        await reader.until(lambda: len(reader.all()) == 5)
        found = {row["Event"]: (row["Outcome"], row["Warnings"], row["Errors"]) for row in reader.all()[1:]}
        assert found == {
            "good": ("stored", ["placeholder in Email"], []),
            "bad": ("refused", [], [{"Code": 13, "Message": "Invalid ID parameter"}]),
            None: ("refused", [], [{"Code": 17, "Message": "Invalid Events parameter"}]),
            "trial": ("test", [], []),
        }
        whole = await site.call("/api/v1/events", {**batch, "APIKey": site.public}, Origin="https://evil.com")
        assert whole.codes == [403]
        await reader.until(lambda: len(reader.all()) == 9)
        assert {row["Outcome"] for row in reader.all()[5:]} == {"refused"}


@pytest.mark.gen_test(timeout=60)
async def test_no_credential_address_or_user_agent_is_in_it(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        leaking = {"Event": "leaks", "Properties": {"key": f"my {site.secret}", site.public: 1}, "SessionID": "x"}
        agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Secret/1.0"
        for key, email in ((site.secret, "no address"), (site.secret, "ada@example.com")):
            await site.call(
                "/api/v1/event", {**leaking, "Email": email, "ListID": site.list_id, "APIKey": key}, User_Agent=agent
            )
        await reader.until(lambda: reader.names().count("leaks") == 2)
        told = str(reader.all()) + str(list(site.db["live"].find()))
        for secret in (site.secret, site.public, console.session, "127.0.0.1", "Secret/1.0", "Intel Mac"):
            assert secret not in told, secret
        assert f"my {site.secret[:11]}…" in str(reader.all()[1]["Properties"])


@pytest.mark.gen_test(timeout=60)
async def test_what_is_large_is_cut_and_says_so(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        large = {"text": "x" * 50_000, "n": 1}
        many = {f"name {number}": "y" * 200 for number in range(255)}
        await site.track("large", Properties=large)
        await site.track("many", Properties=many)
        await site.track("refused", Properties=large, Email="x" * 5_000)
        for name in ("large", "many", "refused"):
            found = await reader.event(name)
            assert found["Cut"] is True
            assert len(str(found)) < 12_000
        assert (await reader.event("large"))["Properties"]["n"] == 1
        assert (await site.track("small", Properties={"text": "x" * 200})).status == 200
        assert (await reader.event("small"))["Cut"] is False


@pytest.fixture
def other(make_site: Callable[..., Site]) -> Site:
    """Another user with a list and keys."""
    return make_site()


def test_events_of_other_users_and_lists_never_show(io_loop: Any, site: Site, other: Site) -> None:
    async def look() -> None:
        console, second = await at_console(site), await another_list(site)
        async with watching(console, site.list_id) as reader, watching(console, None) as unlisted:
            await open_for(reader, site)
            await other.track("theirs")
            await other.track("theirs", Email="bad")
            await other.call("/api/v1/event", {"APIKey": other.secret, "ListID": site.list_id, "Event": "foreign"})
            await other.claim("theirs", origin="https://evil.com")
            await second.track("of another list")
            await site.call("/api/v1/event", {"APIKey": "sk_" + "x" * 32, "ListID": site.list_id, "Event": "unknown"})
            await site.track("unlisted", ListID=None)
            await site.track("last")
            await reader.event("last")
            await unlisted.event("unlisted")
            assert reader.names() == ["opening", "last"]
            assert unlisted.names() == ["unlisted"]

    io_loop.run_sync(look, timeout=60)


def test_another_user_s_list_cannot_be_watched(io_loop: Any, site: Site, other: Site) -> None:
    async def look() -> None:
        console = await at_console(site)
        for list_id, code in ((other.list_id, 3), (10**9, 3), ("x", 2)):
            answer = await console.get(f"/console/live?ListID={list_id}")
            assert (answer.status, answer.codes) == (422, [code])
        gone = await Console(site, "se_" + "x" * 32).get(f"/console/live?ListID={site.list_id}")
        assert (gone.status, gone.codes) == (401, [99998])
        foreign = await console.get("/console/live", Origin=ORIGIN)
        assert foreign.status == 403

    io_loop.run_sync(look)


def test_what_any_collector_takes_shows_at_every_other(io_loop: Any, site: Site, clock: Clock) -> None:
    async def look() -> None:
        console = await at_console(site)
        async with collecting(site, clock) as second, collecting(site, clock) as third:
            await second.track("before anybody watches", Properties={"isTest": True})
            async with (
                watching(console, site.list_id) as here,
                watching(console, site.list_id, third.url) as there,
            ):
                await second.track("stored there")
                await second.track("trial there", Properties={"isTest": True})
                await third.claim("refused there", origin="https://evil.com")
                for reader in (here, there):
                    for name in ("stored there", "trial there", "refused there"):
                        await reader.event(name)

    io_loop.run_sync(look, timeout=60)


@pytest.mark.gen_test(timeout=60)
async def test_while_nobody_watches_nothing_is_written(site: Site) -> None:
    site.db["live"].delete_many({})
    await at_console(site)
    for number in range(5):
        await site.track(f"unseen {number}", Properties={"isTest": number % 2})
    assert site.db["live"].count_documents({}) == 0


@pytest.mark.gen_test(timeout=60)
async def test_a_flood_shows_in_part_and_says_how_much_is_missing(site: Site) -> None:
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await open_for(reader, site)
        batch = {"APIKey": site.secret, "ListID": site.list_id}
        for start in range(0, 4_000, 1_000):
            events = [{"Event": "flood", "EventID": f"{start + number}"} for number in range(1_000)]
            await site.call("/api/v1/events", {**batch, "Events": events})
        await site.track("trial", Properties={"isTest": True})
        await reader.event("trial")
        await reader.until(lambda: _left_out(reader) > 3_500)
        assert reader.names().count("flood") + _left_out(reader) >= 4_000
        assert reader.names().count("flood") < 1_000


def _left_out(reader: Reader) -> int:
    return sum(int(row["Count"]) for row in reader.all("left_out"))


@pytest.mark.gen_test(timeout=60)
async def test_a_session_that_ends_ends_the_stream(site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.web.live.PING_SECONDS", 0.2)
    console = await at_console(site)
    async with watching(console, site.list_id) as reader:
        await reader.until(lambda: reader.all("ping"))
        assert reader.all("ended") == []
        clock.move(hours=13)
        await reader.until(lambda: reader.all("ended"))


@pytest.mark.gen_test(timeout=60)
async def test_a_session_opens_so_many_streams_and_no_more(
    site: Site, collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.web.live.MOST_STREAMS", 2)
    console, other = await at_console(site), await at_console(site)
    async with watching(console, site.list_id) as first, watching(console, None) as second:
        assert b" 200 " in first.head
        assert b" 200 " in second.head
        third = await console.get(f"/console/live?ListID={site.list_id}")
        assert (third.status, third.codes, third.headers["Retry-After"]) == (429, [429], "2")
        async with watching(other, site.list_id) as theirs:
            assert b" 200 " in theirs.head

    await first.until(lambda: not collector.feed._streams)
    async with watching(console, site.list_id) as again:
        assert b" 200 " in again.head


@pytest.mark.gen_test(timeout=60)
async def test_in_an_outage_the_stream_says_so_and_goes_on_by_itself_after(site: Site, clock: Clock) -> None:
    console, away = await at_console(site), [False]

    async def before(_name: str) -> None:
        if away[0]:
            raise StoreAway("as the test says")

    async with (
        collecting(site, clock, before, more=("live", "questions")) as second,
        watching(console, site.list_id, second.url) as reader,
    ):
        await second.track("before")
        await reader.event("before")
        away[0] = True
        # A MongoDB that is slow here is away for a moment, too: what was said last counts.
        await reader.until(lambda: reader.all("away")[-1:] == [{"Away": True}])
        assert (await site.track("meanwhile")).status == 200
        away[0] = False
        await reader.until(lambda: reader.all("away")[-1:] == [{"Away": False}])
        await reader.event("meanwhile")
        await site.track("after")
        await reader.event("after")
        assert sorted(reader.names()) == ["after", "before", "meanwhile"]


@pytest.mark.gen_test(timeout=60)
async def test_a_stream_that_is_opened_between_two_outages_hears_of_the_second(
    site: Site, collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await at_console(site)

    async def away(*_: Any) -> None:
        raise StoreAway("as the test says")

    for _ in range(2):
        with monkeypatch.context() as meanwhile:
            async with watching(console, site.list_id) as reader:
                for name in ("watch", "since"):
                    meanwhile.setattr(Live, name, away)
                await reader.until(lambda: reader.all("away")[-1:] == [{"Away": True}])
            # Nobody will hear that it is back.
            await reader.until(lambda: collector.feed._reading is None)


@pytest.mark.gen_test(timeout=60)
async def test_a_look_at_what_is_stored_that_takes_too_long_is_taken_again(site: Site, clock: Clock) -> None:
    console, looks = await at_console(site), [0]

    async def before(name: str) -> None:
        looks[0] += name == "questions.newest"
        if name == "questions.newest" and looks[0] <= 2:
            raise Cut

    await site.track("stored already")
    async with (
        collecting(site, clock, before, more=("questions",)) as second,
        watching(console, site.list_id, second.url) as reader,
    ):
        await reader.event("stored already")
    assert looks[0] == 3


@pytest.mark.gen_test(timeout=60)
async def test_an_answer_to_an_event_waits_for_nothing_of_it(site: Site, clock: Clock) -> None:
    """Who watches may hang, and what is told may never be taken."""
    hanging = asyncio.Event()

    async def before(name: str) -> None:
        if name.startswith("live."):
            await hanging.wait()

    async with collecting(site, clock, before, more=("live",)) as second:
        for number in range(3):
            assert (await second.track(f"event {number}")).status == 200
        assert (await second.track(Email="bad")).status == 422
        hanging.set()


@pytest.mark.gen_test(timeout=60)
async def test_readers_that_go_leave_nothing_behind(site: Site, collector: Any) -> None:
    console = await at_console(site)
    for _ in range(3):
        async with watching(console, site.list_id) as reader:
            await open_for(reader, site)
        await reader.until(lambda: not collector.feed._streams and collector.feed._reading is None)
