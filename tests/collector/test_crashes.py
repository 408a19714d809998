"""A collector that dies before any one of its storage operations: what the clients' repetitions make good."""

from __future__ import annotations

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


async def died_at(site: Site, clock: Clock, n: int, events: list[Sent]) -> bool:
    """Whether a collector that dies at its ``n``-th operation got that far with these events."""
    death = Death(n)
    async with collecting(site, clock, death) as dying:
        for given in events:
            answer = await send(dying, given)
            assert answer.status == (503 if death.reached else 200), answer
            if death.reached:
                break
    return death.reached


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.gen_test(timeout=60)
async def test_repeated_after_a_crash_all_is_as_if_none_had_been(site: Site, clock: Clock, name: str) -> None:
    undisturbed, n = await another_list(site), 0
    await send_all(undisturbed, SCENARIOS[name])
    wanted, reached = picture(undisturbed), True
    while reached:
        n += 1
        there = await another_list(site)
        reached = await died_at(there, clock, n, SCENARIOS[name])
        await send_all(there, SCENARIOS[name])
        assert picture(there) == wanted, f"died at operation {n}"
    assert n > 2


@pytest.mark.parametrize("first", [ADDRESS, BOTH, IDENTIFY, CLAIM], ids=["tracked", "both", "identify", "claim"])
@pytest.mark.parametrize("later", [ADDRESS, IDENTIFY, CLAIM], ids=["then tracked", "then identify", "then claim"])
@pytest.mark.gen_test(timeout=60)
async def test_an_address_whose_first_event_died_is_announced_once_all_the_same(
    site: Site, clock: Clock, first: Sent, later: Sent
) -> None:
    reached, n = True, 0
    while reached:
        n += 1
        there = await another_list(site)
        reached = await died_at(there, clock, n, [first])
        stored = len(there.events(event_id="1"))
        await send_all(there, [{**later, "EventID": "2"}])
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
        reached, n = True, 0
        while reached:
            n += 1
            there = await another_list(site)
            reached = await died_at(there, clock, n, [first])
            if there.events():
                break
            await send_all(there, [{**IDENTIFY, "EventID": "2"}])
            assert len(there.events(event="identify")) == 1, f"died at operation {n}"
        assert n > 2


@pytest.mark.gen_test(timeout=60)
async def test_two_addresses_are_two_subscribers_although_the_first_died_on_its_way_to_its_id(
    site: Site, clock: Clock
) -> None:
    joe = {**BOTH, "EventID": "2", "Email": "joe@example.com", "UUID": "another"}
    reached, n = True, 0
    while reached:
        n += 1
        there = await another_list(site)
        reached = await died_at(there, clock, n, [BOTH])
        await send_all(there, [joe, BOTH])
        owners = {row["email"]: row["subscriber"] for row in there.events(event="page_view")}
        assert len(set(owners.values())) == 2, f"died at operation {n}"
