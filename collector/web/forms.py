"""Forms and query strings by PHP's conventions, as old callers of ``/api.php`` write them (section 2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from collector.web.jsonbody import MOST_LEVELS, read_json

MOST_FIELDS = 20_000
_STEPS = re.compile(r"\[([^\]]*)\]")


def read_form(text: str) -> dict[str, Any]:
    """The parameters of a form: ``Properties[a][b]=1`` is nested, only ``[]`` makes a list, the later of two wins.

    ``Properties`` may also be one JSON text; what is not JSON stays the text that it is, and is refused as such.

    Raises:
        ValueError: not UTF-8, an unclosed bracket, nesting beyond reason, or too many fields.
    """
    pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS)
    found = read_pairs(pairs)
    return {name: _json_text(value) if name.lower() == "properties" else value for name, value in found.items()}


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names with brackets, made into nested objects and lists."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        head, steps = _split(name)
        if steps and head not in ("", None):
            _place(result, [head, *steps], value)
        else:
            result[head] = value
    return result


def _split(name: str) -> tuple[str, list[str]]:
    """``a[b][]`` as ``a`` and its steps."""
    head, bracket, rest = name.partition("[")
    if not bracket:
        return name, []
    steps = _STEPS.findall(bracket + rest)
    if "".join(f"[{step}]" for step in steps) != bracket + rest:
        raise ValueError("an unclosed bracket")
    if len(steps) > MOST_LEVELS:
        raise ValueError("nested too deep")
    return head, steps


def _place(target: Any, path: list[str], value: str) -> None:
    """Walks or makes the way to the last step. What is there and of another kind gives way: the later wins."""
    for step, following in pairwise(path):
        kind: type[Any] = list if following == "" else dict
        target = _descend(target, step, kind)
    if isinstance(target, list):
        target.append(value)
    else:
        target[path[-1]] = value


def _descend(target: Any, step: str, kind: type[Any]) -> Any:
    if isinstance(target, list):
        target.append(kind())
        return target[-1]
    found = target.get(step)
    if not isinstance(found, kind):
        found = target[step] = kind()
    return found


def _json_text(value: Any) -> Any:
    if not isinstance(value, str) or value == "":
        return value
    try:
        return read_json(value.encode())
    except ValueError:
        return value
