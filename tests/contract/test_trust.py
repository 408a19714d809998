"""A public key claims, it never decides, and it learns nothing (section 3 of the contract)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from collector.access.tokens import prefix
from collector.ingest.links import subscriber_at
from tests.support.clock import Clock
from tests.support.site import Answer, Site

pytestmark = pytest.mark.gen_test(timeout=60)

JANE = {"Email": "jane@example.com"}
JOE = {"Email": "joe@example.com"}


def holder(site: Site, uuid: str, clock: Clock, **ago: float) -> str | None:
    """The address of the subscriber that a visitor was at a moment."""
    visitor = site.visitor(uuid)
    assert visitor is not None
    found = subscriber_at(visitor["links"], clock.now - timedelta(**ago))
    return next((row["email"] for row in site.subscribers() if row["_id"] == found), None)


async def test_a_claim_links_the_visitor_and_makes_an_unverified_subscriber(site: Site, clock: Clock) -> None:
    await site.claim("before", UUID="v")
    answer = await site.claim("view", UUID="v", **JANE, ID="u1")
    assert answer.body == {"status": "success", "uuid": "v", "external_id": "u1", "identify_event_sent": True}
    (subscriber,) = site.subscribers()
    assert (subscriber["email"], subscriber["verified"], subscriber["ids"]) == ("jane@example.com", False, [])
    (event,) = site.events(event="view")
    assert (event["subscriber"], event["external_id"]) == (subscriber["_id"], "u1")
    visitor = site.visitor("v")
    assert visitor is not None
    assert visitor["links"] == [
        {
            "subscriber": subscriber["_id"],
            "since": clock.now,
            "from": None,
            "until": None,
            "trust": "public",
            "key": prefix(site.public),
        }
    ]


async def test_all_that_a_key_brings_keeps_its_trust_and_its_name(site: Site) -> None:
    for send in (site.claim, site.track):
        await send("identify", UUID="v", **JANE, Properties={"plan": "pro"})
    expected = [("public", prefix(site.public)), ("secret", prefix(site.secret))]
    assert [(row["trust"], row["key"]) for row in site.events()] == expected
    assert {row["trust"] for row in (site.visitor("v") or {})["links"]} <= {"public", "secret"}


@pytest.mark.parametrize("event", ["view", "identify"])
async def test_a_secret_key_verifies_the_subscriber_that_was_claimed(site: Site, event: str) -> None:
    await site.claim(UUID="v", **JANE)
    await site.track(event, UUID="w", **JANE, ID="u1")
    (subscriber,) = site.subscribers()
    assert (subscriber["verified"], subscriber["ids"]) == (True, ["u1"])
    await site.claim(UUID="x", **JANE)
    assert site.subscribers()[0]["verified"] is True


@pytest.mark.parametrize("event", ["view", "identify"])
async def test_the_id_of_a_public_key_makes_moves_and_occupies_nothing(site: Site, event: str) -> None:
    answer = await site.claim(event, UUID="v", ID="u1")
    assert (answer.body["external_id"], answer.body["uuid"]) == ("u1", "v")
    assert site.subscribers() == []
    assert site.db["identities"].count_documents({"_id": {"$regex": f"^{site.scope}/"}}) == 0
    await site.claim(event, UUID="v", ID="u1", **JANE)
    await site.track("user", ID="u1")
    assert sorted((row.get("email", ""), row["ids"]) for row in site.subscribers()) == [
        ("", ["u1"]),
        ("jane@example.com", []),
    ]
    # Nor does one that is known tell or take anything.
    await site.claim(event, UUID="w", ID="u1", **JOE)
    assert [row["ids"] for row in site.subscribers() if row.get("email") == "joe@example.com"] == [[]]
    assert not any("conflict" in row for row in site.events())


async def test_a_link_from_a_secret_key_ends_a_claimed_one(site: Site, clock: Clock) -> None:
    await site.claim(UUID="v", **JOE)
    clock.move(minutes=1)
    await site.track(UUID="v", **JANE)
    clock.move(minutes=1)
    assert holder(site, "v", clock) == "jane@example.com"
    assert holder(site, "v", clock, seconds=61) == "joe@example.com"


@pytest.mark.parametrize("ago", [0, 1, 2, 60], ids="{} minutes before".format)
@pytest.mark.parametrize("claimed", [JANE, JOE], ids=["the same", "another"])
async def test_a_claim_never_ends_or_cuts_a_trusted_link(
    site: Site, clock: Clock, ago: int, claimed: dict[str, str]
) -> None:
    clock.move(minutes=1)
    await site.track(UUID="v", **JANE)
    before = site.visitor("v")
    clock.move(minutes=1)
    when = (clock.now - timedelta(minutes=ago)).isoformat()
    answer = await site.claim("claim", UUID="v", Timestamp=when, **claimed)
    assert answer.body["identify_event_sent"] is True
    assert site.visitor("v") == before
    # The event itself goes to whom it claims to come from.
    (event,) = site.events(event="claim")
    owner = next(row for row in site.subscribers() if row["_id"] == event["subscriber"])
    assert owner["email"] == claimed["Email"]


async def test_claims_follow_one_another_like_people_on_a_shared_browser(site: Site, clock: Clock) -> None:
    for names in (JANE, JOE, JANE):
        await site.claim(UUID="v", **names)
        clock.move(minutes=1)
    assert [holder(site, "v", clock, seconds=30 + 60 * minute) for minute in range(4)] == [
        "jane@example.com",
        "joe@example.com",
        "jane@example.com",
        "jane@example.com",
    ]


@pytest.mark.parametrize("order", [["track", "claim"], ["claim", "track"]], ids=str)
async def test_what_a_secret_key_says_of_a_person_stands_whatever_is_claimed(
    site: Site, clock: Clock, order: list[str]
) -> None:
    for send in order:
        await getattr(site, send)("identify", UUID=send, **JANE, Properties={"plan": send, send: 1})
        clock.move(seconds=1)
    (subscriber,) = site.subscribers()
    assert subscriber["traits"] == {"plan": "track", "track": 1}
    assert subscriber["claims"] == {"plan": "claim", "claim": 1}
    assert subscriber["verified"] is True


# Nothing is given away


PROBES: dict[str, dict[str, Any]] = {
    "view": {},
    "identify": {"event": "identify", "Properties": {"plan": "pro"}},
    "with a UUID": {"UUID": "v"},
    "with an EventID": {"UUID": "v", "EventID": "1"},
    "an identify with an EventID": {"event": "identify", "UUID": "v", "EventID": "1"},
    "with an ID": {"ID": "u1"},
    "a test": {"Properties": {"isTest": True}},
    "on a visitor who is known": {"UUID": "known"},
    "on a visitor who is claimed": {"UUID": "claimed"},
}


async def shown(site: Site, probe: dict[str, Any], email: str) -> tuple[Answer, list[Any]]:
    """What a claim answers, and all that MongoDB was asked to do for it: commands, and documents to be inserted."""
    before = inserts(site)
    site.db.command("profile", 2)
    try:
        answer = await site.claim(**probe, Email=email)
    finally:
        site.db.command("profile", 0)
    # What a client has claimed itself, which its limit depends on, is nothing new to it. And when its key is looked up
    # again, with its user and list, which catalog is the present one, and who watches, is a matter of seconds.
    rest = r"\.(system\.profile|keys|users|lists|limits|meta|watches)$"
    asked = list(site.db["system.profile"].find({"ns": {"$not": {"$regex": rest}}}))
    site.db.drop_collection("system.profile")
    commands = sorted((row["ns"], row["op"], row["command"].get("upsert")) for row in asked)
    return answer, [inserts(site) - before, *commands]


def inserts(site: Site) -> int:
    """How many documents this MongoDB was ever asked to insert, whether it did or not."""
    return int(site.db.client.admin.command("serverStatus")["opcounters"]["insert"])


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("name", PROBES)
async def test_known_and_unknown_addresses_are_answered_alike_and_written_alike(
    site: Site, clock: Clock, name: str
) -> None:
    await site.track("identify", **JANE, ID="u1", Properties={"plan": "free"})
    await site.claim(Email="claimed@example.com")
    await site.claim(**PROBES[name], Email="warm@example.com")  # the catalog has met its names
    found = []
    for number, email in enumerate(("jane@example.com", "claimed@example.com", "nobody@example.com")):
        await site.track(UUID=f"known{number}", **JOE)
        await site.claim(UUID=f"claimed{number}", **JOE)
        clock.move(seconds=1)
        probe = dict(PROBES[name])
        if "UUID" in probe:
            probe["UUID"] += str(number)
        found.append(await shown(site, probe, email))
    answers, asked = [answer for answer, _ in found], [commands for _, commands in found]
    assert asked[0] == asked[1] == asked[2]
    assert asked[0][0] == (0 if name == "a test" else 2)
    for answer in answers:
        assert answer.status == 200
        assert answer.body["identify_event_sent"] is (name != "a test")
        assert {**answer.body, "uuid": None} == {**answers[0].body, "uuid": None}
        assert answer.headers.keys() == answers[0].headers.keys()
        assert len(answer.headers["Content-Length"]) == len(answers[0].headers["Content-Length"])


async def test_the_uuid_that_a_public_key_is_answered_is_sent_or_fresh_and_never_a_persons(site: Site) -> None:
    known = await site.track(**JANE, ID="u1")
    answers = [await site.claim(**names) for names in (JANE, JANE, JOE, {"ID": "u1"}, {**JANE, "ID": "u1"}, {})]
    uuids = [answer.body["uuid"] for answer in answers]
    assert len({*uuids, known.body["uuid"]}) == 7
    assert {UUID(uuid).version for uuid in uuids} == {4}
    assert (await site.claim(UUID="v", **JANE)).body["uuid"] == "v"


async def test_a_public_key_never_learns_that_an_address_is_new(site: Site) -> None:
    await site.track(**JANE)
    for names in (JANE, JANE, JOE, JOE):
        assert (await site.claim(UUID="v", **names)).body["identify_event_sent"] is True
    assert (await site.claim(UUID="v")).body["identify_event_sent"] is False
    # What is stored is the truth all the same.
    assert sorted(row["email"] for row in site.events(automatic=True)) == ["jane@example.com", "joe@example.com"]


async def test_a_public_key_of_another_list_claims_nothing_here(site: Site, make_site: Callable[..., Site]) -> None:
    other = await site.administration.create_list("Another", site.user)
    assert (await site.claim(ListID=other.id, **JANE)).codes == [4]
    assert (await site.claim(ListID=2**50, **JANE)).codes == [4]
    assert site.subscribers() == []
