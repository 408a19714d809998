"""The figures: what they are, the table, the JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WIDTH = 66


@dataclass(frozen=True)
class Row:
    """One figure, a value a round; ``at_most`` is what its median should reach, None where it is only told."""

    what: str
    values: Sequence[float]
    at_most: float | None = None
    unit: str = ""

    @property
    def median(self) -> float:
        """That of the rounds."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Whether it is reached."""
        if self.at_most is None:
            return ""
        return "reached" if self.median <= self.at_most else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        spread = {"median": self.median, "min": min(self.values), "max": max(self.values)}
        return {"what": self.what, "unit": self.unit, "at_most": self.at_most, **spread, "rounds": list(self.values)}


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(over, under, strict=True)]


def table(rows: Mapping[str, Sequence[Row]]) -> str:
    """The figures of all parts, with what they should reach."""
    lines = [f"{'':<{_WIDTH}}{'median':>9}{'min':>9}{'max':>9}{'at most':>9}"]
    for part, figures in rows.items():
        lines += ["", part, *(_line(row) for row in figures)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    shown = f"  {row.what}{f' ({row.unit})' if row.unit else ''}"
    numbers = "".join(f"{_number(value):>9}" for value in (row.median, min(row.values), max(row.values)))
    goal = "" if row.at_most is None else f"{_number(row.at_most):>9}  {row.verdict}"
    return f"{shown:<{_WIDTH}}{numbers}{goal}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def save(path: Path, facts: Mapping[str, Any], rows: Mapping[str, Sequence[Row]]) -> None:
    """Keeps the figures."""
    parts = {part: [row.as_json() for row in figures] for part, figures in rows.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, "parts": parts}, indent=2) + "\n")
