"""What no well-behaved client sends: a clear 4xx, or stored and listed exactly; never a 500 nor a neighbour's loss."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.live import Live
from tests.support.shop import EVENT, EVENTS_PROPERTIES, Shop, new_name, open_shop
from tests.support.site import Answer, Site

shop = pytest.fixture(scope="module")(open_shop)

EXAMPLES = settings(max_examples=150)
HOSTILE_NAMES = [
    "",
    " ",
    "$",
    ".",
    "..",
    "a.b",
    ".a",
    "a.",
    "$a.$b",
    "$set",
    "$where",
    "$ref",
    "$id",
    "$$ROOT",
    "$db",
    "_id",
    "__proto__",
    "constructor",
    "isTest ",
    "a\nb",
    "\x7f",
    "a[b]",
    "é",
    "e\u0301",
    "👋",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
    "n" * 255,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:20])
def test_a_hostile_name_is_stored_and_listed_as_it_is(shop: Shop, name: str) -> None:
    event = new_name()
    properties = {name: {name: [{name: 1}]}, "": 1, "other": 2}
    assert shop.track(event, Properties=properties).status == 200
    assert shop.stored(event=event)["properties"] == properties
    assert shop.listed()[event] == sorted(properties)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:20])
def test_a_hostile_name_of_a_trait_does_no_harm(shop: Shop, name: str) -> None:
    """Said twice, so that the traits are made and then changed; of the visitor's traits as well."""
    traits = {name: {name: [{name: 1}]}, "other": 2}
    kept = {key: value for key, value in traits.items() if not key.startswith("$")}
    who = f"trait{new_name('')[1:]}"
    for number in (1, 2):
        given = {**traits, "number": number}
        assert shop.track("identify", Email=f"{who}@example.com", Properties=given).status == 200
        assert shop.track("identify", UUID=who, Properties=given).status == 200
        for collection, query in (("subscribers", {"email": f"{who}@example.com"}), ("visitors", {"uuid": who})):
            row = shop.db[collection].find_one(query)
            assert row["traits"] == {**kept, "number": number}


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name.strip() and not {"\n", "\x7f"} & set(name)])
def test_a_hostile_text_is_an_event_and_an_identity_as_it_is(shop: Shop, name: str) -> None:
    text = name[:120]
    for parameters in ({"ID": text}, {"UUID": text}, {"EventID": text}):
        answer = shop.track(text, **parameters)
        assert answer.status == 200, (parameters, answer)
    answer = shop.track(text, EventID=text)
    assert answer.body.get("duplicate") is True
    assert text in shop.listed()


@pytest.mark.parametrize(
    "properties",
    [
        {"$ref": "a", "$id": "b"},
        {"$ref": "a", "$id": "b", "$db": "c", "x": 1},
        {"x": {"$id": "b", "$ref": "a", "y": 1}},
        {"x": {"$ref": 1, "$id": {"$ref": 2}}},
        {"$date": 1, "$oid": "x", "$numberLong": "5"},
        {"$set": {"trust": "secret"}, "$unset": {"scope": 1}},
        {"trust": "secret", "scope": "l1", "_id": 1},
    ],
    ids=" ".join,
)
def test_properties_that_look_like_the_databases_own_are_only_properties(shop: Shop, properties: Any) -> None:
    name = new_name("id")
    email = f"{name.replace(' ', '')}@example.com"
    for duplicate in (False, True, True):
        answer = shop.track("look", EventID=name, Email=email, Properties=properties)
        assert (answer.status, answer.body.get("duplicate", False)) == (200, duplicate)
    row = shop.stored(event_id=name)
    assert row["properties"] == properties
    assert row["trust"] == "secret"
    for number in (1, 2):
        given = {"x": properties, "number": number}
        assert shop.track("identify", Email=email, Properties=given).status == 200
        key = shop.db["subscribers"].find_one({"email": email}, {"_id": 1})["_id"]
        assert shop.exactly("subscribers", key, "traits") == given


@pytest.mark.parametrize(
    "value", ["a\0b", "\0", "👋", "\ud83d\udc4b", "\u2028", "é", "\x7f\x1f", "\ufdd0", "x" * 60_000]
)
def test_a_text_may_hold_anything(shop: Shop, value: str) -> None:
    value = value.encode("utf-16", "surrogatepass").decode("utf-16")
    name = new_name()
    assert shop.track(name, Properties={"a": value, "b": [{"c": value}] if len(value) < 9 else []}).status == 200
    kept = shop.stored(event=name)["properties"]
    assert kept["a"] == value


