"""Parameters by their documented names, and which of them count as provided (section 2 of the contract)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collector.errors import Fault, Refusal
from collector.model import Document

_MAY_BE_PLACEHOLDERS = ("Email", "ID", "UUID")
_NAMES_OF_PROPERTIES = frozenset({"Property", "BreakDown"})
_PLACEHOLDERS = frozenset(
    {
        "undefined",
        "null",
        "none",
        "nan",
        "true",
        "false",
        "0",
        "guest",
        "anonymous",
        "[object object]",
        "00000000-0000-0000-0000-000000000000",
        "00000000000000000000000000000000",
    }
)
_LONGEST_PLACEHOLDER = max(map(len, _PLACEHOLDERS)) + 8


class Names:
    """The documented names of all parameters, found without regard to case.

    Args:
        names: as they are documented.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_lower = {name.lower(): name for name in names}
        self._exact = frozenset(self._by_lower.values())

    def fold(self, given: Mapping[str, Any]) -> Document:
        """``given`` under the documented names; names that nobody knows in lower case.

        Raises:
            Refusal: 100000, one parameter is given twice in different cases.
        """
        folded: Document = {}
        for name, value in given.items():
            known = name if name in self._exact else self._by_lower.get(name.lower(), name.lower())
            if known in folded:
                raise Refusal(Fault.UNREADABLE)
            folded[known] = value
        return folded


def provided(parameters: Mapping[str, Any]) -> Document:
    """What counts as provided: not null, not an empty text, and of who the subscriber is no placeholder that broken
    pages send, which would make one person of everybody. A property may be called nothing at all. PHP's empty array as
    ``Properties`` is an empty object."""
    given = {name: value for name, value in parameters.items() if _is_given(name, value)}
    for name in _MAY_BE_PLACEHOLDERS:
        if name in given and _is_placeholder(given[name]):
            del given[name]
    if isinstance(given.get("Event"), str) and not given["Event"].strip():
        del given["Event"]
    if given.get("Properties") == []:
        given["Properties"] = {}
    return given


def _is_given(name: str, value: Any) -> bool:
    return value is not None and (value != "" or name in _NAMES_OF_PROPERTIES)


def placeholders(parameters: Mapping[str, Any]) -> list[str]:
    """The parameters that hold such a placeholder."""
    return [name for name in _MAY_BE_PLACEHOLDERS if _is_placeholder(parameters.get(name))]


def _is_placeholder(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_PLACEHOLDER and value.strip().lower() in _PLACEHOLDERS
    return isinstance(value, bool) or (isinstance(value, int | float) and value == 0)
