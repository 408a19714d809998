"""Section 2 of the contract: what counts as not provided: null, empty texts, and the placeholders of broken pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.shop import EVENT, Shop, new_name, open_shop

shop = pytest.fixture(scope="module")(open_shop)


@pytest.mark.parametrize("absent", [None, ""], ids=["null", "empty"])
def test_what_is_null_or_empty_counts_as_not_provided(shop: Shop, absent: Any) -> None:
    name = new_name()
    optional = ("ListID", "Email", "ID", "UUID", "EventID", "Timestamp", "SentAt", "Properties", "SessionID", "Command")
    given = {"APIKey": shop.secret, "Event": name, **dict.fromkeys(optional, absent)}
    first, second = shop.json(EVENT, given), shop.json(EVENT, given)
    for answer in (first, second):
        assert answer.status == 200
        assert answer.body == {**answer.body, "external_id": None, "identify_event_sent": False}
    assert first.body["uuid"] != second.body["uuid"]
    rows = list(shop.db["events"].find({"event": name}))
    assert len(rows) == 2
    unset = {"list_id", "email", "external_id", "event_id", "timestamp", "sent_at"}
    assert all(row["properties"] == {} and not unset & row.keys() for row in rows)


@pytest.mark.parametrize("absent", [None, ""], ids=["null", "empty"])
@pytest.mark.parametrize(("name", "code"), [("Event", 5), ("APIKey", 99998)])
def test_what_is_required_and_null_or_empty_is_missing(shop: Shop, absent: Any, name: str, code: int) -> None:
    assert shop.json(EVENT, {"APIKey": shop.secret, "Event": "x", name: absent}).codes == [code]


PLACEHOLDERS = [
    "undefined",
    "null",
    "none",
    "nan",
    "true",
    "false",
    "0",
    "guest",
    "anonymous",
    "[object Object]",
    "00000000-0000-0000-0000-000000000000",
]


@pytest.mark.parametrize("placeholder", [*PLACEHOLDERS, True, False, 0, 0.0, -0.0], ids=repr)
@pytest.mark.parametrize("name", ["Email", "ID", "UUID"])
def test_a_placeholder_of_a_broken_page_makes_nobody_a_person(shop: Shop, placeholder: Any, name: str) -> None:
    cases = (str, str.lower, str.upper, str.title, str.swapcase)
    spelled = [case(placeholder) for case in cases] if isinstance(placeholder, str) else [placeholder]
    before = shop.db["subscribers"].count_documents({})
    uuids = set()
    for value in spelled:
        answer = shop.track(**{name: value})
        assert (answer.status, answer.body["external_id"]) == (200, None), value
        assert answer.body["identify_event_sent"] is False
        uuids.add(answer.body["uuid"])
    assert len(uuids) == len(spelled)
    assert uuids.isdisjoint(map(str, spelled))
    assert shop.db["subscribers"].count_documents({}) == before


@pytest.mark.parametrize("placeholder", ["undefined", "[object Object]", "0"])
def test_a_placeholder_in_a_form_counts_as_not_provided(shop: Shop, placeholder: str) -> None:
    answer = shop.track_form(f"Event=e&Email={quote(placeholder)}&ID={quote(placeholder)}&UUID={quote(placeholder)}")
    assert (answer.status, answer.body["external_id"]) == (200, None)
    assert answer.body["uuid"] != placeholder


@pytest.mark.parametrize(
    "value", ["00", "1", "guest1", "nobody", "nullable", "-1", "0.0", "Object", 1, -1, "00000000"], ids=repr
)
def test_what_only_resembles_a_placeholder_is_a_name(shop: Shop, value: Any) -> None:
    answer = shop.track(ID=value)
    assert (answer.status, answer.body["external_id"]) == (200, str(value))
    assert shop.track(ID=value).body["uuid"] == answer.body["uuid"]


@pytest.mark.parametrize("placeholder", [*PLACEHOLDERS, True, False, 0], ids=repr)
def test_placeholders_are_values_everywhere_else(shop: Shop, placeholder: Any) -> None:
    name = new_name()
    assert shop.track(name, Properties={"a": placeholder}).status == 200
    assert shop.stored(event=name)["properties"] == {"a": placeholder}
    if isinstance(placeholder, str):
        assert shop.track(placeholder, EventID=f"{name} {placeholder}").status == 200
