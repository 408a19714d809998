"""Who an event belongs to: the five rules, and how names are compared (section 5 of the contract)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from collector.ingest.links import subscriber_at
from tests.support.clock import Clock
from tests.support.site import Site

pytestmark = pytest.mark.gen_test(timeout=60)

JANE = {"Email": "jane@example.com"}
JOE = {"Email": "joe@example.com"}


def owner(site: Site, event: str) -> str | None:
    """The subscriber that the one event of this name names."""
    (row,) = site.events(event=event)
    found: str | None = row.get("subscriber")
    return found


def history(site: Site, subscriber: str) -> list[str]:
    """A subscriber's events: those that name it, and those of its visitors within the links' spans."""
    visitors = {row["uuid"]: row["links"] for row in site.db["visitors"].find({"scope": site.scope})}
    return [
        row["event"]
        for row in site.events(automatic=None)
        if row.get("subscriber", subscriber_at(visitors.get(row["uuid"], []), row["time"])) == subscriber
    ]


def links(site: Site, uuid: str) -> list[dict[str, Any]]:
    """The links of a visitor."""
    visitor = site.visitor(uuid)
    assert visitor is not None
    found: list[dict[str, Any]] = visitor["links"]
    return found


@pytest.mark.parametrize(
    "others",
    [
        ["JANE@EXAMPLE.COM", " jane@example.com ", "Jane@Example.Com", "\tjane@example.com\n"],
        ["jane@bücher.example", "jane@xn--bcher-kva.example", "JANE@BÜCHER.example", "jane@XN--BCHER-KVA.EXAMPLE"],
        ["jöhn@example.com", unicodedata.normalize("NFD", "jöhn@example.com"), "JÖHN@example.com"],
        [unicodedata.normalize("NFD", "jane@bücher.example"), "jane@bücher.example"],
    ],
    ids=["case and space", "punycode", "composition", "composition of the domain"],
)
async def test_addresses_that_are_written_differently_name_one_subscriber(site: Site, others: list[str]) -> None:
    answers = [await site.track(Email=email) for email in others]
    assert [answer.body["identify_event_sent"] for answer in answers] == [True] + [False] * (len(others) - 1)
    assert len({answer.body["uuid"] for answer in answers}) == 1
    (subscriber,) = site.subscribers()
    assert {row["email"] for row in site.events()} == {subscriber["email"]}


async def test_addresses_that_differ_name_subscribers_of_their_own(site: Site) -> None:
    emails = ["jane@example.com", "j.ane@example.com", "jane+1@example.com", "jane@example.org", "jäne@example.com"]
    for email in emails:
        await site.track(Email=email)
    assert sorted(row["email"] for row in site.subscribers()) == sorted(emails)


async def test_an_id_is_compared_exactly_and_an_integer_is_its_decimal_text(site: Site) -> None:
    ids = ["u1", "U1", "ü1", unicodedata.normalize("NFD", "ü1"), " u1", "1", "01", "a.b", "$a", "/id/"]
    for external_id in (*ids, 1, 1.0):
        await site.track(ID=external_id)
    assert sorted(row["ids"] for row in site.subscribers()) == sorted([external_id] for external_id in ids)


async def test_an_id_that_looks_like_an_address_is_no_address(site: Site) -> None:
    await site.track("by address", **JANE)
    await site.track("by id", ID="jane@example.com")
    assert owner(site, "by address") != owner(site, "by id")


# Rule 1


@pytest.mark.parametrize("names", [JANE, {"ID": "u1"}, {**JANE, "ID": "u1"}], ids=str)
async def test_an_event_belongs_to_the_subscriber_that_it_names_and_links_its_visitor(
    site: Site, clock: Clock, names: dict[str, Any]
) -> None:
    await site.track("named", UUID="v", **names)
    (subscriber,) = site.subscribers()
    assert owner(site, "named") == subscriber["_id"]
    (link,) = links(site, "v")
    assert link.pop("key")
    assert link == {
        "subscriber": subscriber["_id"],
        "since": clock.now,
        "from": None,
        "until": None,
        "trust": "secret",
    }
    assert site.db["visitors"].find_one({"links.subscriber": subscriber["_id"]})["uuid"] == "v"


async def test_a_person_may_have_many_visitors(site: Site) -> None:
    for uuid in ("phone", "laptop", "desk"):
        await site.track("visit", UUID=uuid)
        await site.track("login", UUID=uuid, **JANE)
    (subscriber,) = site.subscribers()
    assert sorted(history(site, subscriber["_id"])) == ["login"] * 3 + ["visit"] * 3


# Rule 2


async def test_what_a_visitor_did_before_becomes_its_subscribers(site: Site, clock: Clock) -> None:
    await site.track("long ago", UUID="v", Timestamp=(clock.now - timedelta(days=900)).isoformat())
    await site.track("before", UUID="v")
    await site.track("elsewhere", UUID="w")
    clock.move(seconds=1)
    await site.track("login", UUID="v", **JANE)
    clock.move(seconds=1)
    await site.track("after", UUID="v")
    (subscriber,) = site.subscribers()
    assert history(site, subscriber["_id"]) == ["long ago", "before", "login", "after"]
    assert [owner(site, name) for name in ("long ago", "before", "after")] == [None, None, None]  # never rewritten


# Rule 3


async def test_a_shared_browser_changes_hands_and_what_was_done_stays(site: Site, clock: Clock) -> None:
    for event, names in (
        ("first", {}),
        ("jane in", JANE),
        ("jane on", {}),
        ("joe in", JOE),
        ("joe on", {}),
        ("jane again", JANE),
        ("last", {}),
    ):
        await site.track(event, UUID="v", **names)
        clock.move(seconds=1)
    jane, joe = str(owner(site, "jane in")), str(owner(site, "joe in"))
    assert history(site, jane) == ["first", "jane in", "jane on", "jane again", "last"]
    assert history(site, joe) == ["joe in", "joe on"]
    assert [link["subscriber"] for link in links(site, "v")] == [jane, joe, jane]
    assert sorted(row["email"] for row in site.subscribers()) == ["jane@example.com", "joe@example.com"]


async def test_two_who_are_known_are_not_merged_by_a_visitor_they_share(site: Site, clock: Clock) -> None:
    await site.track("jane", UUID="j", **JANE)
    await site.track("user", UUID="u", ID="u1")
    clock.move(seconds=1)
    for names in (JANE, {"ID": "u1"}, {**JANE, "ID": "u1"}):
        await site.track("shared", UUID="shared", **names)
        clock.move(seconds=1)
    assert len(site.subscribers()) == 2
    assert [link["subscriber"] for link in links(site, "shared")] == [
        owner(site, "jane"),
        owner(site, "user"),
        owner(site, "jane"),
    ]


# Rule 4


@pytest.mark.parametrize("first", [JANE, {"ID": "u1"}], ids=["address first", "ID first"])
@pytest.mark.parametrize("together", ["view", "identify"])
async def test_a_subscriber_gains_the_name_that_comes_with_the_one_it_has(
    site: Site, first: dict[str, Any], together: str
) -> None:
    await site.track("first", UUID="a", **first)
    answer = await site.track(together, UUID="b", **JANE, ID="u1")
    assert answer.body["identify_event_sent"] is (together == "identify" or "ID" in first)
    for names in (JANE, {"ID": "u1"}):
        await site.track("later", UUID="c", **names)
    (subscriber,) = site.subscribers()
    assert (subscriber["email"], subscriber["ids"]) == ("jane@example.com", ["u1"])
    assert {row.get("subscriber") for row in site.events()} == {subscriber["_id"]}
    assert not any("conflict" in row for row in site.events())


async def test_a_subscriber_with_an_address_may_have_several_ids(site: Site) -> None:
    for external_id in ("u2", "u1", 3):
        await site.track(**JANE, ID=external_id)
    (subscriber,) = site.subscribers()
    assert subscriber["ids"] == ["3", "u1", "u2"]


async def test_an_id_gains_one_address_and_another_address_is_another_subscriber(site: Site) -> None:
    await site.track("user", ID="u1")
    await site.track("jane", ID="u1", **JANE)
    await site.track("joe", ID="u1", **JOE)
    await site.track("joe alone", **JOE)
    await site.track("user again", ID="u1")
    assert owner(site, "user") == owner(site, "jane") == owner(site, "user again") != owner(site, "joe")
    assert owner(site, "joe") == owner(site, "joe alone")
    assert sorted((row["email"], row["ids"]) for row in site.subscribers()) == [
        ("jane@example.com", ["u1"]),
        ("joe@example.com", []),
    ]


async def test_where_address_and_id_disagree_the_address_wins_and_the_conflict_is_seen(site: Site) -> None:
    await site.track("jane", **JANE)
    await site.track("user", ID="u1")
    answer = await site.track("both", UUID="v", EventID="1", **JANE, ID="u1")
    assert (answer.body["external_id"], answer.body["identify_event_sent"]) == ("u1", False)
    (event,) = site.events(event="both")
    assert (event["email"], event["external_id"]) == ("jane@example.com", "u1")
    assert (event["subscriber"], event["conflict"]) == (owner(site, "jane"), owner(site, "user"))
    assert links(site, "v")[0]["subscriber"] == owner(site, "jane")
    # The ID stays where it was.
    await site.track("user later", ID="u1")
    assert owner(site, "user later") == owner(site, "user")
    assert sorted(row["ids"] for row in site.subscribers()) == [[], ["u1"]]
    await site.track("both", UUID="v", EventID="1", **JANE, ID="u1")
    metrics = (await site.send("GET", "/metrics")).body.decode()
    assert "footfall_identity_conflicts_total 1.0" in metrics


# Scopes


@pytest.mark.parametrize("names", [JANE, {"ID": "u1"}, {**JANE, "ID": "u1"}], ids=str)
async def test_lists_do_not_mix(site: Site, neighbour: Site, names: dict[str, Any]) -> None:
    second = await site.administration.create_list("Another", site.user)
    places = [(site, site.list_id), (site, second.id), (site, None), (neighbour, neighbour.list_id), (neighbour, None)]
    for where, list_id in places:
        answer = await where.track("view", UUID="v", ListID=list_id, **names)
        assert answer.body["identify_event_sent"] is ("Email" in names)
    users = [where.events()[0]["user_id"] for where in (site, neighbour)]
    events = list(site.db["events"].find({"event": "view", "user_id": {"$in": users}}))
    assert len(events) == len(places)
    assert len({row["scope"] for row in events}) == len({row["subscriber"] for row in events}) == len(places)
    scopes = {"$in": [row["scope"] for row in events]}
    assert site.db["visitors"].count_documents({"scope": scopes, "uuid": "v"}) == len(places)
    assert site.db["subscribers"].count_documents({"scope": scopes}) == len(places)


@pytest.fixture
def neighbour(make_site: Callable[..., Site]) -> Site:
    """Another owner."""
    return make_site()
