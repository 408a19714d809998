"""Section 2 of the contract: which bodies are read, and how parameters are named. Forms have a module of their own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.raw import exchange, request
from tests.support.shop import EVENT, FORM, JSON, Shop, new_name, open_shop
from tests.support.site import Site

shop = pytest.fixture(scope="module")(open_shop)

UNREADABLE = {"Errors": [{"Code": 100000, "Message": "Request body could not be read"}]}
UNSUPPORTED = {"Errors": [{"Code": 415, "Message": "Unsupported content type"}]}


def _nested(levels: int, opening: str, closing: str) -> str:
    return '{"Event":' + opening * levels + "1" + closing * levels + "}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "application/json"},
        {"Content_Type": "Application/JSON"},
        {"Content_Type": "application/json; charset=utf-8"},
        {"Content_Type": "application/json;charset=UTF-8;x=y"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "text/plain;charset=UTF-8"},
        {"Content_Type": ""},
        {},
        {"Content_Type": FORM},
    ],
    ids=lambda headers: headers.get("Content_Type", "no type"),
)
@pytest.mark.parametrize("before", ["", " \r\n\t"], ids=["", "after white space"])
def test_a_body_is_read_as_json(shop: Shop, headers: dict[str, str], before: str) -> None:
    name = new_name()
    body = before + json.dumps({"APIKey": shop.secret, "ListID": shop.list_id, "Event": name, "Properties": {"a": 1}})
    assert shop.send("POST", EVENT, body, **headers).status == 200
    assert shop.stored(event=name)["properties"] == {"a": 1}


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=x",
        "text/html",
        "text/json",
        "application/xml",
        "application/octet-stream",
        "application/vnd.api+json",
        "application/json, text/plain",
        "json",
    ],
)
@pytest.mark.parametrize("path", [EVENT, "/api.php", "/api/v1/user.login"])
def test_a_body_of_another_type_is_refused(shop: Shop, kind: str, path: str) -> None:
    answer = shop.send("POST", path, b"{}", Content_Type=kind)
    assert (answer.status, answer.body) == (415, UNSUPPORTED)


@pytest.mark.parametrize("kind", [JSON, "text/plain", FORM, ""])
@pytest.mark.parametrize("body", [b"", None], ids=["empty", "none"])
def test_an_empty_body_names_no_parameters(shop: Shop, kind: str, body: bytes | None) -> None:
    answer = shop.send("POST", f"{EVENT}?APIKey={shop.secret}", body, Content_Type=kind)
    assert answer.codes == [5]


@pytest.mark.parametrize(
    "body",
    ["[]", '[{"Event":"x"}]', "0", "5.5", '"Event"', "null", "true"],
)
@pytest.mark.parametrize("kind", [JSON, "text/plain"])
def test_a_body_that_is_no_object_is_unreadable(shop: Shop, body: str, kind: str) -> None:
    answer = shop.send("POST", EVENT, body, Content_Type=kind)
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"  \n", id="white space"),
        pytest.param(b'{"Event":"x"', id="truncated"),
        pytest.param(b'{"Event":"x', id="truncated in a text"),
        pytest.param(b'{"Event":"x",}', id="trailing comma"),
        pytest.param(b"{'Event':'x'}", id="single quotes"),
        pytest.param(b'{"Event":"x"} // y', id="comment"),
        pytest.param(b'{"Event":"x"}{}', id="two values"),
        pytest.param(b"Event=x", id="a form"),
        pytest.param(b'{"Event":01}', id="leading zero"),
        pytest.param(b'{"Event":0x1}', id="hexadecimal"),
        pytest.param(b'{"Event":NaN}', id="NaN"),
        pytest.param(b'{"Event":Infinity}', id="Infinity"),
        pytest.param(b'{"Event":-Infinity}', id="-Infinity"),
        pytest.param(b'{"a":12345678901234567890,"Event":NaN}', id="NaN beside a long integer"),
        pytest.param(b'{"Event":1e999}', id="beyond a double"),
        pytest.param(b'{"Event":-1e999}', id="beyond a double, negative"),
        pytest.param(b'{"Event":1' + b"0" * 309 + b"}", id="an integer beyond a double"),
        pytest.param(b'{"Event":1' + b"0" * 5000 + b"}", id="an integer of 5,000 digits"),
        pytest.param(b'{"Event":"\\ud800"}', id="lone high surrogate"),
        pytest.param(b'{"Event":"\\udc00"}', id="lone low surrogate"),
        pytest.param(b'{"Event":"\\udc00\\ud800"}', id="surrogates the wrong way round"),
        pytest.param(b'{"\\ud800":"x"}', id="lone surrogate in a name"),
        pytest.param(b'{"Event":"\xed\xa0\x80"}', id="surrogate as UTF-8"),
        pytest.param("{'Event':'é'}".replace("'", '"').encode("latin-1"), id="Latin-1"),
        pytest.param('{"Event":"x"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"Event":"a\x00b"}', id="NUL unescaped"),
        pytest.param(b'{"Event":"a\nb"}', id="newline unescaped"),
        pytest.param(b'{"Event":"\\x41"}', id="unknown escape"),
        pytest.param(_nested(100_000, "[", "]").encode(), id="100,000 lists"),
        pytest.param(_nested(100_000, '{"a":', "}").encode(), id="100,000 objects"),
        pytest.param(b"[" * 100_000, id="100,000 lists never closed"),
        pytest.param(_nested(1_000, "[", "]").encode(), id="1,000 lists"),
        pytest.param(_nested(500, "[", "]").encode(), id="500 lists in the object"),
    ],
)
def test_a_body_that_is_not_json_is_unreadable(shop: Shop, body: bytes) -> None:
    answer = shop.json(f"{EVENT}?APIKey={shop.secret}", body)
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize("name", ["Event", "ListID", "Email", "ID", "UUID", "EventID", "Timestamp", "Properties"])
def test_nesting_that_is_read_is_judged_as_the_content_that_it_is(shop: Shop, name: str) -> None:
    codes = {"Event": 14, "ListID": 4, "Email": 7, "ID": 13, "UUID": 12, "EventID": 15, "Timestamp": 16}
    body = '{"Event":"x",' + _nested(499, "[", "]").replace("Event", name)[1:]
    answer = shop.json(f"{EVENT}?APIKey={shop.secret}", body)
    assert answer.codes == [codes.get(name, 11)]


def test_a_login_that_nests_is_a_wrong_one(shop: Shop) -> None:
    answer = shop.json("/api/v1/user.login", _nested(499, "[", "]").replace("Event", "Username"))
    assert (answer.status, answer.codes) == (401, [3])


def test_a_byte_order_mark_is_no_part_of_the_json(shop: Shop) -> None:
    name = new_name()
    body = json.dumps({"APIKey": shop.secret, "ListID": shop.list_id, "Event": name})
    assert shop.json(EVENT, b"\xef\xbb\xbf" + body.encode()).status == 200
    assert shop.count(event=name) == 1


def test_of_a_name_given_twice_the_later_counts(shop: Shop) -> None:
    name = new_name()
    start = f'"APIKey":"{shop.secret}","ListID":{shop.list_id}'
    body = f'{{{start},"Event":"first","Event":"{name}","Properties":{{"a":1,"b":{{"c":1,"c":2}},"a":3}}}}'
    assert shop.json(EVENT, body).status == 200
    assert shop.stored(event=name)["properties"] == {"a": 3, "b": {"c": 2}}


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.swapcase, str])
def test_names_of_parameters_are_read_in_any_case(shop: Shop, spelled: Any) -> None:
    name = new_name()
    given = {
        "APIKey": shop.secret,
        "ListID": shop.list_id,
        "Event": name,
        "Email": "case@example.com",
        "ID": "Case",
        "UUID": "visitor",
        "EventID": name,
        "Timestamp": "2024-01-31T10:00:00Z",
        "SentAt": "2024-01-31T10:00:00Z",
        "Properties": {"ListID": 1, "listid": 2},
    }
    answer = shop.json(EVENT, {spelled(parameter): value for parameter, value in given.items()})
    assert answer.status == 200
    row = shop.stored(event=name)
    kept = {"email": "case@example.com", "external_id": "Case", "uuid": "visitor", "event_id": name}
    assert {field: row[field] for field in kept} == kept
    assert row["timestamp"] == row["sent_at"] == "2024-01-31T10:00:00Z"
    assert row["properties"] == {"ListID": 1, "listid": 2}


TWICE = [("Event", "event"), ("ListID", "LISTID"), ("APIKey", "ApiKey"), ("Properties", "properties"), ("Who", "who")]


@pytest.mark.parametrize(("one", "other"), TWICE)
@pytest.mark.parametrize("same", [True, False], ids=["same value", "different values"])
@pytest.mark.parametrize("place", ["json", "form", "query"])
def test_a_parameter_given_twice_in_different_cases_is_unreadable(
    shop: Shop, one: str, other: str, same: bool, place: str
) -> None:
    given = {one: "1", other: "1" if same else "2"}
    encoded = "&".join(f"{name}={value}" for name, value in given.items())
    answer = {
        "json": lambda: shop.json(EVENT, given),
        "form": lambda: shop.form(EVENT, encoded),
        "query": lambda: shop.json(f"{EVENT}?{encoded}", {"APIKey": shop.secret}),
    }[place]()
    assert (answer.status, answer.body) == (400, UNREADABLE)


@pytest.mark.parametrize("spelled", [str, str.upper], ids=["same case", "another case"])
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_where_body_and_query_name_a_parameter_the_body_wins(shop: Shop, spelled: Any, encoding: str) -> None:
    name = new_name()
    query = f"?{spelled('Event')}=from+the+query&{spelled('ListID')}=999999&ID=kept"
    given = {"APIKey": shop.secret, "ListID": shop.list_id, "Event": name}
    if encoding == "json":
        answer = shop.json(EVENT + query, given)
    else:
        answer = shop.form(EVENT + query, "&".join(f"{key}={quote(str(value))}" for key, value in given.items()))
    assert (answer.status, answer.body["external_id"]) == (200, "kept")
    assert shop.count(event=name) == 1


def test_an_event_may_stand_in_the_query_alone(shop: Shop) -> None:
    name = new_name("é ☕")
    query = f"APIKey={shop.secret}&ListID={shop.list_id}&Event={quote(name)}&Properties[tags][]=x&Properties[%24a]=1"
    assert shop.send("POST", f"{EVENT}?{query}").status == 200
    assert shop.stored(event=name)["properties"] == {"tags": ["x"], "$a": "1"}


@pytest.mark.gen_test(timeout=60)
async def test_a_query_may_be_utf_8_without_escapes(site: Site) -> None:
    target = f"/api.php?Command=event.track&APIKey={site.secret}&ListID={site.list_id}&Event=caf\u00e9\u2615"
    answer = await exchange(site.url, request("GET", target, {"Connection": "close"}))
    assert answer is not None
    assert (answer.status, [row["event"] for row in site.events()]) == (200, ["caf\u00e9\u2615"])


@pytest.mark.parametrize(
    "query", [b"Event=%ff", b"Event=caf\xe9", b"Event=%ed%a0%80", b"%ff=x", b"Properties[=x", b"Properties[a=x"]
)
@pytest.mark.gen_test(timeout=60)
async def test_a_query_that_is_no_form_is_unreadable(site: Site, query: bytes) -> None:
    target = f"{EVENT}?APIKey={site.secret}&".encode() + query
    answer = await exchange(site.url, request("POST", target, {"Content-Length": 0}))
    assert answer is not None
    assert (answer.status, answer.codes) == (400, [100000])
