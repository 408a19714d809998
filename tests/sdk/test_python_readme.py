"""What the SDK's README says of itself."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import footfall

from tests.bench.sdks.comparison import HEADS, ROWS

README = (Path(__file__).parents[2] / "sdk" / "python" / "README.md").read_text(encoding="utf-8")


def test_all_that_is_public_is_explained() -> None:
    kinds = (footfall.Stats, footfall.Limits, footfall.Verdict, footfall.Web, footfall.Answer)
    fields = [name for kind in kinds for name in kind._fields]
    methods = [name for name in vars(footfall.Client) if not name.startswith("_")]
    arguments = [name for name in inspect.signature(footfall.Client).parameters if name not in {"url", "key"}]
    for name in {*footfall.__all__, *fields, *methods, *arguments} - {"__version__"}:
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`|\b{name}\(", README), name


def test_the_comparison_has_the_rows_that_the_bench_makes_in_their_order() -> None:
    _, _, section = README.partition("## How it compares")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]

    assert table[0][1] == "Footfall"
    assert [head.rpartition(" ")[0] for head in table[0][2:]] == list(HEADS.values())
    assert [row[0] for row in table[2:]] == [label for label, _ in ROWS.values()]
    assert all(all(row) for row in table[2:])
