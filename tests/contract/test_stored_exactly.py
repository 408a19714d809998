"""Section 2 of the contract: what was sent is what is stored and listed, in every encoding."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.live import Live
from tests.support.shop import EVENT, Shop, new_name, open_shop

shop = pytest.fixture(scope="module")(open_shop)

EXAMPLES = settings(max_examples=60)

TEXTS = st.text(max_size=30)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        "$",
        ".",
        "a.b",
        "$a.$b",
        "$set",
        "__proto__",
        "_id",
        "$$ROOT",
        "a[b]",
        "\n",
        "\ufeff",
        "👋",
        "e\u0301",
        "\u00e9",
    ]
)
NUMBERS = (
    st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([2**63 - 1, -(2**63), 2**53 + 1, 2**31, -(2**31) - 1])
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
PROPERTIES = st.dictionaries(NAMES.filter(lambda name: name != "isTest"), VALUES, max_size=10)
EVENTS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200)
    .filter(str.strip)
    .filter(lambda name: name not in ("conversion", "identify"))
)

# What brackets can say: texts, lists of texts, and objects, none of them empty, under names without a closing bracket.
STEPS = st.text(st.characters(exclude_characters="\0]", exclude_categories=["Cs"]), min_size=1, max_size=10)
BRACKETED: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.lists(TEXTS, min_size=1, max_size=4),
    lambda inner: st.dictionaries(STEPS, inner, min_size=1, max_size=4),
    max_leaves=12,
)


def _same(one: Any, other: Any) -> bool:
    """The same types, the same order of names, and no ``1`` for ``1.0`` or ``True``, nor ``0.0`` for ``-0.0``."""
    return json.dumps(one) == json.dumps(other)


def _fields(prefix: str, value: Any) -> list[str]:
    """A value as fields of a form."""
    if isinstance(value, dict):
        return [field for name, item in value.items() for field in _fields(f"{prefix}[{name}]", item)]
    if isinstance(value, list):
        return [field for item in value for field in _fields(f"{prefix}[]", item)]
    return [f"{quote(prefix)}={quote(value)}"]


@EXAMPLES
@given(event=EVENTS, properties=PROPERTIES, ascii_only=st.booleans())
@example(event="$a.$b", properties={"": {"": {"$": [{"a.b": "\0"}]}}, "$": -0.0, "__proto__": {}}, ascii_only=True)
@example(event="e", properties={"a": 2**63 - 1, "b": -(2**63), "c": 1.0, "d": 5e-324, "e": 1e22}, ascii_only=False)
@example(event="e", properties={"listid": 1, "ListID": 2, "LISTID": [None, False, 0, ""]}, ascii_only=True)
def test_json_is_stored_exactly(shop: Shop, event: str, properties: Any, ascii_only: bool) -> None:
    key = new_name("id")
    given = {"APIKey": shop.secret, "ListID": shop.list_id, "Event": event, "EventID": key, "Properties": properties}
    assert shop.json(EVENT, json.dumps(given, ensure_ascii=ascii_only)).status == 200
    row = shop.stored(event_id=key)
    assert row["event"] == event
    assert _same(row["properties"], properties)


@EXAMPLES
@given(event=EVENTS, properties=PROPERTIES, ascii_only=st.booleans())
def test_json_in_a_form_is_stored_exactly(shop: Shop, event: str, properties: Any, ascii_only: bool) -> None:
    key = new_name("id")
    text = json.dumps(properties, ensure_ascii=ascii_only)
    assert shop.track_form(f"Event={quote(event)}&EventID={quote(key)}&Properties={quote(text)}").status == 200
    row = shop.stored(event_id=key)
    assert row["event"] == event
    assert _same(row["properties"], properties)


@EXAMPLES
@given(properties=st.dictionaries(STEPS.filter(lambda name: name != "isTest"), BRACKETED, min_size=1, max_size=6))
@example(properties={"$page_title": "Hi", "a": {"b": "1"}, "tags": ["x", ""], "a.b": {"$c": {"[": "+&=%"}}})
def test_fields_of_a_form_are_stored_exactly(shop: Shop, properties: Any) -> None:
    key = new_name("id")
    fields = "&".join(_fields("Properties", properties))
    assert shop.track_form(f"Event=e&EventID={quote(key)}&{fields}").status == 200
    assert _same(shop.stored(event_id=key)["properties"], properties)


@EXAMPLES
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=120))
def test_who_an_event_names_is_stored_exactly(shop: Shop, text: str) -> None:
    """``x`` before it, so that it is no placeholder."""
    name = f"x{text}"
    key = new_name("id")
    answer = shop.track(ID=name, UUID=name, EventID=key)
    assert (answer.status, answer.body["uuid"], answer.body["external_id"]) == (200, name, name)
    row = shop.stored(event_id=key)
    assert (row["uuid"], row["external_id"]) == (name, name)
    assert shop.track(EventID=f"{key}{name}"[:128]).status == 200
    assert shop.count(event_id=f"{key}{name}"[:128]) == 1


def test_what_is_stored_is_listed(live: Live, shop: Shop) -> None:
    """Every event name and every name at the top of its properties, in code-point order, and nothing else."""
    empty = shop.with_new_list(live)
    assert empty.listed() == {}
    expected: defaultdict[str, set[str]] = defaultdict(set)

    @settings(max_examples=40)
    @given(event=EVENTS | st.sampled_from(["e", "$", "a.b", "é"]), properties=PROPERTIES)
    def track(event: str, properties: Any) -> None:
        assert empty.track(event, Properties=properties).status == 200
        expected[event] |= properties.keys()
        assert empty.listed()[event] == sorted(expected[event])

    track()
    listed = empty.listed()
    assert list(listed) == sorted(expected)
    assert listed == {event: sorted(names) for event, names in expected.items()}
