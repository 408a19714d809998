"""``subscribers.get`` and ``subscribers.list``: who somebody is, by whose word, and all that they did (section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.collectors import another_list
from tests.support.site import Answer, Site

GET, LIST = "/api/v1/subscribers.get", "/api/v1/subscribers.list"
ADA = "ada@example.com"


async def ask(site: Site, path: str = GET, **given: Any) -> Answer:
    """A question with the secret key, about the list."""
    return await site.call(path, {"APIKey": site.secret, "ListID": site.list_id, **given})


async def person(site: Site, **given: Any) -> dict[str, Any]:
    """A subscriber with its history."""
    answer = await ask(site, **given)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.body
    return found


def names(found: dict[str, Any]) -> list[str]:
    """The names of the events of an answer, the newest first."""
    return [event["Event"] for event in found["Events"]]


def at(clock: Clock, minutes: float) -> str:
    """A moment so many minutes ago."""
    return (clock() - timedelta(minutes=minutes)).isoformat()


@pytest.mark.gen_test(timeout=30)
async def test_anonymous_events_before_identification_are_history_too(site: Site, clock: Clock) -> None:
    for minutes, event, given in (
        (50, "landing", {}),
        (40, "pricing", {}),
        (30, "sign_up", {"Email": "Ada@Example.com", "ID": "user-1"}),
        (20, "pricing", {}),
    ):
        await site.track(event, UUID="browser", Timestamp=at(clock, minutes), **given)
    await site.track("order", Email=ADA, Timestamp=at(clock, 10))
    await site.track("landing", UUID="somebody else")
    found = await person(site, Email=" ADA@example.COM ")
    assert names(found) == ["order", "pricing", "identify", "sign_up", "pricing", "landing"] or names(found) == [
        "order",
        "pricing",
        "sign_up",
        "identify",
        "pricing",
        "landing",
    ]
    assert [event["Automatic"] for event in found["Events"] if event["Event"] == "identify"] == [True]
    shown = found["Subscriber"]
    assert (shown["Emails"], shown["IDs"]) == (
        [{"Email": ADA, "Trust": "secret"}],
        [{"ID": "user-1", "Trust": "secret"}],
    )
    assert shown["Verified"] is True
    assert shown["LastSeen"] == found["Events"][0]["Time"]
    assert {row["UUID"]: (row["From"], row["Until"], row["Trust"]) for row in shown["Visitors"]} == {
        "browser": (None, None, "secret"),
        shown["UUID"]: (None, None, "secret"),
    }
    assert found["Cursor"] is None


@pytest.mark.gen_test(timeout=30)
async def test_the_same_is_found_by_address_id_own_uuid_and_visitor(site: Site) -> None:
    await site.track("sign_up", UUID="browser", Email=ADA, ID="007")
    by_address = await person(site, Email=ADA)
    for given in (
        {"ID": "007"},
        {"UUID": by_address["Subscriber"]["UUID"]},
        {"UUID": "browser"},
        {"Email": ADA, "ID": "nobody", "UUID": "nobody"},
    ):
        assert await person(site, **given) == by_address, given
    for strange in ({"ID": 7}, {"ID": "07"}, {"Email": "eve@example.com"}, {"UUID": "nobody"}, {"UUID": "Browser"}):
        assert (await ask(site, **strange)).codes == [28], strange


@pytest.mark.gen_test(timeout=30)
async def test_an_integer_id_is_its_decimal_text(site: Site) -> None:
    await site.track("order", ID=12345)
    found = await person(site, ID="12345")
    assert found["Subscriber"]["IDs"] == [{"ID": "12345", "Trust": "secret"}]
    assert await person(site, ID=12345) == found == await person(site, ID=12345.0)


@pytest.mark.gen_test(timeout=30)
async def test_a_visitor_of_nobody_has_a_history_too(site: Site, clock: Clock) -> None:
    await site.track("landing", UUID="browser", Timestamp=at(clock, 2))
    found = await person(site, UUID="browser")
    assert (found["Subscriber"], found["Visitor"], found["Traits"]) == (None, "browser", [])
    assert names(found) == ["landing"]
    await site.track("identify", UUID="browser", Properties={"plan": "free", "$page_title": "x"})
    found = await person(site, UUID="browser")
    assert [(row["Trait"], row["Value"], row["Trust"]) for row in found["Traits"]] == [("plan", "free", "secret")]


@pytest.mark.gen_test(timeout=30)
async def test_on_a_shared_browser_each_has_what_they_did(site: Site, clock: Clock) -> None:
    for minutes, event, given in (
        (60, "before", {}),
        (50, "ada logs in", {"Email": ADA}),
        (40, "ada reads", {}),
        (30, "bob logs in", {"Email": "bob@example.com"}),
        (20, "bob reads", {}),
    ):
        await site.track(event, UUID="kiosk", Timestamp=at(clock, minutes), **given)
    ada, bob = await person(site, Email=ADA), await person(site, Email="bob@example.com")
    assert [name for name in names(ada) if name != "identify"] == ["ada reads", "ada logs in", "before"]
    assert [name for name in names(bob) if name != "identify"] == ["bob reads", "bob logs in"]
    until = [row["Until"] for row in ada["Subscriber"]["Visitors"] if row["UUID"] == "kiosk"]
    since = [row["From"] for row in bob["Subscriber"]["Visitors"] if row["UUID"] == "kiosk"]
    assert until == since != [None]
    assert (await person(site, UUID="kiosk"))["Subscriber"]["UUID"] == bob["Subscriber"]["UUID"]


@pytest.mark.gen_test(timeout=30)
async def test_what_pages_claim_is_shown_as_a_claim(site: Site, clock: Clock) -> None:
    await site.claim("identify", UUID="browser", Email=ADA, Properties={"plan": "gold", "name": "A"})
    claimed = await person(site, Email=ADA)
    shown = claimed["Subscriber"]
    assert (shown["Verified"], shown["Emails"]) == (False, [{"Email": ADA, "Trust": "public"}])
    assert {row["Trust"] for row in shown["Traits"] + shown["Visitors"] + claimed["Events"]} == {"public"}
    await site.track("identify", Email=ADA, Properties={"plan": "free"}, Timestamp=at(clock, 5))
    known = (await person(site, Email=ADA))["Subscriber"]
    assert (known["Verified"], known["Emails"]) == (True, [{"Email": ADA, "Trust": "secret"}])
    assert [(row["Trait"], row["Value"], row["Trust"]) for row in known["Traits"]] == [
        ("name", "A", "public"),
        ("plan", "free", "secret"),
        ("plan", "gold", "public"),
    ]
    times = {row["Trust"]: row["Time"] for row in known["Traits"]}
    assert datetime.fromisoformat(times["secret"]) == clock() - timedelta(minutes=5)


@pytest.mark.gen_test(timeout=30)
async def test_a_claim_under_a_trusted_link_goes_to_the_claimed_and_leaves_the_visitor(
    site: Site, clock: Clock
) -> None:
    await site.track("sign_up", UUID="browser", Email=ADA, Timestamp=at(clock, 30))
    await site.claim("newsletter", UUID="browser", Email="eve@example.com", Timestamp=at(clock, 20))
    await site.claim("reads", UUID="browser", Timestamp=at(clock, 10))
    ada, eve = await person(site, Email=ADA), await person(site, Email="eve@example.com")
    assert [name for name in names(ada) if name != "identify"] == ["reads", "sign_up"]
    assert [name for name in names(eve) if name != "identify"] == ["newsletter"]


@pytest.mark.gen_test(timeout=30)
async def test_an_address_and_an_id_of_two_people_are_a_conflict_that_both_show(site: Site) -> None:
    await site.track("sign_up", Email=ADA)
    await site.track("sign_up", ID="bob-1")
    assert (await person(site, Email=ADA))["Subscriber"]["Conflicts"] == []
    for _ in range(2):
        await site.track("order", Email=ADA, ID="bob-1")
    ada, bob = await person(site, Email=ADA), await person(site, ID="bob-1")
    (ours,), (theirs,) = ada["Subscriber"]["Conflicts"], bob["Subscriber"]["Conflicts"]
    assert ours.items() >= {"Names": "Email", "Subscriber": bob["Subscriber"]["UUID"], "ID": "bob-1"}.items()
    assert theirs.items() >= {"Names": "ID", "Subscriber": ada["Subscriber"]["UUID"], "ID": "bob-1"}.items()
    assert ours["Events"] == theirs["Events"] == 2
    assert names(ada).count("order") == 2
    assert "order" not in names(bob)


def _insert(site: Site, moments: list[datetime], **fields: Any) -> None:
    """Events of a visitor as they are stored, in no order."""
    rows = [
        {
            "_id": f"{site.scope}s:{site.list_id}-{fields.get('uuid')}-{number * 7919 % 1009:04d}-{number}",
            "scope": site.scope,
            "user_id": 1,
            "list_id": site.list_id,
            "event": "e",
            "properties": {},
            "uuid": "browser",
            "trust": "secret",
            "time": moment,
            "received": moment,
            "writer": "w",
            "seq": number,
            **fields,
        }
        for number, moment in enumerate(moments)
    ]
    site.db["events"].insert_many(rows)


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_hold_every_event_once_and_in_order_whatever_shares_a_moment(
    io_loop: Any, site: Site, clock: Clock, limit: int
) -> None:
    async def identified() -> str:
        await site.track("sign_up", UUID="browser", Email=ADA, Timestamp=at(clock, 600))
        await site.track("sign_up", UUID="phone", Email=ADA, Timestamp=at(clock, 600))
        return str((await person(site, Email=ADA))["Subscriber"]["UUID"])

    subscriber = io_loop.run_sync(identified)
    moments = [clock() - timedelta(minutes=minute) for minute in (5, 5, 5, 5, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7, 9)]
    for uuid in ("browser", "phone", "elsewhere"):
        named = {"subscriber": subscriber} if uuid != "phone" else {}
        _insert(site, moments, uuid=uuid, **named)
    rows = list(site.db["events"].find({"scope": site.scope}))
    expected = [row["_id"] for row in sorted(rows, key=lambda row: (row["time"], row["_id"]), reverse=True)]

    async def paged() -> list[str]:
        keys: list[str] = []
        cursor = None
        while True:
            page = await person(site, Email=ADA, Limit=limit, Cursor=cursor)
            keys += [event["Key"] for event in page["Events"]]
            assert page["Subscriber"]["LastSeen"] == _iso(moments[0])
            cursor = page["Cursor"]
            if cursor is None:
                return keys
            assert len(page["Events"]) == limit

    site.db["limits"].delete_many({})
    assert io_loop.run_sync(paged, timeout=60) == expected


def _iso(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


@pytest.mark.gen_test(timeout=60)
async def test_pages_stay_where_they_are_while_events_arrive(site: Site, clock: Clock) -> None:
    for minutes in range(6, 0, -1):
        await site.track(f"event {minutes}", UUID="browser", Timestamp=at(clock, minutes))
    first = await person(site, UUID="browser", Limit=3)
    await site.track("late", UUID="browser", Timestamp=at(clock, 1.5))
    await site.track("new", UUID="browser")
    second = await person(site, UUID="browser", Limit=3, Cursor=first["Cursor"])
    assert names(first) == ["event 1", "event 2", "event 3"]
    assert names(second) == ["event 4", "event 5", "event 6"]


@pytest.mark.gen_test(timeout=60)
async def test_many_visitors_make_one_history(site: Site, clock: Clock) -> None:
    for number in range(20):
        await site.track("anonymous", UUID=f"browser {number}", Timestamp=at(clock, 100 - number))
        await site.track("sign_up", UUID=f"browser {number}", Email=ADA, Timestamp=at(clock, 50 - number))
    found = await person(site, Email=ADA, Limit=200)
    assert names(found).count("anonymous") == names(found).count("sign_up") == 20
    times = [event["Time"] for event in found["Events"]]
    assert times == sorted(times, reverse=True)
    assert len(found["Subscriber"]["Visitors"]) == 20


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, [29]),
        ({"Email": None, "ID": "", "UUID": "undefined"}, [29]),
        ({"Email": "no address"}, [7]),
        ({"Email": ["a"], "ID": {"$ne": ""}, "UUID": 5}, [7, 12, 13]),
        ({"UUID": "x" * 129}, [12]),
        ({"ID": "x" * 256}, [13]),
        ({"ListID": "x"}, [2, 29]),
        ({"ListID": 10**6, "UUID": "x"}, [3]),
        ({"UUID": "x", "Limit": 0}, [25]),
        ({"UUID": "x", "Limit": 201}, [25]),
        ({"UUID": "x", "Limit": "many"}, [25]),
        ({"UUID": "x", "Cursor": "forged"}, [26]),
        ({"UUID": "x", "Cursor": "AAAA" * 20}, [26]),
        ({"UUID": "x", "Cursor": "é"}, [26]),
        ({"UUID": "x", "Cursor": 5}, [26]),
        ({"UUID": "x", "Cursor": "x", "Limit": 201, "ListID": 0}, [2, 25]),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_all_that_is_wrong_is_told(site: Site, given: dict[str, Any], codes: list[int]) -> None:
    answer = await ask(site, **given)
    assert (answer.status, answer.codes) == (422, codes)


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"Search": ["a"]}, [34]),
        ({"Search": "x" * 256}, [34]),
        ({"Limit": 201, "ListID": "x"}, [2, 25]),
        ({"ListID": 10**6}, [3]),
        ({"Cursor": "forged"}, [26]),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_of_a_list_too(site: Site, given: dict[str, Any], codes: list[int]) -> None:
    answer = await ask(site, LIST, **given)
    assert (answer.status, answer.codes) == (422, codes)


@pytest.fixture
def other(make_site: Callable[..., Site]) -> Site:
    """Another user with a list and keys."""
    return make_site()


def test_another_user_s_subscribers_are_as_if_they_did_not_exist(io_loop: Any, site: Site, other: Site) -> None:
    async def look() -> None:
        await other.track("sign_up", UUID="browser", Email=ADA, ID="1")
        theirs = (await person(other, Email=ADA))["Subscriber"]["UUID"]
        for given in ({"Email": ADA}, {"ID": "1"}, {"UUID": "browser"}, {"UUID": theirs}):
            assert (await ask(site, **given)).codes == [28]
            assert (await ask(site, **given, ListID=other.list_id)).codes == [3]
            assert (await ask(site, **given, ListID=None)).codes == [28]
        assert (await ask(site, LIST)).body["Subscribers"] == []
        assert (await ask(site, LIST, ListID=other.list_id)).codes == [3]

    io_loop.run_sync(look)


@pytest.mark.gen_test(timeout=30)
async def test_a_cursor_is_of_one_list_alone(site: Site) -> None:
    other = await another_list(site)
    for one in (site, other):
        for number in range(2):
            await one.track("e", UUID="browser", Email=f"n{number}@example.com")
    for path, given in ((GET, {"UUID": "browser"}), (LIST, {}), (LIST, {"Search": "n"})):
        cursor = (await ask(site, path, **given, Limit=1)).body["Cursor"]
        assert (await ask(site, path, **given, Cursor=cursor)).status == 200
        assert (await ask(other, path, **given, Cursor=cursor)).codes == [26]
        assert (await ask(site, path, **given, Cursor=("A" if cursor[0] != "A" else "B") + cursor[1:])).codes == [26]


@pytest.mark.gen_test(timeout=30)
async def test_who_was_tracked_without_a_list_is_found_without_one(site: Site) -> None:
    await site.track("order", ListID=None, Email=ADA)
    found = await person(site, ListID=None, Email=ADA)
    assert (found["ListID"], names(found).count("order")) == (None, 1)
    assert (await ask(site, Email=ADA)).codes == [28]
    listed = (await ask(site, LIST, ListID=None)).body
    assert (listed["ListID"], [row["Email"] for row in listed["Subscribers"]]) == (None, [ADA])


@pytest.mark.gen_test(timeout=60)
async def test_a_list_shows_those_made_last_first_a_page_at_a_time(site: Site, clock: Clock) -> None:
    for number in range(5):
        await site.track("order", Email=f"p{number}@example.com", ID=f"id-{number}")
        clock.move(seconds=number % 2)
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(3):
        answer = await ask(site, LIST, Limit=2, Cursor=cursor)
        rows += answer.body["Subscribers"]
        cursor = answer.body["Cursor"]
    assert cursor is None
    assert sorted(row["Email"] for row in rows) == [f"p{number}@example.com" for number in range(5)]
    created = [row["Created"] for row in rows]
    assert created == sorted(created, reverse=True)
    last = await person(site, Email=rows[0]["Email"])
    assert rows[0] == {
        "UUID": last["Subscriber"]["UUID"],
        "Email": rows[0]["Email"],
        "ID": f"id-{rows[0]['Email'][1]}",
        "Verified": True,
        "Created": last["Subscriber"]["Created"],
        "LastSeen": last["Subscriber"]["LastSeen"],
    }


SEARCHES = [
    ("a", ["ada@example.com", "adam@example.com", "a-1"]),
    ("AD", ["ada@example.com", "adam@example.com"]),
    ("ada@", ["ada@example.com"]),
    (" Ada@Example.com ", ["ada@example.com"]),
    ("A", ["ada@example.com", "adam@example.com", "A-2"]),
    ("a-1", ["a-1"]),
    ("a-12", []),
    ("käthe@bücher.example", ["käthe@xn--bcher-kva.example"]),
    ("KÄ", ["käthe@xn--bcher-kva.example"]),
    (".*", []),
    ("$ne", []),
    ("/", []),
    ("%", []),
]


def test_a_search_finds_those_whose_address_or_id_begins_so(io_loop: Any, site: Site) -> None:
    async def look() -> None:
        await asyncio.gather(
            *(site.track("e", Email=email) for email in (ADA, "adam@example.com", "Käthe@Bücher.example")),
            *(site.track("e", ID=external_id) for external_id in ("a-1", "A-2", "b-3")),
        )
        for search, wanted in SEARCHES:
            rows = (await ask(site, LIST, Search=search)).body["Subscribers"]
            assert [row["Email"] or row["ID"] for row in rows] == wanted, search

    io_loop.run_sync(look, timeout=60)


@pytest.mark.gen_test(timeout=30)
async def test_a_search_has_pages_and_shows_the_name_that_was_looked_for(site: Site) -> None:
    await site.track("e", Email=ADA, ID="x-1")
    await site.track("e", Email=ADA, ID="y-1")
    await site.track("e", ID="y-2")
    pages = [await ask(site, LIST, Search="y-", Limit=1)]
    pages.append(await ask(site, LIST, Search="y-", Limit=1, Cursor=pages[0].body["Cursor"]))
    assert [(row["Email"], row["ID"]) for page in pages for row in page.body["Subscribers"]] == [
        (ADA, "y-1"),
        (None, "y-2"),
    ]
    assert pages[1].body["Cursor"] is None


@pytest.mark.parametrize("path", [GET, LIST])
@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_reads_nobody(site: Site, path: str) -> None:
    await site.claim(Email=ADA)
    answer = await site.call(path, {"APIKey": site.public, "Email": ADA, "ListID": site.list_id})
    assert (answer.status, answer.codes) == (403, [99999])


@pytest.mark.gen_test(timeout=30)
async def test_both_are_asked_by_the_legacy_route_and_by_get_too(site: Site) -> None:
    await site.track("e", Email=ADA)
    credentials = {"APIKey": site.secret, "ListID": str(site.list_id)}
    wanted = await person(site, Email=ADA)
    legacy = await site.form("/api.php", {"Command": "Subscribers.Get", "Email": ADA, **credentials})
    query = f"ListID={site.list_id}&email=ada%40example.com"
    got = await site.send("GET", f"{GET}?{query}", Authorization=f"Bearer {site.secret}")
    assert legacy.body == got.body == wanted
    listed = await site.send("GET", f"{LIST}?ListID={site.list_id}", Authorization=f"Bearer {site.secret}")
    assert listed.body == (await site.form("/api.php", {"Command": "subscribers.list", **credentials})).body


@pytest.mark.gen_test(timeout=30)
async def test_what_a_retention_has_ended_is_not_shown(site: Site, clock: Clock) -> None:
    _insert(site, [clock()], uuid="browser", expire_at=clock() - timedelta(seconds=1))
    assert (await ask(site, UUID="browser")).codes == [28]
    _insert(site, [clock()], uuid="phone", expire_at=clock() + timedelta(hours=1))
    assert len((await person(site, UUID="phone"))["Events"]) == 1


@pytest.mark.gen_test(timeout=30)
async def test_values_are_shown_as_they_were_sent(site: Site) -> None:
    sent = {
        "": 0,
        "a.b": False,
        "$where": None,
        "$ref": "x",
        "deep": [{"$ref": "a", "$id": 1}],
        "n": 2**53 + 1,
        "f": 1.0,
    }
    await site.track("identify", UUID="browser", Email=ADA, Properties=sent)
    found = await person(site, Email=ADA)
    (event,) = [row for row in found["Events"] if not row["Automatic"]]
    assert event["Properties"] == sent
    traits = {row["Trait"]: row["Value"] for row in found["Subscriber"]["Traits"]}
    assert traits == {name: value for name, value in sent.items() if not name.startswith("$")}
