"""EventID: the same event sent again is answered as a success and stored once (section 5 of the contract)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.collectors import collecting, crowd
from tests.support.site import Answer, Site

pytestmark = pytest.mark.gen_test(timeout=60)


def is_duplicate(answer: Answer) -> bool:
    """Whether a success says that it is one."""
    assert answer.status == 200, answer
    assert answer.body.get("duplicate") in (None, True)
    return "duplicate" in answer.body


@pytest.mark.parametrize("event", ["page_view", "identify"])
@pytest.mark.parametrize("given", [{}, {"Email": "jane@example.com"}, {"ID": "u1"}], ids=str)
async def test_the_same_event_again_is_a_duplicate_and_stored_once(
    site: Site, clock: Clock, event: str, given: dict[str, Any]
) -> None:
    for send in (site.track, site.claim):
        first = await send(event, UUID="v", EventID="1", **given)
        clock.move(days=30)
        again = await send(event, UUID="v", EventID="1", **given)
        assert (is_duplicate(first), is_duplicate(again)) == (False, True)
        assert list(again.body) == ["status", "uuid", "external_id", "identify_event_sent", "duplicate"]
        assert again.body == {**first.body, "identify_event_sent": False, "duplicate": True}
    assert [row["trust"] for row in site.events(event_id="1")] == ["secret", "public"]
    assert len(site.events(automatic=True)) <= 1


async def test_an_event_is_the_same_whatever_else_is_said_of_it_and_the_first_time_counts(
    site: Site, clock: Clock
) -> None:
    await site.track("view", UUID="v", EventID="1", Email="jane@example.com", Properties={"a": 1})
    again = await site.track("other", UUID="w", EventID="1", Email="joe@example.com", ID="u1", Properties={"b": 1})
    assert is_duplicate(again)
    (stored,) = site.events(automatic=None)
    assert (stored["event"], stored["uuid"], stored["email"]) == ("view", "v", "jane@example.com")
    assert [row["email"] for row in site.subscribers()] == ["jane@example.com"]
    assert [row["email"] for row in site.events(automatic=True)] == ["jane@example.com"]
    assert site.visitor("w") is None
    assert await site.properties() == {"view": ["a"]}
    # What only the repetition named is new still.
    assert (await site.track(Email="joe@example.com", ID="u1")).body["identify_event_sent"] is True
    assert [row.get("ids") for row in site.subscribers()] == [[], ["u1"]]


@pytest.mark.parametrize("send", ["track", "claim"])
async def test_an_address_of_a_repeated_identify_is_announced_when_it_comes_with_an_event_of_its_own(
    site: Site, send: str
) -> None:
    sent = getattr(site, send)
    await sent("identify", UUID="v", EventID="1", Email="jane@example.com")
    assert is_duplicate(await sent("identify", UUID="v", EventID="1", Email="joe@example.com"))
    assert (await sent("view", UUID="v", EventID="2", Email="joe@example.com")).body["identify_event_sent"] is True
    assert [row["email"] for row in site.events(automatic=True)] == ["joe@example.com"]


async def test_event_ids_at_one_moment_are_stored_once(site: Site) -> None:
    with crowd(site) as many:
        answers = await asyncio.gather(
            *(many.track(EventID=f"e{n % 3}", UUID="v", Email=f"p{n}@example.com") for n in range(60))
        )
    assert sum(not is_duplicate(answer) for answer in answers) == 3
    stored = site.events(automatic=None)
    assert len(stored) == 3
    assert sorted(row["email"] for row in site.subscribers()) == sorted(row["email"] for row in stored)
    assert sorted(row["email"] for row in site.events(automatic=True)) == sorted(row["email"] for row in stored)


async def test_another_host_knows_what_was_stored(site: Site, clock: Clock) -> None:
    await site.track(EventID="1")
    async with collecting(site, clock) as another:
        assert is_duplicate(await another.track(EventID="1"))


async def test_event_ids_that_differ_in_their_last_character_are_two_events(site: Site) -> None:
    ids = ["x" * (length - 1) + last for last in "abAé" for length in (1, 63, 64, 65, 127, 128)]
    for send in (site.track, site.claim):
        for expected in (False, True):
            answers = [await send(UUID="v", EventID=event_id) for event_id in ids]
            assert [is_duplicate(answer) for answer in answers] == [expected] * len(ids)
    assert len(site.events()) == 2 * len(ids)


async def test_an_event_id_holds_for_its_list(site: Site) -> None:
    other = await site.administration.create_list("Another", site.user)
    for expected in (False, True):
        for list_id in (site.list_id, other.id, None):
            assert is_duplicate(await site.track(EventID="1", ListID=list_id)) is expected


async def test_an_event_id_holds_for_all_secret_keys_and_sessions_of_its_list(site: Site) -> None:
    await site.track(EventID="1", UUID="v")
    another, _ = await site.administration.create_secret_key(site.user)
    login = await site.call("/api/v1/user.login", {"Username": site.user, "Password": site.password})
    for credential in ({"APIKey": another}, {"APIKey": None, "SessionID": login.body["SessionID"]}):
        assert is_duplicate(await site.track(EventID="1", UUID="w", **credential))


async def test_an_event_id_of_a_public_key_holds_for_its_visitor(site: Site) -> None:
    for expected in (False, True):
        for uuid in ("v", "w", "V"):
            assert is_duplicate(await site.claim(EventID="1", UUID=uuid)) is expected


async def test_a_public_key_can_neither_take_nor_probe_the_event_id_of_a_secret_key(site: Site) -> None:
    assert not is_duplicate(await site.track(EventID="1", UUID="v"))
    assert not is_duplicate(await site.claim(EventID="1", UUID="v"))
    assert not is_duplicate(await site.claim(EventID="2", UUID="v"))
    assert not is_duplicate(await site.track(EventID="2", UUID="v"))


@pytest.mark.parametrize("send", ["track", "claim"])
async def test_a_test_event_neither_takes_nor_reads_an_event_id(site: Site, send: str) -> None:
    sent = getattr(site, send)
    assert not is_duplicate(await sent(EventID="1", UUID="v", Properties={"isTest": True}))
    assert not is_duplicate(await sent(EventID="1", UUID="v"))
    assert not is_duplicate(await sent(EventID="1", UUID="v", Properties={"isTest": True}))


@pytest.mark.parametrize("given", [{}, {"EventID": None}, {"EventID": ""}], ids=str)
async def test_without_an_event_id_every_event_is_another(site: Site, given: dict[str, Any]) -> None:
    same = {"UUID": "550e8400-e29b-41d4-a716-446655440000", "Timestamp": "2026-01-01", **given}
    answers = [await send(**same) for send in (site.track, site.track, site.claim, site.claim)]
    assert not any(map(is_duplicate, answers))
    assert len(site.events()) == 4
