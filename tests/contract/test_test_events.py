"""Test events: validated and answered like any other, and forgotten (section 5 of the contract)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.site import Site

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.usefixtures("quiet")]

YES: list[Any] = [True, 1, -1, 0.5, "1", "true", "yes", "no", "False", "FALSE", "00", " ", [], {}, [0], {"a": False}]
NO: list[Any] = [False, 0, 0.0, -0.0, None, "", "0", "false"]


def contents(site: Site) -> dict[str, Any]:
    """All that is stored of anybody, but for when a key was last used."""
    names = sorted(set(site.db.list_collection_names()) - {"keys", "system.profile"})
    return {name: sorted(site.db[name].find(), key=repr) for name in names}


@pytest.mark.parametrize("flag", YES, ids=repr)
async def test_a_flag_that_does_not_say_no_makes_a_test_event(site: Site, flag: Any) -> None:
    before = contents(site)
    given = {"UUID": "v", "Email": "jane@example.com", "ID": "u1", "EventID": "1"}
    for event, send in itertools.product(("page_view", "identify"), (site.track, site.claim)):
        answer = await send(event, **given, Properties={"isTest": flag, "a": 1})
        assert answer.status == 200
        assert list(answer.body.items()) == [
            ("status", "success"),
            ("uuid", "v"),
            ("external_id", "u1"),
            ("identify_event_sent", False),
        ]
    assert contents(site) == before


@pytest.mark.parametrize("flag", NO, ids=repr)
async def test_a_flag_that_says_no_makes_none_and_is_not_stored(site: Site, flag: Any) -> None:
    for send in (site.track, site.claim):
        answer = await send("identify", UUID="v", Email="jane@example.com", Properties={"isTest": flag, "a": 1})
        assert answer.body["identify_event_sent"] is True
    assert [row["properties"] for row in site.events()] == [{"a": 1}, {"a": 1}]
    (subscriber,) = site.subscribers()
    assert (subscriber["traits"], subscriber["claims"]) == ({"a": 1}, {"a": 1})
    assert await site.properties() == {"identify": ["a"]}


@pytest.mark.parametrize(
    ("form", "is_test"),
    [
        ("Properties[isTest]=1", True),
        ("Properties[isTest]=true", True),
        ("Properties[isTest]=on", True),
        ("Properties[isTest][]=", True),
        ("Properties[isTest][a]=0", True),
        ("Properties={%22isTest%22:true}", True),
        ("Properties={%22isTest%22:[]}", True),
        ("Properties[isTest]=0", False),
        ("Properties[isTest]=false", False),
        ("Properties[isTest]=", False),
        ("Properties={%22isTest%22:null}", False),
        ("Properties={%22isTest%22:0}", False),
        ("Properties[a]=1", False),
    ],
)
async def test_a_form_can_say_it_too(site: Site, form: str, is_test: bool) -> None:
    rest = f"APIKey={site.secret}&ListID={site.list_id}&Event=view&{form}"
    answers = [
        await site.form("/api/v1/event", rest),
        await site.form("/api.php", f"Command=event.track&{rest}"),
        await site.send("GET", f"/api.php?Command=event.track&{rest}"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len(site.events()) == (0 if is_test else 3)


async def test_only_the_exact_name_is_the_flag(site: Site) -> None:
    named = {name: True for name in ("istest", "IsTest", "ISTEST", "isTest ", "$isTest")}
    await site.track(Properties=named)
    assert [row["properties"] for row in site.events()] == [named]


async def test_the_flag_deeper_down_is_a_property_like_any_other(site: Site) -> None:
    await site.track(Properties={"a": {"isTest": True}})
    assert [row["properties"] for row in site.events()] == [{"a": {"isTest": True}}]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"event": ""}, [5]),
        ({"event": "conversion"}, [8, 9, 10]),
        ({"Email": "nobody"}, [7]),
        ({"ListID": 2**40}, [4]),
        ({"Timestamp": "soon"}, [16]),
    ],
    ids=str,
)
async def test_a_test_event_is_validated_like_any_other(site: Site, given: dict[str, Any], codes: list[int]) -> None:
    answer = await site.track(**{"event": "view", **given, "Properties": {"isTest": True}})
    assert answer.codes == codes


async def test_a_test_event_needs_a_key_and_counts_against_the_limit(site: Site) -> None:
    flagged = {"Properties": {"isTest": True}}
    assert (await site.track(APIKey="sk_wrong", **flagged)).status == 401
    assert (await site.claim(origin="https://elsewhere.example", **flagged)).status == 403
    left = [int((await site.track(**flagged)).headers["X-RateLimit-Remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1


async def test_a_test_event_answers_the_uuid_that_the_real_one_has(site: Site) -> None:
    for given in ({"Email": "jane@example.com"}, {"ID": "u1"}):
        flagged = await site.track(**given, Properties={"isTest": True})
        assert flagged.body["uuid"] == (await site.track(**given)).body["uuid"]
