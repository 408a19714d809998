"""Section 4 of the contract: every row of the table at its boundary, all that is wrong at once, and what goes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.shop import EVENT, EVENTS_PROPERTIES, Shop, new_name, open_shop
from tests.support.site import ORIGIN
from tests.support.verdicts import BLANKS, assert_refused, envelope, stored

shop = pytest.fixture(scope="module")(open_shop)

CONTROLS = ["\0", "a\0", "a\n", "\na", "a\tb", "a\x1fb", "a\x7f", "a\x80b", "a\x9f", "a\u2028", "\u2029a"]
NO_TEXT: list[Any] = [5, 1.5, [], {}, ["a"], {"a": 1}]


@pytest.mark.parametrize(
    "value", [True, False, 1.5, -1, 0, [], {}, [1], "0", "-1", "1.5", "1e3", "+1", " 1", "1 ", "1\n"]
)
def test_4_a_list_is_a_positive_integer(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"ListID": value}, 4)


@pytest.mark.parametrize("value", ["\u0661", "\uff11", "x", "000", 10**6, 2**63 - 1, 2**63, 2**64, "9" * 400, 1e300])
def test_4_a_list_must_exist_and_be_written_in_ascii(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"ListID": value}, 4)


def test_4_another_users_list_is_none(shop: Shop) -> None:
    assert_refused(shop, {"ListID": shop.foreign}, 4)
    assert_refused(shop, {"ListID": str(shop.foreign)}, 4)


@pytest.mark.parametrize("written", [str, float, lambda number: f"00{number}"], ids=["text", "float", "leading zeros"])
def test_a_list_may_be_written_otherwise(shop: Shop, written: Any) -> None:
    assert stored(shop, {"ListID": written(shop.list_id)})["list_id"] == shop.list_id


@pytest.mark.parametrize("value", [None, *BLANKS], ids=repr)
def test_5_an_event_has_a_name(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"Event": value}, 5)


def test_5_an_event_must_be_there(shop: Shop) -> None:
    answer = shop.json(EVENT, {"APIKey": shop.secret})
    assert (answer.status, answer.body) == (422, envelope(5))


@pytest.mark.parametrize(
    "value",
    [
        *NO_TEXT,
        "plain",
        "a@b",
        "@example.com",
        "a@",
        "a@@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "a@example..com",
        ".a@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@.example.com",
        "a@example.com,b@example.com",
        "Ann <a@example.com>",
        "mailto:a@example.com",
        "a\0@example.com",
        "a\n@example.com",
        " ",
        "a" * 65 + "@example.com",
        "a@" + ("b" * 63 + ".") * 3 + "b" * 60 + ".com",
        "a@example.com" * 50_000,
    ],
    ids=lambda value: repr(value)[:30],
)
def test_7_an_email_is_an_address(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"Email": value}, 7)


@pytest.mark.parametrize(
    ("value", "compared"),
    [
        ("a@example.com", "a@example.com"),
        ("  A.B+c@Example.COM\n", "a.b+c@example.com"),
        ("o'neil_x-y@sub.example.co.uk", "o'neil_x-y@sub.example.co.uk"),
        ("a@B\u00fccher.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("e\u0301@example.com", "\u00e9@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_address_is_taken_in_any_form(shop: Shop, value: str, compared: str) -> None:
    assert stored(shop, {"Email": value, "Event": new_name()})["email"] == compared


@pytest.mark.parametrize("value", [*NO_TEXT, *CONTROLS, "u" * 129, "👋" * 129], ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(("name", "code"), [("UUID", 12), ("EventID", 15)])
def test_12_15_a_uuid_has_128_printable_characters(shop: Shop, value: Any, name: str, code: int) -> None:
    assert_refused(shop, {name: value}, code)


@pytest.mark.parametrize(
    "value", ["u", "u" * 128, "👋" * 128, "$a.b", "a b", "é", "-", "{}"], ids=lambda value: value[:9]
)
def test_a_uuid_may_be_any_text(shop: Shop, value: str) -> None:
    row = stored(shop, {"UUID": value, "EventID": value})
    assert (row["uuid"], row["event_id"]) == (value, value)


@pytest.mark.parametrize(
    "value", [1.5, [], {}, ["a"], *CONTROLS, "i" * 256, "👋" * 256], ids=lambda value: repr(value)[:20]
)
def test_13_an_id_has_255_printable_characters(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"ID": value}, 13)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("i" * 255, "i" * 255),
        ("👋" * 255, "👋" * 255),
        ("User 1", "User 1"),
        (5, "5"),
        (-5, "-5"),
        (5.0, "5"),
        (2**63, "9223372036854775808"),
        (2**64 + 1, "18446744073709551617"),
        (-(2**63) - 1, "-9223372036854775809"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_id_is_a_text_or_an_integer(shop: Shop, value: Any, kept: str) -> None:
    answer = shop.track(ID=value)
    assert (answer.status, answer.body["external_id"]) == (200, kept)


@pytest.mark.parametrize(
    "value",
    [*NO_TEXT, True, False, 0, "e" * 201, "👋" * 201, *CONTROLS],
    ids=lambda value: repr(value)[:20],
)
def test_14_an_event_name_has_200_characters_and_no_control_ones(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"Event": value}, 14)


@pytest.mark.parametrize("value", ["e" * 200, "👋" * 200, "$", "a.b", "$a.$b", "__proto__", " spaced ", "é", "e\u0301"])
def test_an_event_name_may_be_any_text(shop: Shop, value: str) -> None:
    assert shop.track(value, EventID=new_name("id")).status == 200
    assert shop.count(event=value) >= 1
    assert value in shop.listed()


NO_LISTS: list[Any] = [True, False, 1.5, -1, 0, [], {}, "0", "-1", "1.5", "x", " 1", "1\n", "\u0661"]
UNKNOWN_LISTS: list[Any] = [10**6, 2**63 - 1, 2**63, 2**64 + 1, "9" * 19, "9" * 400, 1e300]


@pytest.mark.parametrize("path", [EVENTS_PROPERTIES, "/api.php?Command=website_events.properties"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, 1),
        ("", 1),
        *((value, 2) for value in NO_LISTS),
        *((value, 3) for value in UNKNOWN_LISTS),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_1_2_3_properties_are_those_of_a_list(shop: Shop, path: str, value: Any, code: int) -> None:
    answer = shop.json(path, {"APIKey": shop.secret, "ListID": value})
    assert (answer.status, answer.body) == (422, envelope(code))


def test_3_another_users_list_is_not_found(shop: Shop) -> None:
    for written in (shop.foreign, str(shop.foreign)):
        answer = shop.json(EVENTS_PROPERTIES, {"APIKey": shop.secret, "ListID": written})
        assert (answer.status, answer.body) == (422, envelope(3))


def test_1_a_query_without_a_list_lacks_it(shop: Shop) -> None:
    for query in ("", "?ListID=", "?listid="):
        answer = shop.send("GET", EVENTS_PROPERTIES + query, Authorization=f"Bearer {shop.secret}")
        assert answer.body == envelope(1)


EVERYTHING: dict[str, Any] = {
    "ListID": -1,
    "Email": "x",
    "ID": "i" * 256,
    "UUID": 5,
    "EventID": "\n",
    "Timestamp": "x",
    "Properties": {"a": 2**63, "conversion-name": " "},
}


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        ("conversion", [4, 7, 8, 9, 10, 11, 12, 13, 15, 16]),
        ("e" * 201, [4, 7, 11, 12, 13, 14, 15, 16]),
        (" ", [4, 5, 7, 11, 12, 13, 15, 16]),
    ],
)
@pytest.mark.parametrize("order", [list, lambda items: list(reversed(items))], ids=["", "in reverse"])
def test_all_that_is_wrong_is_told_ascending_by_code(shop: Shop, event: str, codes: list[int], order: Any) -> None:
    given = dict(order(list({"Event": event, "APIKey": shop.secret, **EVERYTHING}.items())))
    answer = shop.json(EVENT, given)
    assert (answer.status, answer.body) == (422, envelope(*codes))


def test_an_unknown_list_is_told_with_the_rest(shop: Shop) -> None:
    assert_refused(shop, {"ListID": 10**6, "Email": "x", "Event": None}, 4, 5, 7)
    assert_refused(shop, {"ListID": shop.foreign, "Properties": {"a": 2**63}}, 4, 11)


UNKNOWN, UNREADABLE, TOO_LARGE = (404, [100003]), (400, [100000]), (413, [413])
NO_KEY, NO_PERMISSION, WRONG_ORIGIN = (401, [99998]), (403, [99999]), (403, [403])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param('{"Command":"nope","APIKey":"{secret}"', UNREADABLE, id="readable, known command"),
        pytest.param('{"Command":"nope","APIKey":"sk_wrong"}', UNKNOWN, id="known command, key"),
        pytest.param('{"Command":"event.track","APIKey":"sk_wrong","Event":[]}', NO_KEY, id="key, content"),
        pytest.param('{"Command":"event.track","APIKey":"{revoked}","Event":[]}', NO_KEY, id="revoked key, content"),
        pytest.param('{"Command":"event.track","APIKey":5,"Event":[]}', NO_KEY, id="key of another kind, content"),
        pytest.param(
            '{"Command":"event.track","APIKey":"{reader}","Event":[]}', NO_PERMISSION, id="permission, content"
        ),
        pytest.param(
            '{"Command":"website_events.properties","APIKey":"{public}","ListID":[]}',
            NO_PERMISSION,
            id="permission, origin",
        ),
        pytest.param('{"Command":"event.track","APIKey":"{secret}","Event":[]}', WRONG_ORIGIN, id="origin, content"),
        pytest.param(
            '{"Command":"event.track","APIKey":"{public}","Event":[]}', WRONG_ORIGIN, id="origin of a page, content"
        ),
        pytest.param('{"Command":"event.track","APIKey":"sk_wrong"}' + " " * (1 << 20), TOO_LARGE, id="size, key"),
    ],
)
@pytest.mark.parametrize("origin", ["https://evil.example.com", ORIGIN + ".evil.example.com"])
def test_the_first_check_that_fails_decides(
    shop: Shop, body: str, expected: tuple[int, list[int]], origin: str
) -> None:
    for name in ("secret", "reader", "public", "revoked"):
        body = body.replace(f"{{{name}}}", getattr(shop, name))
    answer = shop.json("/api.php", body, Origin=origin)
    assert (answer.status, answer.codes) == expected


def test_no_error_tells_more_than_its_row(shop: Shop) -> None:
    """Neither a header, nor a name or value of the request, comes back."""
    for given in ({"Event": "canary\n"}, {"Properties": {"canary": 2**63}}, {"canary": "\udc00"}):
        answer = shop.json(EVENT, {"APIKey": shop.secret, **given})
        assert "canary" not in json.dumps(answer.body) + str(answer.headers)
        assert set(answer.body) == {"Errors"}
        assert all(set(error) == {"Code", "Message"} for error in answer.body["Errors"])
