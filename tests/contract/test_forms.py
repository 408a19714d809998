"""Section 2 of the contract: forms by PHP's conventions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.shop import EVENT, FORM, Shop, new_name, open_shop

shop = pytest.fixture(scope="module")(open_shop)

UNREADABLE = {"Errors": [{"Code": 100000, "Message": "Request body could not be read"}]}
INVALID = {"Errors": [{"Code": 11, "Message": "Invalid Properties parameter"}]}


@pytest.mark.parametrize(
    ("form", "properties"),
    [
        ("Properties[$page_title]=Hi", {"$page_title": "Hi"}),
        ("Properties%5B%24page_title%5D=Hi", {"$page_title": "Hi"}),
        ("Properties[a]=1&Properties[b]=", {"a": "1", "b": ""}),
        ("Properties[a]", {"a": ""}),
        ("Properties[a][b]=1", {"a": {"b": "1"}}),
        ("Properties[a][b]=1&Properties[a][c][d]=2", {"a": {"b": "1", "c": {"d": "2"}}}),
        ("Properties[tags][]=x", {"tags": ["x"]}),
        ("Properties[tags][]=x&Properties[tags][]=y&Properties[tags][]=x", {"tags": ["x", "y", "x"]}),
        ("Properties[tags][]=x&Properties[other]=1&Properties[tags][]=y", {"tags": ["x", "y"], "other": "1"}),
        ("Properties[a][0]=x&Properties[a][1]=y", {"a": {"0": "x", "1": "y"}}),
        ("Properties[0]=x", {"0": "x"}),
        ("Properties[a][][b]=1&Properties[a][][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("Properties[a][][]=1&Properties[a][][]=2", {"a": [["1"], ["2"]]}),
        ("Properties[a][b][]=1&Properties[a][b][]=2", {"a": {"b": ["1", "2"]}}),
        ("Properties[a]=1&Properties[a]=2", {"a": "2"}),
        ("Properties[a]=1&Properties[a][b]=2", {"a": {"b": "2"}}),
        ("Properties[a][b]=2&Properties[a]=1", {"a": "1"}),
        ("Properties[a][]=1&Properties[a][b]=2", {"a": {"b": "2"}}),
        ("Properties[a][b]=2&Properties[a][]=1", {"a": ["1"]}),
        ('Properties={"a":1}&Properties[b]=2', {"b": "2"}),
        ('Properties[b]=2&Properties={"a":1}', {"a": 1}),
        ("Properties[a.b]=1&Properties[$set]=2&Properties[$a.$b]=3", {"a.b": "1", "$set": "2", "$a.$b": "3"}),
        ("Properties[__proto__]=1&Properties[a][constructor]=2", {"__proto__": "1", "a": {"constructor": "2"}}),
        ("Properties[a b]=1&Properties[c+d]=2&Properties[e%2Bf]=3", {"a b": "1", "c d": "2", "e+f": "3"}),
        ("Properties[ ]=1", {" ": "1"}),
        ("Properties[a]=1+2%2B3%26%3D", {"a": "1 2+3&="}),
        ("Properties[a]=x=y", {"a": "x=y"}),
        ("Properties[a]=x;Properties[b]=y", {"a": "x;Properties[b]=y"}),
        ("Properties[a[b]=1", {"a[b": "1"}),
        ("Properties[A]=1&Properties[a]=2", {"A": "1", "a": "2"}),
        ("PROPERTIES[A]=1", {"A": "1"}),
        ("Properties[caf%C3%A9]=%F0%9F%91%8B", {"café": "👋"}),
        ("Properties[café]=👋", {"café": "👋"}),
        ("Properties[a]=a%00b", {"a": "a\0b"}),
        ("Properties[a]=true&Properties[b]=null&Properties[c]=1.50", {"a": "true", "b": "null", "c": "1.50"}),
        ('Properties[a]={"b":1}', {"a": '{"b":1}'}),
        (
            'Properties={"a":1,"b":[true,null,1.5],"$c":{"d.e":"f"}}',
            {"a": 1, "b": [True, None, 1.5], "$c": {"d.e": "f"}},
        ),
        ("Properties=%7B%22a%22%3A%22%2B%22%7D", {"a": "+"}),
        ('Properties= {"a": 1} ', {"a": 1}),
        ("Properties={}", {}),
        ("Properties=[]", {}),
        ("Properties=null", {}),
        ("Properties=", {}),
        ("&&Properties[a]=1&&", {"a": "1"}),
    ],
)
def test_a_form_means_what_php_makes_of_it(shop: Shop, form: str, properties: dict[str, Any]) -> None:
    name = new_name()
    assert shop.track_form(f"Event={name}&{form}").status == 200
    assert shop.stored(event=name)["properties"] == properties


NO_FORMS = [
    "Properties[=1",
    "Properties[",
    "Properties[a=1",
    "Properties[a][=1",
    "Properties[a][b=1",
    "Properties[a]b=1",
    "Properties[a]]=1",
    "Properties[a]b]=1",
    "Other[=1",
    "Properties%5B=1",
    "Properties[a]=%FF",
    "Properties[%FF]=1",
    "Properties[a]=%C3",
    "Properties[a]=%ED%A0%80",
    f"Properties{'[a]' * 501}=1",
]
LONG_NO_FORMS = ["&".join(f"x{number}=1" for number in range(20_001)), f"Properties{'[]' * 100_000}=1"]


@pytest.mark.parametrize("form", [*NO_FORMS, *LONG_NO_FORMS], ids=lambda form: form[:25])
def test_what_is_no_form_is_unreadable(shop: Shop, form: str) -> None:
    answer = shop.form(EVENT, f"APIKey={shop.secret}&Event=e&{form}")
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize("form", NO_FORMS, ids=lambda form: form[:25])
def test_a_query_that_is_no_form_is_unreadable(shop: Shop, form: str) -> None:
    answer = shop.json(f"{EVENT}?{form}", {"APIKey": shop.secret, "Event": "e"})
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize("body", [b"Event=caf\xe9", b"\xff\xfe", b"Properties[caf\xe9]=1"])
def test_a_form_that_is_not_utf_8_is_unreadable(shop: Shop, body: bytes) -> None:
    answer = shop.send("POST", EVENT, body, Content_Type=FORM)
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"a":1',
        "{'a':1}",
        '{"a":1}}',
        '{"a":NaN}',
        '{"a":1e999}',
        '{"a":"\\ud800"}',
        '{"a":01}',
        "a=1",
        "null null",
        "NaN",
        "undefined",
        "[object Object]",
        "1",
        '"a"',
        "true",
        "[1]",
        '{"a":9223372036854775808}',
        '{"\\u0000":1}',
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":' + "[" * 32 + "]" * 32 + "}",
    ],
    ids=lambda text: text[:25],
)
def test_properties_in_a_form_that_are_no_json_object_are_invalid(shop: Shop, text: str) -> None:
    answer = shop.track_form(f"Event=e&Properties={text}")
    assert (answer.status, answer.body) == (422, INVALID)


@pytest.mark.parametrize("form", ["Properties[]=1", "Properties[][a]=1"])
def test_properties_that_a_form_makes_a_list_are_invalid(shop: Shop, form: str) -> None:
    answer = shop.track_form(f"Event=e&{form}")
    assert (answer.status, answer.body) == (422, INVALID)


@pytest.mark.parametrize(("steps", "status"), [(31, 200), (32, 200), (33, 422), (500, 422)])
def test_a_form_may_nest_as_deep_as_json(shop: Shop, steps: int, status: int) -> None:
    """``Properties`` is the first level, so that its last step holds a value and no level."""
    answer = shop.track_form(f"Event={new_name()}&Properties{'[a]' * steps}=1")
    assert answer.status == status


def test_a_parameter_with_brackets_is_no_text(shop: Shop) -> None:
    form = "Event[a]=1&ListID[]=1&Email[a]=1&ID[]=1&UUID[]=1&EventID[]=1&Timestamp[]=1&SentAt[a]=1&Properties=x"
    answer = shop.form(EVENT, f"APIKey={shop.secret}&{form}")
    assert answer.codes == [4, 7, 11, 12, 13, 14, 15, 16]


def test_a_key_with_brackets_is_a_wrong_one(shop: Shop) -> None:
    assert shop.form(EVENT, f"APIKey[]={shop.secret}&Event=e").codes == [99998]


def test_values_of_a_form_stay_texts(shop: Shop) -> None:
    name = new_name()
    form = f"Event={name}&ID=007&UUID=12&EventID=34&Timestamp=1700000000&Properties[n]=10&Properties[f]=false"
    assert shop.track_form(form).body["external_id"] == "007"
    row = shop.stored(event=name)
    assert (row["uuid"], row["event_id"], row["timestamp"]) == ("12", "34", "1700000000")
    assert row["properties"] == {"n": "10", "f": "false"}


@pytest.mark.parametrize("flag", ["true", "1", "yes", "null", "[]"])
@pytest.mark.parametrize("form", ["Properties[isTest]={}", 'Properties={{"isTest":"{}"}}'])
def test_a_form_can_make_a_test_event(shop: Shop, flag: str, form: str) -> None:
    name = new_name()
    answer = shop.track_form(f"Event={name}&Email=form-test@example.com&{form.format(flag)}")
    assert (answer.status, answer.body["identify_event_sent"]) == (200, False)
    assert shop.count(event=name) == 0


@pytest.mark.parametrize("flag", ["", "0", "false"])
def test_a_form_can_say_that_an_event_is_no_test(shop: Shop, flag: str) -> None:
    name = new_name()
    assert shop.track_form(f"Event={name}&Properties[isTest]={flag}&Properties[a]=1").status == 200
    assert shop.stored(event=name)["properties"] == {"a": "1"}


def test_a_query_may_hold_as_much_as_an_event_may_have(shop: Shop) -> None:
    name = new_name()
    for text, codes in (("é" * 32_764, None), ("é" * 32_765, [11])):  # two bytes each, and six in a query
        given = {"APIKey": shop.secret, "ListID": shop.list_id, "Event": name, "Properties[a]": text}
        answer = shop.send("GET", "/api.php?Command=event.track&" + urlencode(given))
        assert answer.status == 200 if codes is None else answer.codes == codes
    assert shop.count(event=name) == 1


def test_a_form_that_begins_with_a_brace_is_json(shop: Shop) -> None:
    name = new_name()
    body = f'{{"APIKey":"{shop.secret}","ListID":{shop.list_id},"Event":"{name}","Properties":{{"a":1}}}}'
    assert shop.form("/api.php?Command=event.track", body).status == 200
    assert shop.stored(event=name)["properties"] == {"a": 1}
    assert shop.form(EVENT, body[:-1]).body == UNREADABLE


@pytest.mark.parametrize("kind", [FORM, FORM.upper(), f"{FORM}; charset=UTF-8", f"{FORM};charset=iso-8859-1"])
def test_a_form_is_utf_8_whatever_its_type_says(shop: Shop, kind: str) -> None:
    name = new_name("ü")
    body = f"APIKey={shop.secret}&ListID={shop.list_id}&Event={name}"
    assert shop.send("POST", EVENT, body, Content_Type=kind).status == 200
    assert shop.count(event=name) == 1
