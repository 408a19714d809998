"""Two collectors at one moment: whatever one does between two operations of the other, all ends as if one had come
first and then the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.collector.test_crashes import send, send_all
from tests.support.clock import Clock
from tests.support.collectors import Meanwhile, another_list, collecting
from tests.support.picture import Row, picture
from tests.support.site import Answer, Site

Sent = dict[str, Any]

JANE: Sent = {"EventID": "1", "UUID": "one", "Email": "jane@example.com"}
SAME: Sent = {"EventID": "2", "UUID": "two", "Email": "jane@example.com"}
JOE: Sent = {"EventID": "2", "UUID": "two", "Email": "joe@example.com"}
BY_ID: Sent = {"EventID": "2", "UUID": "two", "ID": "u1"}
NO_ID: Sent = {"EventID": "0", "UUID": "none", "ID": "u1"}

Pair = tuple[list[Sent], Sent, Sent]

PAIRS: dict[str, Pair] = {
    "one new address": ([], JANE, SAME),
    "one new address, and an identify of it": ([], JANE, {**SAME, "Event": "identify"}),
    "two identifies of a new address": (
        [],
        {**JANE, "Event": "identify", "Properties": {"a": 1}},
        {**SAME, "Event": "identify", "Properties": {"b": 2}},
    ),
    "a new address with an ID, and the address": ([], {**JANE, "ID": "u1"}, SAME),
    "a new address with an ID, and the ID": ([], {**JANE, "ID": "u1"}, BY_ID),
    "two new addresses with one new ID": ([], {**JANE, "ID": "u1"}, {**JOE, "ID": "u1"}),
    "two new addresses with one known ID": ([NO_ID], {**JANE, "ID": "u1"}, {**JOE, "ID": "u1"}),
    "a new address with two new IDs": ([], {**JANE, "ID": "u1"}, {**SAME, "ID": "u2"}),
    "a claim and a secret key's event": ([], {**JANE, "key": "public"}, SAME),
    "a claim and an ID with its address": ([NO_ID], {**JANE, "ID": "u1"}, {**SAME, "key": "public"}),
    "one event twice": ([], JANE, JANE),
    "two people on one browser": ([], JANE, {**JOE, "UUID": "one"}),
    "one visitor's traits": (
        [],
        {"EventID": "1", "UUID": "one", "Event": "identify", "Properties": {"a": 1}},
        {"EventID": "2", "UUID": "one", "Event": "identify", "Properties": {"b": 1}},
    ),
}

ALIKE = {"one new address", "two identifies of a new address", "two new addresses with one new ID"}
ALIKE |= {"two new addresses with one known ID", "a new address with two new IDs", "one event twice"}
"""Pairs of which it is one which comes first."""


def timed(pair: Pair, clock: Clock) -> Pair:
    """The pair's events at times of their own, since of two at one moment the later to come stands."""
    before, one, other = pair
    at = [(clock.now - timedelta(seconds=seconds)).isoformat() for seconds in (2, 1)]
    return before, {**one, "Timestamp": at[0]}, {**other, "Timestamp": at[0] if one == other else at[1]}


def ending(site: Site, answers: list[Answer], claimed: bool) -> tuple[list[str], Row]:
    """What was answered, in no order, and what is stored.

    A claim is always told that it was announced: whether it or a secret key's event of the same moment truly was the
    one, and so which of them the automatic identify was made of, is then left open.
    """
    told, stored = [dict(answer.body) for answer in answers], picture(site)
    if claimed:
        told = [{**body, "identify_event_sent": None} for body in told]
        stored["events"] = [
            {"email": row["email"], "automatic": True} if row.get("automatic") else row for row in stored["events"]
        ]
    return sorted(map(repr, told)), {**stored, "events": sorted(stored["events"], key=repr)}


async def outcome(site: Site, before: list[Sent], one: Sent, other: Sent) -> tuple[list[str], Row]:
    """What comes of one event and then the other."""
    there = await another_list(site)
    await send_all(there, before)
    answers = [await send(there, given) for given in (one, other)]
    return ending(there, answers, "public" in (one.get("key"), other.get("key")))


async def meanwhiles(
    site: Site, clock: Clock, before: list[Sent], one: Sent, other: Sent
) -> AsyncIterator[tuple[int, Site, list[Answer]]]:
    """For each operation that ``one`` needs, and one more: its number, a list on which ``other`` was stored by another
    collector before it, and what both were answered."""
    meanwhile, n = Meanwhile(), 0
    async with collecting(site, clock, meanwhile) as first, collecting(site, clock) as second:
        while n == 0 or meanwhile.result:
            n += 1
            there = await another_list(site)
            await send_all(there, before)
            happening = partial(send, replace(there, url=second.url), other)
            meanwhile.arm(n, happening)
            answers = [await send(replace(there, url=first.url), one)]
            answers.append(meanwhile.result or await happening())
            yield n, there, answers
    assert n > 5


@pytest.mark.parametrize(
    ("name", "turned"),
    [(name, turned) for name in PAIRS for turned in (False, True) if not (turned and name in ALIKE)],
    ids=lambda value: value if isinstance(value, str) else "turned" * value,
)
@pytest.mark.gen_test(timeout=60)
async def test_two_collectors_at_one_moment_end_as_one_after_the_other(
    site: Site, clock: Clock, name: str, turned: bool
) -> None:
    before, one, other = timed(PAIRS[name], clock)
    one, other = (other, one) if turned else (one, other)
    allowed = [await outcome(site, before, one, other), await outcome(site, before, other, one)]
    async for n, there, answers in meanwhiles(site, clock, before, one, other):
        assert ending(there, answers, "claim" in name) in allowed, f"before operation {n}"


@pytest.mark.gen_test(timeout=60)
async def test_one_event_id_with_two_addresses_at_one_moment_is_one_event_and_harms_neither_address(
    site: Site, clock: Clock
) -> None:
    async for n, there, answers in meanwhiles(site, clock, [], JANE, {**JANE, "Email": "joe@example.com"}):
        assert len(there.events(event="page_view")) == 1, f"before operation {n}"
        assert sorted("duplicate" in answer.body for answer in answers) == [False, True], f"before operation {n}"
        await send_all(there, [{"Email": "jane@example.com"}, {"Email": "joe@example.com"}])
        assert sorted(row["email"] for row in there.events(automatic=True)) == ["jane@example.com", "joe@example.com"]
        assert sorted(row["email"] for row in there.subscribers()) == ["jane@example.com", "joe@example.com"]
