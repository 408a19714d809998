"""Section 4 of the contract, codes 8 to 11: which properties can be stored, and which a conversion must have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.shop import EVENT, Shop, new_name, open_shop
from tests.support.verdicts import BLANKS, assert_refused, stored

shop = pytest.fixture(scope="module")(open_shop)

CONVERSION = {"conversion-id": "c1", "conversion-name": "Sale", "conversion-value": 10}


def _deep(levels: int, kind: str) -> Any:
    """Properties of so many levels, themselves the first."""
    value: Any = 1
    for _ in range(levels - 1):
        value = [value] if kind == "lists" else {"a": value}
    return {"a": value}


def _of_bytes(size: int) -> dict[str, str]:
    """Properties of so many bytes as compact UTF-8 JSON; ``é`` has two."""
    start = {"é": "é", "b": ""}
    room = size - len(json.dumps(start, ensure_ascii=False, separators=(",", ":")).encode())
    return {**start, "b": "x" * room}


@pytest.mark.parametrize("blank", [None, *BLANKS, "absent"], ids=repr)
@pytest.mark.parametrize(
    ("name", "code"), [("conversion-id", 8), ("conversion-name", 9), ("conversion-value", 10)], ids=str
)
def test_8_9_10_a_conversion_has_its_properties(shop: Shop, blank: Any, name: str, code: int) -> None:
    properties = {**CONVERSION, name: blank}
    if blank == "absent":
        del properties[name]
    assert_refused(shop, {"Event": "conversion", "Properties": properties}, code)


@pytest.mark.parametrize("properties", [None, "", {}, [], {"Conversion-Id": 1}], ids=repr)
def test_8_9_10_all_that_a_conversion_lacks_is_told(shop: Shop, properties: Any) -> None:
    assert_refused(shop, {"Event": "conversion", "Properties": properties}, 8, 9, 10)


@pytest.mark.parametrize("properties", ["x", 5, [1], True])
def test_8_9_10_11_properties_of_another_kind_hold_no_conversion(shop: Shop, properties: Any) -> None:
    assert_refused(shop, {"Event": "conversion", "Properties": properties}, 8, 9, 10, 11)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "false", " x ", -1, [], {}, [None]], ids=repr)
def test_zero_and_false_are_values_of_a_conversion(shop: Shop, value: Any) -> None:
    name = new_name("id")
    assert shop.track("conversion", EventID=name, Properties=dict.fromkeys(CONVERSION, value)).status == 200
    assert shop.stored(event_id=name)["properties"] == dict.fromkeys(CONVERSION, value)


def test_only_a_conversion_needs_the_properties_of_one(shop: Shop) -> None:
    for name in ("Conversion", "conversions", " conversion"):
        assert shop.track(name).status == 200


@pytest.mark.parametrize("value", ["x", "{}", 5, 0, 1.5, True, False, [1], [[]], [{}], ["a", "b"]], ids=repr)
def test_11_properties_are_an_object(shop: Shop, value: Any) -> None:
    assert_refused(shop, {"Properties": value}, 11)


def test_phps_empty_array_is_no_properties(shop: Shop) -> None:
    assert stored(shop, {"Properties": []})["properties"] == {}


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, -(2**63) - 1, 10**30, -(10**300)])
@pytest.mark.parametrize("place", [lambda number: number, lambda number: [{"b": [number]}]], ids=["top", "nested"])
def test_11_an_integer_has_64_bits(shop: Shop, number: int, place: Any) -> None:
    assert_refused(shop, {"Properties": {"a": place(number)}}, 11)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53 + 1, 10**18, 1e300, 1.5e19, -0.5], ids=repr)
def test_a_number_of_64_bits_is_kept(shop: Shop, number: float) -> None:
    kept = stored(shop, {"Properties": {"a": number, "b": [number]}})["properties"]
    assert kept == {"a": number, "b": [number]}
    assert isinstance(kept["a"], type(number))
    assert isinstance(kept["b"][0], type(number))


@pytest.mark.parametrize("name", ["\0", "a\0", "\0a", "a\0b"])
@pytest.mark.parametrize("place", [lambda item: item, lambda item: {"b": [item]}], ids=["top", "nested"])
def test_11_a_name_has_no_nul(shop: Shop, name: str, place: Any) -> None:
    assert_refused(shop, {"Properties": place({name: 1})}, 11)


@pytest.mark.parametrize("kind", ["lists", "objects"])
def test_11_properties_have_32_levels(shop: Shop, kind: str) -> None:
    assert stored(shop, {"Properties": _deep(32, kind)})["properties"] == _deep(32, kind)
    assert_refused(shop, {"Properties": _deep(33, kind)}, 11)
    assert_refused(shop, {"Properties": _deep(400, kind)}, 11)


def test_an_empty_list_is_a_level_too(shop: Shop) -> None:
    empties: list[Any] = [[], {}]
    for empty in empties:
        value = empty
        for _ in range(30):
            value = [value]
        assert shop.track(Properties={"a": value}).status == 200
        assert_refused(shop, {"Properties": {"a": [value]}}, 11)


def test_11_properties_have_255_names_at_the_top(shop: Shop) -> None:
    names = {f"n{number}": number for number in range(255)}
    assert stored(shop, {"Properties": names})["properties"] == names
    assert_refused(shop, {"Properties": {**names, "one more": 1}}, 11)
    assert_refused(shop, {"Properties": {str(number): 1 for number in range(5_000)}}, 11)


def test_names_below_the_top_are_not_counted(shop: Shop) -> None:
    names = {"a": {f"n{number}": number for number in range(1_000)}}
    assert stored(shop, {"Properties": names})["properties"] == names


@pytest.mark.parametrize("character", ["n", "é", "👋"])
@pytest.mark.parametrize("place", [lambda item: item, lambda item: {"b": [item]}], ids=["top", "nested"])
def test_11_a_name_has_255_characters(shop: Shop, character: str, place: Any) -> None:
    properties = place({character * 255: 1})
    assert stored(shop, {"Properties": properties})["properties"] == properties
    assert_refused(shop, {"Properties": place({character * 256: 1})}, 11)


def test_11_properties_have_64_kib(shop: Shop) -> None:
    assert stored(shop, {"Properties": _of_bytes(65_536)})["properties"] == _of_bytes(65_536)
    assert_refused(shop, {"Properties": _of_bytes(65_537)}, 11)


def test_white_space_and_escapes_of_a_request_do_not_count_as_properties(shop: Shop) -> None:
    name, value = new_name(), "é" * 32_000
    head = f'{{"APIKey":"{shop.secret}","ListID":{shop.list_id},"Event":"{name}","Properties":{{"a":'
    assert shop.json(EVENT, head + " " * 100_000 + json.dumps(value) + "}}").status == 200
    assert shop.stored(event=name)["properties"] == {"a": value}


@pytest.mark.parametrize("flag", [True, 2**70, "x" * 100_000, {"\0": 1}, _deep(40, "lists")], ids=lambda f: repr(f)[:9])
def test_the_flag_of_a_test_event_is_no_property(shop: Shop, flag: Any) -> None:
    names = {f"n{number}": number for number in range(255)}
    assert shop.track(Properties={**names, "isTest": flag}).status == 200
    assert_refused(shop, {"Properties": {**names, "one more": 1, "isTest": flag}}, 11)
    assert shop.track(Properties={**_of_bytes(65_536), "isTest": flag}).status == 200
    assert_refused(shop, {"Properties": {**_of_bytes(65_537), "isTest": flag}}, 11)


def test_a_test_event_is_validated_like_any_other(shop: Shop) -> None:
    assert_refused(
        shop, {"Event": "conversion", "Email": "x", "UUID": 5, "Properties": {"isTest": True}}, 7, 8, 9, 10, 12
    )