@pytest.mark.parametrize(
    "parameter", ["Email", "ID", "UUID", "EventID", "ListID", "Event", "APIKey", "SessionID", "Timestamp"]
)
def test_an_operator_in_place_of_a_value_finds_nothing(shop: Shop, parameter: str) -> None:
    for operator in ({"$ne": None}, {"$gt": ""}, {"$where": "1"}, [{"$exists": True}]):
        given = {"APIKey": shop.secret, "Event": "e", parameter: operator}
        if parameter == "SessionID":
            del given["APIKey"]
        assert shop.json(EVENT, given).status in (401, 422)
    for form in (f"{parameter}[$ne]=", f"{parameter}[$gt]="):
        key = "" if parameter in ("APIKey", "SessionID") else f"&APIKey={shop.secret}"
        event = "" if parameter == "Event" else "&Event=e"
        assert shop.form(EVENT, form + key + event).status in (401, 422)


POISON: list[tuple[dict[str, Any], int]] = [
    ({"Properties": {"a": 2**63}}, 422),
    ({"Properties": {"\0": 1}}, 422),
    ({"Properties": {"a": "x" * 70_000}}, 422),
    ({"Properties": {"$ref": "a", "$id": "b"}}, 200),
    ({"Properties": {"": {"": {"$a.$b": "\0"}}}}, 200),
    ({"Event": "identify", "Email": "poison@example.com", "Properties": {"a.b": {"$set": 1}}}, 200),
    ({"Email": "x@y"}, 422),
    ({"ID": 2**64 + 1}, 200),
    ({"Timestamp": 10**30}, 422),
    ({"ListID": 2**63}, 422),
]


@pytest.mark.gen_test(timeout=60)
async def test_a_poisonous_event_costs_no_neighbour(site: Site) -> None:
    """All at the same time, so that they are stored in the same groups."""

    async def good(number: int) -> Answer:
        return await site.track("good", Email=f"n{number}@example.com", Properties={"number": number})

    async def bad(number: int) -> Answer:
        return await site.track(**{"event": "bad", **POISON[number % len(POISON)][0]})

    sent = [send(number) for number in range(10 * len(POISON)) for send in (good, bad)]
    answers = await asyncio.gather(*sent)
    assert {answer.status for answer in answers[::2]} == {200}
    assert [answer.status for answer in answers[1::2]] == [status for _, status in POISON] * 10
    stored = sorted(row["properties"]["number"] for row in site.events(event="good"))
    assert stored == list(range(10 * len(POISON)))


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
HINTS = st.sampled_from(
    ["conversion", "identify", "a@example.com", "2024-01-31", "undefined", 0, 1, 2**63, -1, 1e300, {}, [], "\0", "$set"]
)
PARAMETERS = st.sampled_from(
    ["Event", "ListID", "Email", "ID", "UUID", "EventID", "Timestamp", "SentAt", "Properties", "Username", "Password"]
)


@EXAMPLES
@given(
    given=st.dictionaries(PARAMETERS | st.text(max_size=5), HINTS | JSON_VALUES, max_size=8),
    path=st.sampled_from([EVENT, EVENTS_PROPERTIES, "/api.php?Command=event.track", "/api/v1/user.logout"]),
)
def test_no_parameters_make_a_server_fault(shop: Shop, given: dict[str, Any], path: str) -> None:
    answer = shop.json(path, {**given, "APIKey": shop.secret})
    assert answer.status in (200, 400, 401, 404, 422), answer
    assert answer.headers["Content-Type"] == "application/json"
    if answer.status != 200:
        assert answer.codes == sorted(answer.codes)


@EXAMPLES
@given(
    body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    kind=st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", ""]),
    encoding=st.sampled_from(["", "gzip"]),
)
def test_no_bytes_make_a_server_fault(shop: Shop, body: bytes, kind: str, encoding: str) -> None:
    answer = shop.send("POST", f"{EVENT}?APIKey={shop.secret}", body, Content_Type=kind, Content_Encoding=encoding)
    assert answer.status in (200, 400, 401, 404, 422), answer
    assert answer.headers["Content-Type"] == "application/json"


@EXAMPLES
@given(form=st.text(alphabet='Properties[]=&%$.aE0\u00e9+;{}"', max_size=80))
def test_no_form_makes_a_server_fault(shop: Shop, form: str) -> None:
    for answer in (shop.track_form(form), shop.track_form(f"Event=e&Properties{form}")):
        assert answer.status in (200, 400, 401, 404, 422), answer


def test_the_collector_has_told_of_no_fault_of_its_own(live: Live, shop: Shop) -> None:
    """Runs last here: what the running collector has counted while all of this was thrown at it."""
    metrics = shop.send("GET", "/metrics").body.decode()
    assert 'code="100000"' in metrics
    assert 'code="500"' not in metrics
