"""jsonschema-rs, which says yes fast, and jsonschema, which says why not, give one verdict for every command."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.commands.console import CONSOLE
from collector.commands.gate import CREDENTIALS
from collector.commands.schemas import Schema
from collector.commands.table import COMMANDS
from collector.errors import Fault

SCHEMAS = {name: Schema(name) for name in dict.fromkeys(command.name for command in (*COMMANDS, *CONSOLE))}

VALID: dict[str, list[Any]] = {
    "Event": ["page_view", "conversion", "identify", "👋" * 200],
    "ListID": [1, 123, "123", "007", 2**63, 5.0],
    "Email": ["a@example.com"],
    "ID": ["user-1", 5, "i" * 255],
    "UUID": ["visitor", "u" * 128],
    "EventID": ["start-1"],
    "Timestamp": ["2024-01-31T10:00:00Z", 1700000000, 1.5],
    "SentAt": ["2024-01-31", 0],
    "Properties": [{}, {"conversion-id": 1, "conversion-name": "a", "conversion-value": 0}],
    "Events": [[{"Event": "page_view"}], [{"Event": "e", "Properties": {"a": 1}}, {"Event": "conversion"}]],
    "Filters": [[], "[]", [{"Property": "", "Operator": "is_set"}, {"Property": "a", "Operator": "less", "Value": 1}]],
    "From": ["2024-01-31T10:00:00Z", 1700000000],
    "To": ["2024-01-31", 0],
    "TimeZone": ["UTC", "Europe/Berlin"],
    "Examples": [True, "1", 0],
    "Bots": [True, "0", None, [1]],
    "Property": ["$page_title", ""],
    "BreakDown": ["a.b"],
    "Measure": ["events", "sum"],
    "Interval": ["hour"],
    "Format": ["csv"],
    "Limit": [1, "50", 2**63],
    "Cursor": ["AAAA"],
    "Username": ["demo"],
    "Password": ["secret"],
    "SessionID": ["se_x"],
    "Search": ["a"],
    "Name": ["Customers"],
    "Prefix": ["pk_abcdefgh"],
    "Kind": ["secret", "public"],
    "Origins": [["https://www.example.com"]],
}
EDGES = [*"\0\t\n\v\f\r\x1c\x1f \x7f\x80\x85\x9f\xa0\u1680\u180e\u2000\u200b\u2028\u2029\u202f\u3000\ufeff09Aa٣９é👋"]
TEXTS = (
    st.text(max_size=20)
    | st.lists(st.sampled_from(EDGES), max_size=4).map("".join)
    | st.builds(lambda text, end: text + end, st.sampled_from(["1", "e", "conversion"]), st.sampled_from(EDGES))
    | st.builds(
        lambda character, times: character * times,
        st.sampled_from(["a", "1", "é", "👋", "e\u0301"]),
        st.sampled_from([99, 100, 101, 127, 128, 129, 199, 200, 201, 254, 255, 256, 1_000, 1_001]),
    )
)
NUMBERS = (
    st.integers()
    | st.integers(-2, 2)
    | st.sampled_from([2**53, 2**63 - 1, 2**63, 2**64, 2**64 + 1, -(2**63) - 1, 10**300, -(10**30)])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([-0.0, 0.0, 1.0, 0.5, 1e300, -1e300, 5e-324, 9007199254740993.0])
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CONVERSION_VALUES = st.dictionaries(
    st.sampled_from(["conversion-id", "conversion-name", "conversion-value", "isTest"]), ANYTHING, max_size=4
)
MANY_NAMES = st.sampled_from([254, 255, 256, 257]).map(lambda count: {str(number): 1 for number in range(count)})


def _parameter(name: str) -> st.SearchStrategy[Any]:
    values = st.sampled_from(VALID[name]) if name in VALID else st.nothing()
    return values | ANYTHING | (CONVERSION_VALUES | MANY_NAMES if name == "Properties" else st.nothing())


def _parameters(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Some of a command's parameters, each with a value that fits, one that nearly does, or any; and others."""
    known = st.fixed_dictionaries({}, optional={name: _parameter(name) for name in schema.parameters})
    return st.builds(lambda others, given: {**others, **given}, st.dictionaries(TEXTS, ANYTHING, max_size=2), known)


def _examples(command: str) -> settings:
    """Most for what anybody may send."""
    return settings(max_examples=400 if command.startswith("event.") else 60)


COMMAND = pytest.mark.parametrize("command", SCHEMAS)


@COMMAND
def test_both_validators_give_one_verdict(command: str) -> None:
    schema = SCHEMAS[command]

    @_examples(command)
    @given(given=_parameters(schema))
    @example(given={})
    @example(given={"Event": "conversion\n", "ListID": "1\n", "UUID": "\n"})
    def agree(given: dict[str, Any]) -> None:
        assert schema.fits(given) == (not schema.explained(given))

    agree()


@COMMAND
def test_whatever_does_not_fit_has_a_row_of_its_own(command: str) -> None:
    """None of a command's own parameters falls back to "could not be read"."""
    schema = SCHEMAS[command]

    @_examples(command)
    @given(given=_parameters(schema))
    def explain(given: dict[str, Any]) -> None:
        own = {name: value for name, value in given.items() if name not in CREDENTIALS}
        assert Fault.UNREADABLE not in schema.explained(own)

    explain()


@COMMAND
@pytest.mark.parametrize("levels", [32, 100, 500])
def test_both_validators_take_what_nests_as_deep_as_is_read(command: str, levels: int) -> None:
    deep: Any = 1
    for number in range(levels):
        deep = [deep] if number % 2 else {"a": deep}
    schema = SCHEMAS[command]
    for name in schema.parameters:
        given = {name: deep}
        assert schema.fits(given) == (not schema.explained(given))


def test_every_parameter_is_fed_with_values_that_fit() -> None:
    """So that agreement is not only about refusing."""
    for command, schema in SCHEMAS.items():
        for name in set(schema.parameters) - CREDENTIALS:
            assert name in VALID, (command, name)
    track = SCHEMAS["event.track"]
    for name, values in VALID.items():
        for value in values:
            given = {"Event": "e", name: value} if name in track.parameters else {"Event": "e"}
            wanted = {"conversion-id": 1, "conversion-name": 1, "conversion-value": 1}
            given = {"Properties": wanted, **given} if value == "conversion" else given
            assert track.fits(given), given
            assert track.explained(given) == set()
