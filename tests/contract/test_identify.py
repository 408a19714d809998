"""identify: when one is stored, and the traits that it brings (section 5 of the contract)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.collectors import crowd
from tests.support.site import Site

pytestmark = pytest.mark.gen_test(timeout=60)

NAMES = ["", ".", "a.b", "a.$b", "plan$", "__proto__", "_id", "traits", "email", "é", "🙂", " ", "0"]
CONTEXT = ["$", "$set", "$a.$b", "$$ROOT", "$page_title"]


async def test_the_first_event_of_an_address_brings_an_identify_beside_it(site: Site) -> None:
    given = {"UUID": "v", "Email": "jane@example.com", "ID": "u1", "EventID": "1"}
    assert (await site.track("view", **given, Properties={"a": 1})).body["identify_event_sent"] is True
    tracked, identify = site.events(event="view")[0], site.events(event="identify")[0]
    assert len(site.events()) == 2
    alike = ("scope", "user_id", "list_id", "uuid", "email", "subscriber", "time", "received", "trust", "key")
    assert [identify[name] for name in alike] == [tracked[name] for name in alike]
    assert identify["automatic"] is True
    assert identify["properties"] == {}
    assert not {"event_id", "external_id"} & identify.keys()
    (subscriber,) = site.subscribers()
    assert (subscriber["email"], subscriber["ids"], subscriber["verified"]) == ("jane@example.com", ["u1"], True)


async def test_the_automatic_identify_is_listed_nowhere_and_an_explicit_one_is(site: Site) -> None:
    await site.track("view", Email="jane@example.com")
    assert await site.properties() == {"view": []}
    await site.track("identify", Email="jane@example.com", Properties={"plan": "pro"})
    assert await site.properties() == {"identify": ["plan"], "view": []}


async def test_the_automatic_identify_ends_with_its_event(kept: Site) -> None:
    await kept.track("view", Email="jane@example.com")
    (expiry,) = {row["expire_at"] for row in kept.events()}
    assert expiry > kept.events()[0]["received"]
    assert len(kept.events()) == 2


@pytest.fixture
def kept(make_site: Any) -> Any:
    """A site whose events are kept for a day."""
    return make_site(retention_days=1)


@pytest.mark.parametrize("given", [{"Email": "jane@example.com"}, {"ID": "u1"}, {}], ids=str)
async def test_an_explicit_identify_is_the_one_identify(site: Site, given: dict[str, Any]) -> None:
    for _ in range(2):
        assert (await site.track("identify", UUID="v", **given)).body["identify_event_sent"] is True
    assert [row.get("automatic") for row in site.events()] == [None, None]
    assert len(site.subscribers()) == bool(given)


async def test_an_event_is_an_identify_by_its_exact_name_alone(site: Site) -> None:
    for name in ("Identify", "IDENTIFY", " identify", "identify "):
        assert (await site.track(name, UUID="v", Properties={"a": 1})).body["identify_event_sent"] is False
    assert site.visitor("v") is None


@pytest.mark.parametrize("event", ["view", "identify"])
async def test_many_at_one_moment_make_one_subscriber_and_one_automatic_identify(site: Site, event: str) -> None:
    with crowd(site) as many:
        answers = await asyncio.gather(
            *(many.track(event, Email="jane@example.com", ID="u1", UUID=f"v{n % 7}") for n in range(40))
        )
    told = [answer.body["identify_event_sent"] for answer in answers]
    assert sum(told) == (1 if event == "view" else 40)
    assert len(site.events(event="identify")) == (1 if event == "view" else 40)
    assert len(site.events(automatic=True)) == (1 if event == "view" else 0)
    assert [(row["email"], row["ids"]) for row in site.subscribers()] == [("jane@example.com", ["u1"])]


@pytest.mark.parametrize("given", [{"Email": "jane@example.com"}, {"ID": "u1"}], ids=str)
async def test_traits_are_merged_name_by_name(site: Site, clock: Clock, given: dict[str, Any]) -> None:
    for properties in ({"plan": "free", "a": 1}, {"plan": "pro", "b": [1, {"c": None}]}, {}, {"a": None}):
        await site.track("identify", **given, Properties=properties)
        clock.move(seconds=1)
    (subscriber,) = site.subscribers()
    assert subscriber["traits"] == {"plan": "pro", "a": None, "b": [1, {"c": None}]}
    assert [row["properties"] for row in site.events()][1] == {"plan": "pro", "b": [1, {"c": None}]}


@pytest.mark.parametrize("given", [{"Email": "jane@example.com"}, {}], ids=["subscriber", "visitor"])
async def test_traits_have_the_names_that_were_sent_and_context_is_left_out(site: Site, given: dict[str, Any]) -> None:
    properties = {name: {name: position} for position, name in enumerate(NAMES + CONTEXT)}
    for _ in range(2):
        await site.track("identify", UUID="v", **given, Properties=properties)
    known = site.subscribers()[0] if given else site.visitor("v")
    assert known is not None
    assert known["traits"] == {name: {name: position} for position, name in enumerate(NAMES)}
    assert [row["properties"] for row in site.events()] == [properties, properties]


async def test_a_trait_keeps_its_type(site: Site, clock: Clock) -> None:
    values: list[Any] = [1, 1.0, True, 1, "1", 0, False, 0.0, None, [], {}, "", 2**63 - 1, -(2**63)]
    for value in values:
        await site.track("identify", ID="u1", Properties={"a": value})
        clock.move(seconds=1)
        assert repr(site.subscribers()[0]["traits"]["a"]) == repr(value)


@pytest.mark.parametrize("name", ["subscriber", "visitor"])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 1, 3)], ids=str)
async def test_of_a_trait_the_later_event_wins_whatever_the_order_of_arrival(
    site: Site, clock: Clock, name: str, order: tuple[int, ...]
) -> None:
    given = {"Email": "jane@example.com"} if name == "subscriber" else {}
    for minute in order:
        clock.move(seconds=1)
        properties = {"last": minute, f"at {minute}": True, "even": minute} if minute == 2 else {"last": minute}
        when = (clock.now - timedelta(minutes=10 - minute, seconds=clock.now.second)).isoformat()
        await site.track("identify", UUID="v", **given, Timestamp=when, Properties=properties)
    known = site.subscribers()[0] if given else site.visitor("v")
    assert known is not None
    assert known["traits"] == {"last": 3, "at 2": True, "even": 2}


async def test_a_repeated_identify_changes_nothing_that_came_after_it(site: Site, clock: Clock) -> None:
    for event_id, plan in (("1", "free"), ("2", "pro"), ("1", "free"), ("1", "other")):
        await site.track("identify", Email="jane@example.com", EventID=event_id, Properties={"plan": plan})
        clock.move(seconds=1)
    assert site.subscribers()[0]["traits"] == {"plan": "pro"}


async def test_events_other_than_identify_bring_no_traits(site: Site) -> None:
    await site.track("view", UUID="v", Email="jane@example.com", Properties={"plan": "pro"})
    assert "traits" not in site.subscribers()[0]
    assert "traits" not in (site.visitor("v") or {})


async def test_an_identify_of_nobody_gives_its_traits_to_the_visitor(site: Site) -> None:
    for uuid in ("v", "w"):
        answer = await site.track("identify", UUID=uuid, Properties={"plan": uuid})
        assert answer.body == {"status": "success", "uuid": uuid, "external_id": None, "identify_event_sent": True}
    assert site.subscribers() == []
    for uuid in ("v", "w"):
        visitor = site.visitor(uuid)
        assert visitor is not None
        assert (visitor["traits"], visitor["links"]) == ({"plan": uuid}, [])
    # The subscriber that it becomes has traits of its own, and the visitor's stay.
    await site.track("identify", UUID="v", Email="jane@example.com", Properties={"name": "Jane"})
    visitor = site.visitor("v")
    assert visitor is not None
    assert (visitor["traits"], len(visitor["links"])) == ({"plan": "v"}, 1)
    assert site.subscribers()[0]["traits"] == {"name": "Jane"}


@pytest.mark.parametrize("given", [{"Email": "jane@example.com"}, {}], ids=["subscriber", "visitor"])
async def test_claimed_traits_stand_apart_and_replace_nothing(site: Site, clock: Clock, given: dict[str, Any]) -> None:
    for send, value in ((site.claim, 1), (site.track, 2), (site.claim, 3)):
        await send("identify", UUID="v", **given, Properties={"a": value, f"of {value}": value})
        clock.move(seconds=1)
    known = site.subscribers()[0] if given else site.visitor("v")
    assert known is not None
    assert known["traits"] == {"a": 2, "of 2": 2}
    assert known["claims"] == {"a": 3, "of 1": 1, "of 3": 3}


async def test_a_list_knows_nothing_of_the_traits_of_another(site: Site) -> None:
    other = await site.administration.create_list("Another", site.user)
    await site.track("identify", Email="jane@example.com", Properties={"plan": "pro"})
    await site.track("view", ListID=other.id, Email="jane@example.com")
    (there,) = site.db["subscribers"].find({"scope": f"l{other.id}"})
    assert "traits" not in there
