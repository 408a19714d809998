"""A collector that dies before any one of its storage operations: what the clients' repetitions make good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.collectors import Death, another_list, collecting
from tests.support.picture import picture
from tests.support.site import Answer, Site

Sent = dict[str, Any]

VISIT: Sent = {"EventID": "1", "UUID": "visitor"}
ADDRESS: Sent = {**VISIT, "Email": "jane@example.com"}
BOTH: Sent = {**ADDRESS, "ID": "u1"}
IDENTIFY: Sent = {**BOTH, "Event": "identify", "Properties": {"plan": "pro"}}
CLAIM: Sent = {**ADDRESS, "key": "public"}

SCENARIOS: dict[str, list[Sent]] = {
    "an anonymous event": [VISIT],
    "traits of a visitor": [{**VISIT, "Event": "identify", "Properties": {"plan": "pro"}}],
    "a new address": [ADDRESS],
    "a new ID": [{**VISIT, "ID": "u1"}],
    "a new address and ID": [BOTH],
    "an explicit identify": [IDENTIFY],
    "a claim": [CLAIM],
    "an explicit claim": [{**IDENTIFY, "key": "public"}],
    "an ID that gains an address": [{"EventID": "0", "UUID": "visitor", "ID": "u1"}, BOTH],
    "an address that gains an ID": [{**ADDRESS, "EventID": "0"}, BOTH],
    "a conflict": [{"EventID": "a", "ID": "u1"}, {"EventID": "b", "Email": "jane@example.com"}, BOTH],
    "a claim that becomes known": [CLAIM, {**BOTH, "EventID": "2"}],
    "another on the same browser": [ADDRESS, {**ADDRESS, "EventID": "2", "Email": "joe@example.com"}],
}


async def send(site: Site, given: Sent) -> Answer:
    """An event with the key that it names."""
    rest = {name: value for name, value in given.items() if name not in ("Event", "key")}
    event = given.get("Event", "page_view")
    return await (site.claim if given.get("key") == "public" else site.track)(event, **rest)


async def send_all(site: Site, events: list[Sent]) -> None:
    """Events one after another, all of which succeed."""
    for given in events:
        answer = await send(site, given)
        assert answer.status == 200, answer


async def deaths(site: Site, clock: Clock, events: list[Sent]) -> AsyncIterator[tuple[int, Site]]:
    """For each operation that these events need, and one more: its number, and a list on which a collector has died
    before it."""
    death, n = Death(), 0
    async with collecting(site, clock, death) as mortal:
        while n == 0 or death.reached:
            n += 1
            there = await another_list(site)
            death.arm(n)
            for given in events:
                answer = await send(replace(there, url=mortal.url), given)
                assert answer.status == (503 if death.reached else 200), answer
                if death.reached:
                    break
            yield n, there
    assert n > 5


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.gen_test(timeout=60)
async def test_repeated_after_a_crash_all_is_as_if_none_had_been(site: Site, clock: Clock, name: str) -> None:
    undisturbed = await another_list(site)
    await send_all(undisturbed, SCENARIOS[name])
    wanted = picture(undisturbed)
    async for n, there in deaths(site, clock, SCENARIOS[name]):
        await send_all(there, SCENARIOS[name])
        assert picture(there) == wanted, f"died at operation {n}"


@pytest.mark.parametrize("first", [ADDRESS, BOTH, IDENTIFY, CLAIM], ids=["tracked", "both", "identify", "claim"])
@pytest.mark.gen_test(timeout=60)
async def test_an_address_whose_first_event_died_is_announced_once_all_the_same(
    site: Site, clock: Clock, first: Sent
) -> None:
    async for n, there in deaths(site, clock, [first]):
        later = ({**ADDRESS, "EventID": "2"}, {**IDENTIFY, "EventID": "2"}, {**CLAIM, "EventID": "2"})[n % 3]
        stored = len(there.events(event_id="1"))
        await send_all(there, [later])
        explicit = sum(given.get("Event") == "identify" for given in ([first] * stored) + [later])
        automatic = there.events(automatic=True)
        # The first identify is the automatic one or an explicit one, and never missing.
        assert len(automatic) <= 1, f"died at operation {n}"
        assert len(automatic) + explicit >= 1, f"died at operation {n}"
        assert [row["email"] for row in there.subscribers()] == ["jane@example.com"], f"died at operation {n}"


@pytest.mark.gen_test(timeout=60)
async def test_an_explicit_identify_is_the_one_identify_although_a_first_one_died_unstored(
    site: Site, clock: Clock
) -> None:
    for first in (ADDRESS, IDENTIFY):
        async for n, there in deaths(site, clock, [first]):
            if not there.events():
                await send_all(there, [{**IDENTIFY, "EventID": "2"}])
                assert len(there.events(event="identify")) == 1, f"died at operation {n}"


@pytest.mark.gen_test(timeout=60)
async def test_two_addresses_are_two_subscribers_although_the_first_died_on_its_way_to_its_id(
    site: Site, clock: Clock
) -> None:
    joe = {**BOTH, "EventID": "2", "Email": "joe@example.com", "UUID": "another"}
    async for n, there in deaths(site, clock, [BOTH]):
        await send_all(there, [joe, BOTH])
        owners = {row["email"]: row["subscriber"] for row in there.events(event="page_view")}
        assert len(set(owners.values())) == 2, f"died at operation {n}"
