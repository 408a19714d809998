"""Keys and lists at the console: a user's own, and of others as if they did not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.commands.console import CONSOLE
from collector.commands.openapi import document
from collector.commands.table import COMMANDS
from collector.model import user_scope
from tests.support.console import Console, at_console
from tests.support.site import ORIGIN, Site

OWN = sorted({command.name for command in CONSOLE} - {command.name for command in COMMANDS})


async def track_with(site: Site, key: str, **headers: str) -> int:
    """The status of an event with a key."""
    return (await site.call("/api/v1/event", {"APIKey": key, "Event": "e", "ListID": site.list_id}, **headers)).status


@pytest.mark.gen_test(timeout=30)
async def test_the_keys_of_a_list_are_shown_without_the_keys(site: Site) -> None:
    console = await at_console(site)
    await site.claim()
    answer = await console.ask("console.keys", ListID=site.list_id)
    assert answer.status == 200
    secret, public = answer.body["Keys"]
    assert (secret["Kind"], secret["ListID"], secret["Prefix"]) == ("secret", None, site.secret[:11])
    assert public.pop("Created").endswith("Z")
    assert "LastUsed" in public
    del public["LastUsed"]
    assert public == {
        "Prefix": site.public[:11],
        "Kind": "public",
        "ListID": site.list_id,
        "Origins": [ORIGIN],
        "Permissions": ["Events.Track"],
        "RateLimit": None,
    }
    assert site.secret not in str(answer.body)


@pytest.mark.gen_test(timeout=30)
async def test_a_key_of_another_list_is_shown_where_it_belongs(site: Site) -> None:
    console = await at_console(site)
    other = (await console.ask("console.list_create", Name="Other")).body["ListID"]
    made = await console.ask("console.key_create", ListID=other, Kind="secret")

    async def shown(**given: Any) -> set[str]:
        return {row["Prefix"] for row in (await console.ask("console.keys", **given)).body["Keys"]}

    assert await shown(ListID=site.list_id) == {site.secret[:11], site.public[:11]}
    assert await shown(ListID=other) == {site.secret[:11], made.body["Prefix"]}
    assert await shown() == {site.secret[:11], site.public[:11], made.body["Prefix"]}


@pytest.mark.gen_test(timeout=30)
async def test_a_key_is_made_shown_once_and_works(site: Site) -> None:
    console = await at_console(site)
    origins = ["https://Blog.example.com/", "https://*.example.org"]
    public = (await console.ask("console.key_create", ListID=site.list_id, Kind="public", Origins=origins)).body
    secret = (await console.ask("console.key_create", ListID=site.list_id, Kind="secret", Origins=[])).body
    for made, kind in ((public, "pk_"), (secret, "sk_")):
        assert made["Key"].startswith(kind)
        assert made["Prefix"] == made["Key"][:11]
    assert await track_with(site, public["Key"], Origin="https://blog.example.com") == 200
    assert await track_with(site, public["Key"], Origin="https://a.example.org") == 200
    assert await track_with(site, public["Key"], Origin=ORIGIN) == 403
    assert await track_with(site, secret["Key"]) == 200
    again = await console.ask("console.keys")
    assert public["Key"] not in str(again.body)


@pytest.mark.gen_test(timeout=30)
async def test_a_key_for_servers_need_not_be_of_a_list(site: Site) -> None:
    console = await at_console(site)
    made = (await console.ask("console.key_create", Kind="secret")).body
    (shown,) = [row for row in (await console.ask("console.keys")).body["Keys"] if row["Prefix"] == made["Prefix"]]
    assert (shown["Kind"], shown["ListID"]) == ("secret", None)
    assert await track_with(site, made["Key"]) == 200
    unlisted = await site.call("/api/v1/event", {"APIKey": made["Key"], "Event": "of no list"})
    assert unlisted.status == 200
    user = site.db["users"].find_one({"name": site.user})
    assert site.db["events"].find_one({"event": "of no list"})["scope"] == user_scope(user["_id"])


@pytest.mark.gen_test(timeout=30)
async def test_the_origins_of_a_key_can_be_changed_and_the_key_ended(site: Site) -> None:
    console = await at_console(site)
    made = (await console.ask("console.key_create", ListID=site.list_id, Kind="public", Origins=[ORIGIN])).body
    changed = await console.ask("console.key_origins", Prefix=made["Prefix"], Origins=["https://new.example.com"])
    assert changed.body == {"Prefix": made["Prefix"], "Origins": ["https://new.example.com"]}
    assert await track_with(site, made["Key"], Origin="https://new.example.com") == 200
    row = site.db["keys"].find_one({"prefix": made["Prefix"]})
    assert (row["origins"], row["revoked"]) == (["https://new.example.com"], False)
    ended = await console.ask("console.key_revoke", Prefix=made["Prefix"])
    assert (ended.status, ended.body) == (200, {"Prefix": made["Prefix"], "Revoked": True})
    assert site.db["keys"].find_one({"prefix": made["Prefix"]})["revoked"] is True
    assert (await console.ask("console.key_revoke", Prefix=made["Prefix"])).codes == [32]
    assert made["Prefix"] not in str((await console.ask("console.keys")).body)


@pytest.fixture
def other(make_site: Callable[..., Site]) -> Site:
    """Another user with a list and keys."""
    return make_site()


def test_another_user_s_keys_and_lists_are_as_if_they_did_not_exist(io_loop: Any, own: Any, other: Site) -> None:
    io_loop.run_sync(lambda: _are_unknown(own[1], other))


async def _are_unknown(console: Console, other: Site) -> None:
    site = console.site
    foreign = site.db["keys"].find_one({"prefix": other.public[:11]})
    other_list = site.db["lists"].find_one({"_id": other.list_id})
    nowhere = {"Prefix": "pk_nowhere1", "ListID": 10**6}
    there = {"Prefix": foreign["prefix"], "ListID": other_list["_id"]}
    for command, more, names in (
        ("console.keys", {}, ["ListID"]),
        ("console.key_create", {"Kind": "secret"}, ["ListID"]),
        ("console.key_create", {"Kind": "public", "Origins": [ORIGIN]}, ["ListID"]),
        ("console.key_revoke", {}, ["Prefix"]),
        ("console.key_origins", {"Origins": [ORIGIN]}, ["Prefix"]),
        ("console.list_update", {"Name": "mine"}, ["ListID"]),
    ):
        answers = [
            await console.ask(command, **more, **{name: given[name] for name in names}) for given in (nowhere, there)
        ]
        assert answers[0].status == 422
        assert answers[0].body == answers[1].body, command
    assert site.db["keys"].find_one({"_id": foreign["_id"]}) == foreign
    assert site.db["lists"].find_one({"_id": other_list["_id"]}) == other_list


@pytest.mark.gen_test(timeout=30)
async def test_a_list_is_made_and_changed(site: Site) -> None:
    console = await at_console(site)
    made = await console.ask("console.list_create", Name="  Bücher 📚 ", TimeZone="Europe/Berlin")
    assert made.status == 200
    list_id = made.body["ListID"]
    assert made.body == {"ListID": list_id, "Name": "Bücher 📚", "TimeZone": "Europe/Berlin"}
    assert (await console.ask("console.list_update", ListID=list_id, TimeZone="America/New_York")).body == {
        **made.body,
        "TimeZone": "America/New_York",
    }
    renamed = await console.ask("console.list_update", ListID=list_id, Name="<b>Books</b>")
    assert renamed.body == {"ListID": list_id, "Name": "<b>Books</b>", "TimeZone": "America/New_York"}
    lists = (await console.get("/console/session")).body["Lists"]
    assert lists[1] == renamed.body


@pytest.mark.parametrize(
    ("command", "given", "codes"),
    [
        ("key_create", {}, [1, 31]),
        ("key_create", {"ListID": "own"}, [31]),
        ("key_create", {"Kind": "public", "Origins": [ORIGIN]}, [1]),
        ("key_create", {"ListID": "x", "Kind": "both"}, [2, 31]),
        ("key_create", {"ListID": "own", "Kind": "public"}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": []}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": ORIGIN}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": [ORIGIN, 5]}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": ["*"]}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": ["javascript:alert(1)"]}, [30]),
        ("key_create", {"ListID": "own", "Kind": "public", "Origins": [f"https://a{n}.com" for n in range(101)]}, [30]),
        ("key_create", {"ListID": 0, "Kind": "public", "Origins": ["x"]}, [2, 30]),
        ("key_origins", {}, [30, 32]),
        ("key_origins", {"Prefix": "pk_x", "Origins": [ORIGIN]}, [32]),
        ("key_origins", {"Prefix": "secret", "Origins": [ORIGIN]}, [32]),
        ("key_revoke", {}, [32]),
        ("key_revoke", {"Prefix": {"$ne": ""}}, [32]),
        ("list_create", {}, [33]),
        ("list_create", {"Name": "  ", "TimeZone": "Mars/Olympus"}, [23, 33]),
        ("list_create", {"Name": "x", "TimeZone": "../../etc/passwd"}, [23]),
        ("list_create", {"Name": "x", "TimeZone": 1}, [23]),
        ("list_create", {"Name": "\u202e\n"}, [33]),
        ("list_create", {"Name": "x" * 201}, [33]),
        ("list_create", {"Name": ["x"]}, [33]),
        ("list_update", {"Name": "x"}, [1]),
        ("list_update", {"ListID": "own", "Name": "\0", "TimeZone": "x"}, [23, 33]),
    ],
)
def test_all_that_is_wrong_is_told(
    io_loop: Any, own: Any, command: str, given: dict[str, Any], codes: list[int]
) -> None:
    site, console = own
    known = {"own": site.list_id, "secret": site.secret[:11]}
    given = {name: known.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
    before = [list(site.db[name].find()) for name in ("keys", "lists")]
    answer = io_loop.run_sync(lambda: console.ask(f"console.{command}", **given))
    assert (answer.status, answer.codes) == (422, codes)
    assert [list(site.db[name].find()) for name in ("keys", "lists")] == before


@pytest.fixture
def own(io_loop: Any, site: Site) -> Any:
    """A site, and its owner at the console."""
    return site, io_loop.run_sync(lambda: at_console(site))


@pytest.mark.gen_test(timeout=30)
async def test_names_and_origins_at_their_limits_are_taken(site: Site) -> None:
    console = await at_console(site)
    assert (await console.ask("console.list_create", Name="x" * 200)).status == 200
    origins = [f"https://a{number}.com" for number in range(100)]
    made = await console.ask("console.key_create", ListID=site.list_id, Kind="public", Origins=origins)
    assert made.status == 200


@pytest.mark.gen_test(timeout=30)
async def test_the_console_s_own_commands_are_nowhere_else(site: Site) -> None:
    console = await at_console(site)
    assert len(OWN) == 8
    described = str(document(COMMANDS))
    for name in OWN:
        for credentials in ({"APIKey": site.secret}, {"SessionID": console.session}):
            given = {"Command": name, **credentials}
            assert (await site.call("/api.php", given)).codes == [100003]
            assert (await site.call(f"/api/v1/{name}", credentials)).codes == [100003]
        assert name not in described


@pytest.mark.gen_test(timeout=30)
async def test_a_user_without_the_permission_reads_nothing(site: Site) -> None:
    console = await at_console(site)
    site.db["users"].update_one({"name": site.user}, {"$set": {"permissions": ["Events.Track"]}})
    by_get = {"console.session": "/console/session", "console.live": "/console/live"}
    for name in OWN:
        answer = await (console.get(by_get[name]) if name in by_get else console.ask(name))
        assert (answer.status, answer.codes) == (403, [99999]), name
