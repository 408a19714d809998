"""Conditions on the properties of an event, as expressions of MongoDB.

A property is reached by ``$getField`` under its literal name, so that ``a.b``, ``$where`` and the empty name are names
like others; no field path and no operator is made of what a caller sent. Types are those of JSON: 1 and 1.0 are equal,
``"1"`` is not 1, ``true`` is not 1, and the order of names in an object means nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from collector.model import Document

Operator = Literal["equals", "is_not", "contains", "greater", "less", "is_set", "is_not_set", "one_of"]

Expression = Any

_MOST_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one property. ``value`` is of no meaning to ``is_set`` and ``is_not_set``, a list to ``one_of``,
    a text or a number to ``greater`` and ``less``."""

    property: str
    operator: Operator
    value: Any = None


def field(name: str, of: Expression = "$properties") -> Expression:
    """The value of a property, whatever its name; missing where an event has none."""
    return {"$getField": {"field": {"$literal": name}, "input": of}}


def has(name: str) -> Expression:
    """Whether an event has a property, null included."""
    return _is_set(field(name), None)


def condition(asked: Filter) -> Expression:
    """Whether an event meets a filter. ``is_not`` is met by events without the property too."""
    return _CONDITIONS[asked.operator](field(asked.property), asked.value)


def equal(found: Expression, value: Any, level: int = 0) -> Expression:
    """Whether a value is equal to one that was sent. MongoDB takes the order of names into account, so that objects are
    compared name by name; but not in the depth, since MongoDB takes no expression that is nested as deep as a value may
    be."""
    if level == _MOST_LEVELS:
        return {"$eq": [found, {"$literal": value}]}
    if isinstance(value, dict):
        each = [equal(field(name, found), item, level + 1) for name, item in value.items()]
        names = {"$size": {"$objectToArray": found}}
        return _all({"$eq": [{"$type": found}, "object"]}, {"$eq": [names, len(value)]}, *each)
    if isinstance(value, list):
        each = [equal({"$arrayElemAt": [found, place]}, item, level + 1) for place, item in enumerate(value)]
        return _all({"$isArray": [found]}, {"$eq": [{"$size": found}, len(value)]}, *each)
    return {"$eq": [found, {"$literal": value}]}


def _all(first: Expression, *others: Expression) -> Expression:
    """``$and`` may look at its parts in another order, ``$cond`` never looks at what it does not need."""
    return {"$cond": [first, {"$and": list(others)}, False]}


def _contains(found: Expression, value: Any) -> Expression:
    """A text within a text, A to Z without regard to case: ``$toLower`` knows no other letters. Or an element."""
    element = {"$anyElementTrue": [{"$map": {"input": found, "in": equal("$$this", value)}}]}
    within: Expression = False
    if isinstance(value, str):
        place = {"$indexOfCP": [{"$toLower": found}, {"$toLower": {"$literal": value}}]}
        within = {"$cond": [_is_text(found), {"$gte": [place, 0]}, False]}
    return {"$cond": [{"$isArray": [found]}, element, within]}


def _compared(operator: Literal["$gt", "$lt"]) -> Callable[[Expression, Any], Expression]:
    """Texts are compared by code points."""

    def compared(found: Expression, value: Any) -> Expression:
        alike = _is_text(found) if isinstance(value, str) else {"$isNumber": found}
        return _all(alike, {operator: [found, {"$literal": value}]})

    return compared


def _is_text(found: Expression) -> Expression:
    return {"$eq": [{"$type": found}, "string"]}


def _is_set(found: Expression, _value: Any) -> Expression:
    return {"$ne": [{"$type": found}, "missing"]}


_CONDITIONS: dict[Operator, Callable[[Expression, Any], Document]] = {
    "equals": equal,
    "is_not": lambda found, value: {"$not": [equal(found, value)]},
    "contains": _contains,
    "greater": _compared("$gt"),
    "less": _compared("$lt"),
    "is_set": _is_set,
    "is_not_set": lambda found, value: {"$not": [_is_set(found, value)]},
    "one_of": lambda found, value: {"$or": [equal(found, item) for item in value]},
}
OPERATORS = tuple(_CONDITIONS)
