"""event.track: what it answers, and what of it is stored (section 5 of the contract)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from collector.access.tokens import prefix
from collector.ingest.persons import Persons
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.site import Site

FIELDS = ["status", "uuid", "external_id", "identify_event_sent"]


@pytest.mark.parametrize("event", ["page_view", "identify"])
@pytest.mark.gen_test(timeout=60)
async def test_the_answer_has_four_fields_in_their_order_and_nothing_more(site: Site, event: str) -> None:
    names: list[dict[str, Any]] = [{}, {"UUID": "v"}, {"Email": "jane@example.com"}, {"ID": "u1"}]
    for given in (*names, {**names[2], **names[3]}, {**names[1], **names[2], **names[3]}):
        for answer in (await site.track(event, **given), await site.claim(event, **given)):
            assert answer.status == 200
            assert list(answer.body) == FIELDS
            assert answer.body["status"] == "success"


@pytest.mark.gen_test(timeout=60)
async def test_a_uuid_is_answered_as_it_was_sent(site: Site) -> None:
    uuids = ["v", "550e8400-e29b-41d4-a716-446655440000", "Ünïcode 🙂", "../" * 42 + "..", "a b", "$set", "a.b"]
    for uuid in uuids:
        for answer in (await site.track(UUID=uuid, Email="jane@example.com"), await site.claim(UUID=uuid)):
            assert answer.body["uuid"] == uuid
    assert {row["uuid"] for row in site.events()} == set(uuids)


@pytest.mark.gen_test(timeout=60)
async def test_of_whom_nothing_is_said_each_event_is_a_visitor_of_its_own(site: Site) -> None:
    answers = [await site.track(), await site.track(), await site.claim(), await site.claim(ID="u1")]
    uuids = {answer.body["uuid"] for answer in answers}
    assert len(uuids) == 4
    assert {UUID(uuid).version for uuid in uuids} == {4}
    assert {row["uuid"] for row in site.events()} == uuids


async def uuid_of(site: Site, **parameters: Any) -> str:
    """The visitor that is answered."""
    answer = await site.track(**parameters)
    assert answer.status == 200, answer
    return str(answer.body["uuid"])


@pytest.mark.gen_test(timeout=60)
async def test_a_person_has_one_uuid_whenever_and_on_whichever_host(site: Site, clock: Clock) -> None:
    by_email = await uuid_of(site, Email="jane@example.com")
    by_id = await uuid_of(site, ID="u1")
    assert by_email != by_id
    clock.move(days=400)
    async with collecting(site, clock) as another_host:
        for where in (site, another_host):
            assert await uuid_of(where, Email=" JANE@Example.COM ") == by_email
            assert await uuid_of(where, Email="jane@example.com", ID="u1") == by_email  # the address before the ID
            assert await uuid_of(where, Email="jane@example.com", ID="u2") == by_email
            assert await uuid_of(where, ID="u1") == by_id  # also when the subscriber has an address by now
            assert await uuid_of(where, ID="U1") != by_id


@pytest.mark.gen_test(timeout=60)
async def test_a_person_of_another_list_has_another_uuid(site: Site) -> None:
    other = await site.administration.create_list("Another", site.user)
    for given in ({"Email": "jane@example.com"}, {"ID": "u1"}):
        uuids = [await uuid_of(site, ListID=list_id, **given) for list_id in (site.list_id, other.id, None)]
        assert len(set(uuids)) == 3


def test_a_persons_uuid_cannot_be_computed_without_the_secret_of_the_database() -> None:
    known, guessed = Persons(lambda: b"1" * 32), Persons(lambda: b"2" * 32)
    assert known.by_identity("l1/email/jane@example.com") == known.by_identity("l1/email/jane@example.com")
    assert known.by_identity("l1/email/jane@example.com") != guessed.by_identity("l1/email/jane@example.com")
    assert UUID(known.by_identity("l1/email/jane@example.com")).version == 8


@pytest.mark.gen_test(timeout=60)
async def test_the_external_id_is_the_id_as_text_or_null(site: Site) -> None:
    table = [
        ("u1", "u1"),
        ("U1", "U1"),
        (12, "12"),
        (-3, "-3"),
        (2**70, str(2**70)),
        (5.0, "5"),
        (None, None),
        ("", None),
    ]
    for sent, answered in table:
        for answer in (await site.track(ID=sent), await site.claim(ID=sent), await site.track("identify", ID=sent)):
            assert answer.status == 200
            assert answer.body["external_id"] == answered
    assert {row.get("external_id") for row in site.events(automatic=None)} == {answered for _, answered in table}


@pytest.mark.gen_test(timeout=60)
async def test_identify_event_sent_tells_the_first_time_of_an_address(site: Site) -> None:
    told = [
        (await site.track(**given)).body["identify_event_sent"]
        for given in (
            {},
            {"ID": "u1"},
            {"Email": "jane@example.com"},
            {"Email": "jane@example.com"},
            {"Email": "Jane@Example.com", "ID": "u1"},
            {"event": "identify", "Email": "jane@example.com"},
            {"event": "identify"},
            {"Email": "joe@example.com", "ID": "u1"},
        )
    ]
    assert told == [False, False, True, False, False, True, True, True]


@pytest.mark.gen_test(timeout=60)
async def test_a_session_is_as_good_as_a_secret_key(site: Site) -> None:
    login = await site.call("/api/v1/user.login", {"Username": site.user, "Password": site.password})
    given = {"SessionID": login.body["SessionID"], "Event": "page_view", "ListID": site.list_id, "ID": "u1"}
    answer = await site.call("/api/v1/event", given)
    assert answer.body["uuid"] == await uuid_of(site, ID="u1")
    stored = site.events()
    assert [row["trust"] for row in stored] == ["secret", "secret"]
    assert [row.get("key") for row in stored] == [None, prefix(site.secret)]


@pytest.mark.gen_test(timeout=60)
async def test_an_event_is_stored_with_all_that_was_sent_and_whence_it_came(site: Site, clock: Clock) -> None:
    answer = await site.claim(
        "view",
        UUID="v",
        Email="Jane@Example.com",
        ID=7,
        EventID="e1",
        Timestamp="2020-01-01",
        SentAt=clock.now.timestamp(),
        Properties={"$a": [1, {"b": None}], "": 1.5},
    )
    assert answer.status == 200
    (stored,) = site.events(event="view")
    subscriber = site.subscribers()[0]["_id"]
    assert {name: value for name, value in stored.items() if name not in ("_id", "writer", "seq", "time")} == {
        "scope": site.scope,
        "user_id": stored["user_id"],
        "list_id": site.list_id,
        "event": "view",
        "event_id": "e1",
        "uuid": "v",
        "email": "jane@example.com",
        "external_id": "7",
        "properties": {"$a": [1, {"b": None}], "": 1.5},
        "received": clock.now,
        "timestamp": "2020-01-01",
        "sent_at": clock.now.timestamp(),
        "trust": "public",
        "key": prefix(site.public),
        "subscriber": subscriber,
    }


@pytest.mark.gen_test(timeout=60)
async def test_nothing_is_kept_of_the_clients_address_and_its_user_agent(site: Site) -> None:
    given = {"APIKey": site.secret, "ListID": site.list_id, "Event": "view", "Email": "jane@example.com"}
    await site.call("/api/v1/event", given, User_Agent="Tell-Tale/1.0", X_Forwarded_For="203.0.113.77")
    kept = repr([list(site.db[name].find()) for name in site.db.list_collection_names()])
    assert "jane@example.com" in kept
    assert not any(told in kept for told in ("Tell-Tale", "203.0.113.77", "127.0.0.1"))


@pytest.mark.gen_test(timeout=60)
async def test_an_event_is_answered_once_a_majority_has_it_in_its_journal(site: Site) -> None:
    await site.track()
    site.db.command("profile", 2)
    try:
        await site.track("identify", Email="jane@example.com", UUID="v")
    finally:
        site.db.command("profile", 0)
    inserted = list(site.db["system.profile"].find({"op": "insert", "ns": f"{site.db.name}.events"}))
    assert [(row["writeConcern"]["w"], row["writeConcern"]["j"]) for row in inserted] == [("majority", True)]


@pytest.mark.parametrize("event", ["page_view", "identify"])
@pytest.mark.gen_test(timeout=60)
async def test_an_event_for_no_list_is_the_users(site: Site, neighbour: Site, event: str) -> None:
    for owner in (site, neighbour):
        answer = await owner.track(event, ListID=None, Email="jane@example.com", UUID="v", EventID="1")
        assert answer.body == {"status": "success", "uuid": "v", "external_id": None, "identify_event_sent": True}
    assert site.events() == []
    mine = list(site.db["events"].find({"event": event, "event_id": "1", "list_id": None}))
    assert len({row["scope"] for row in mine}) == len({row["user_id"] for row in mine}) == 2
    assert len({row["subscriber"] for row in mine}) == 2


@pytest.fixture
def neighbour(make_site: Callable[..., Site]) -> Site:
    """Another owner."""
    return make_site()


@pytest.mark.gen_test(timeout=60)
async def test_a_key_with_a_default_list_needs_none_and_may_name_another(site: Site) -> None:
    default = await site.administration.create_list("Default", site.user)
    key, _ = await site.administration.create_secret_key(site.user, list_id=default.id)
    for given in ({}, {"ListID": site.list_id}):
        answer = await site.call("/api/v1/event", {"APIKey": key, "Event": "view", **given})
        assert answer.status == 200
    assert sorted(row["list_id"] for row in site.db["events"].find({"key": prefix(key)})) == [site.list_id, default.id]
