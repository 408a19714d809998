"""Section 7 of the contract: what ``website_events.properties`` lists."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.clock import Clock
from tests.support.site import Answer, Site

PATH = "/api/v1/website_events.properties"

IN_ORDER = ["", " ", "$", "$page_title", ".", "A", "Z", "__proto__", "a", "a.b", "ab", "e\u0301", "z", "é", "ﬀ", "😀"]
"""Code points ascending: capitals before small letters, and an emoji after U+FB00, which UTF-16 has the other way."""


async def _asked(site: Site, **parameters: Any) -> Answer:
    return await site.call(PATH, {"APIKey": site.secret, **parameters})


@pytest.mark.gen_test(timeout=60)
async def test_names_are_listed_exactly_and_by_code_point(site: Site) -> None:
    shuffled = random.Random(7).sample(IN_ORDER, len(IN_ORDER))
    await site.track("one", Properties=dict.fromkeys(shuffled[:8], 1))
    await site.track("one", Properties=dict.fromkeys(shuffled[4:], 2))
    assert await site.properties() == {"one": IN_ORDER}


@pytest.mark.gen_test(timeout=60)
async def test_events_are_listed_exactly_and_by_code_point(site: Site) -> None:
    names = [name for name in IN_ORDER if name.strip()]
    for name in random.Random(7).sample(names, len(names)):
        await site.track(name)
    assert list(await site.properties()) == names


@pytest.mark.parametrize("given", [{}, {"Properties": None}, {"Properties": {}}, {"Properties": []}], ids=str)
@pytest.mark.gen_test(timeout=60)
async def test_an_event_without_properties_has_an_empty_list(site: Site, given: dict[str, Any]) -> None:
    await site.track("page_view", **given)
    assert await site.properties() == {"page_view": []}


@pytest.mark.gen_test(timeout=60)
async def test_a_list_without_events_has_none(site: Site) -> None:
    assert (await _asked(site, ListID=site.list_id)).body == {"ListID": site.list_id, "Properties": {}}


@pytest.mark.gen_test(timeout=60)
async def test_only_names_at_the_top_are_listed(site: Site) -> None:
    await site.track("page_view", Properties={"outer": {"inner": 1}, "rows": [{"cell": 1}]})
    assert await site.properties() == {"page_view": ["outer", "rows"]}


@pytest.mark.gen_test(timeout=60)
async def test_names_of_all_its_events_are_listed_whatever_their_values_and_keys(site: Site) -> None:
    await site.track("page_view", Properties={"null": None, "zero": 0})
    await site.track("page_view", Properties={"zero": "other", "text": ""})
    await site.claim("page_view", Properties={"claimed": True})
    assert await site.properties() == {"page_view": ["claimed", "null", "text", "zero"]}


@pytest.mark.gen_test(timeout=60)
async def test_an_automatic_identify_is_not_shown(site: Site) -> None:
    answer = await site.track("page_view", Email="new@example.com", Properties={"product": 1})
    assert answer.body["identify_event_sent"] is True
    assert len(site.events(event="identify")) == 1
    assert await site.properties() == {"page_view": ["product"]}


@pytest.mark.gen_test(timeout=60)
async def test_an_explicit_identify_is_shown_with_its_traits_and_context(site: Site) -> None:
    await site.track("identify", Email="new@example.com", Properties={"plan": "pro", "$os": "Linux"})
    assert await site.properties() == {"identify": ["$os", "plan"]}


@pytest.mark.gen_test(timeout=60)
async def test_an_explicit_identify_without_properties_is_shown_beside_an_automatic_one(site: Site) -> None:
    await site.track("page_view", Email="new@example.com")
    await site.track("identify", Email="new@example.com")
    assert await site.properties() == {"identify": [], "page_view": []}


@pytest.mark.parametrize("flag", [True, 1, "1", "yes"], ids=repr)
@pytest.mark.gen_test(timeout=60)
async def test_a_test_event_is_not_listed(site: Site, flag: Any) -> None:
    assert (await site.track("page_view", Properties={"isTest": flag, "product": 1})).status == 200
    assert await site.properties() == {}


@pytest.mark.parametrize("flag", [False, 0, None, "", "0", "false"], ids=repr)
@pytest.mark.gen_test(timeout=60)
async def test_the_test_flag_is_never_listed(site: Site, flag: Any) -> None:
    await site.track("page_view", Properties={"isTest": flag, "istest": True, "product": 1})
    assert await site.properties() == {"page_view": ["istest", "product"]}


@pytest.mark.gen_test(timeout=60)
async def test_what_was_refused_is_not_listed(site: Site) -> None:
    assert (await site.track("conversion", Properties={"product": 1})).status == 422
    assert await site.properties() == {}


@pytest.mark.gen_test(timeout=60)
async def test_events_of_another_list_or_of_none_are_not_listed(site: Site) -> None:
    other = await site.administration.create_list("Other", site.user)
    await site.track("elsewhere", ListID=other.id)
    assert (await site.call("/api/v1/event", {"APIKey": site.secret, "Event": "nowhere"})).status == 200
    await site.track("here")
    assert await site.properties() == {"here": []}


@pytest.mark.gen_test(timeout=60)
async def test_fifty_new_names_acknowledged_at_once_are_all_in_the_next_answer(site: Site) -> None:
    numbers = [f"{number:02}" for number in range(50)]
    await asyncio.gather(*(site.track(f"event {n}", Properties={f"name {n}": 1, "shared": 1}) for n in numbers))
    assert await site.properties() == {f"event {n}": [f"name {n}", "shared"] for n in numbers}


@pytest.mark.gen_test(timeout=60)
async def test_each_of_many_at_once_finds_its_own_name_as_soon_as_it_is_acknowledged(site: Site) -> None:
    async def visit(number: int) -> list[str]:
        await site.track("page_view", Properties={f"name {number}": 1})
        return (await site.properties())["page_view"]

    found = await asyncio.gather(*map(visit, range(50)))
    assert [number for number, names in enumerate(found) if f"name {number}" not in names] == []


async def _get(site: Site, path: str, given: dict[str, Any]) -> Answer:
    return await site.send("GET", f"{path}?{urlencode(given)}")


async def _json(site: Site, path: str, given: dict[str, Any]) -> Answer:
    return await site.call(path, given)


async def _text(site: Site, path: str, given: dict[str, Any]) -> Answer:
    return await site.call(path, {name: str(value) for name, value in given.items()})


async def _form(site: Site, path: str, given: dict[str, Any]) -> Answer:
    return await site.form(path, urlencode(given))


@pytest.mark.parametrize("names", [str, str.lower, str.upper], ids=["as documented", "lower case", "upper case"])
@pytest.mark.parametrize("way", [_get, _json, _text, _form])
@pytest.mark.parametrize("path", [PATH, "/api.php"])
@pytest.mark.gen_test(timeout=60)
async def test_it_is_answered_by_every_route_and_encoding_and_the_list_is_a_number(
    site: Site, path: str, way: Any, names: Callable[[str], str]
) -> None:
    await site.track("page_view", Properties={"product": 1})
    given = {"Command": names("website_events.properties"), "APIKey": site.secret, "ListID": site.list_id}
    answer = await way(site, path, {names(name): value for name, value in given.items()})
    assert answer.status == 200
    assert list(answer.body) == ["ListID", "Properties"]
    assert json.dumps(answer.body) == json.dumps({"ListID": site.list_id, "Properties": {"page_view": ["product"]}})
    assert "X-Footfall-Truncated" not in answer.headers
    assert "X-Footfall-Pending" not in answer.headers


@pytest.mark.parametrize("given", [{}, {"ListID": None}, {"ListID": ""}], ids=str)
@pytest.mark.gen_test(timeout=60)
async def test_without_a_list_the_answer_is_1(site: Site, given: dict[str, Any]) -> None:
    answer = await _asked(site, **given)
    assert answer.status == 422
    assert answer.body == {"Errors": [{"Code": 1, "Message": "Missing ListID parameter"}]}


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, True, False, [], {}, [1], "0", "-1", "1.5", "1e3", "one", " 1", "١", "0x1", "true"], ids=repr
)
@pytest.mark.gen_test(timeout=60)
async def test_what_is_no_positive_integer_is_2(site: Site, value: Any) -> None:
    answer = await _asked(site, ListID=value)
    assert answer.status == 422
    assert answer.body == {"Errors": [{"Code": 2, "Message": "Invalid ListID parameter"}]}


@pytest.mark.parametrize(
    "value", [10**9, 2**63 - 1, 2**63, 2**64, 10**30, 1e30, "9" * 19, "9" * 20, "9" * 400], ids=repr
)
@pytest.mark.gen_test(timeout=60)
async def test_a_list_that_does_not_exist_is_3(site: Site, value: Any) -> None:
    answer = await _asked(site, ListID=value)
    assert answer.status == 422
    assert answer.body == {"Errors": [{"Code": 3, "Message": "List not found"}]}


@pytest.fixture
def stranger(make_site: Callable[..., Site]) -> Site:
    """Another user."""
    return make_site()


@pytest.mark.gen_test(timeout=60)
async def test_another_users_list_is_as_unknown_as_one_that_does_not_exist(site: Site, stranger: Site) -> None:
    await site.track("page_view")
    assert await site.properties() == {"page_view": []}  # known to the collector by now
    theirs = await _asked(stranger, ListID=site.list_id)
    unknown = await _asked(stranger, ListID=10**9)
    assert (theirs.status, theirs.body) == (unknown.status, unknown.body)
    assert theirs.body == {"Errors": [{"Code": 3, "Message": "List not found"}]}


@pytest.mark.gen_test(timeout=60)
async def test_a_session_reads_its_users_lists(site: Site) -> None:
    await site.track("page_view")
    login = await site.call("/api/v1/user.login", {"Username": site.user, "Password": site.password})
    answer = await site.call(PATH, {"SessionID": login.body["SessionID"], "ListID": site.list_id})
    assert answer.body == {"ListID": site.list_id, "Properties": {"page_view": []}}


async def _bring(send: Any, names: list[str]) -> None:
    """Events with these names, as many as fit into each."""
    for start in range(0, len(names), 250):
        answer = await send("page_view", Properties=dict.fromkeys(names[start : start + 250], 1))
        assert answer.status == 200


@pytest.mark.gen_test(timeout=60)
async def test_a_thousand_names_of_an_event_are_listed_and_where_there_is_one_more_the_answer_says_so(
    site: Site, clock: Clock
) -> None:
    names = [f"name {number:04}" for number in range(1_000)]
    await _bring(site.track, names)
    full = await _asked(site, ListID=site.list_id)
    assert (full.body["Properties"], full.headers.get("X-Footfall-Truncated")) == ({"page_view": names}, None)
    clock.move(seconds=1)
    await _bring(site.track, ["another"])
    cut = await _asked(site, ListID=site.list_id)
    assert (cut.body["Properties"], cut.headers["X-Footfall-Truncated"]) == ({"page_view": names}, "true")
    assert len(site.events(**{"properties.another": 1})) == 1


@pytest.mark.gen_test(timeout=60)
async def test_names_that_only_public_keys_have_brought_fill_half_and_take_no_room_of_the_site_s_own(
    site: Site, clock: Clock
) -> None:
    claimed = [f"claimed {number:04}" for number in range(501)]
    own = [f"own {number:04}" for number in range(501)]
    await _bring(site.claim, claimed[:500])
    assert await site.properties() == {"page_view": claimed[:500]}
    clock.move(seconds=1)
    await _bring(site.claim, claimed[500:])
    assert await site.properties() == {"page_view": claimed[:500]}
    await _bring(site.track, own)
    assert await site.properties() == {"page_view": [*claimed[:499], *own]}
