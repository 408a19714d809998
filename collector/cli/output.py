"""Printing what a command has made: a line a field, a table, or JSON."""

from __future__ import annotations

import json
import sys
from typing import Any


def show(result: dict[str, Any] | list[dict[str, Any]], as_json: bool) -> None:
    """Prints a result. Raises ``BrokenPipeError`` where the reader has gone."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    elif isinstance(result, dict):
        width = max(map(len, result))
        for name, value in result.items():
            print(f"{name:{width}}  {_text(value)}")
    else:
        _table(result)
    sys.stdout.flush()


def _table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("(none)")
        return
    lines = [list(rows[0]), *([_text(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
