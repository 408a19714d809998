"""What the SDK's README says of itself."""

from __future__ import annotations

from pathlib import Path

from tests.bench.sdks.comparison import HEADS, ROWS

README = (Path(__file__).parents[2] / "sdk" / "python" / "README.md").read_text(encoding="utf-8")


def test_the_comparison_has_the_rows_that_the_bench_makes_in_their_order() -> None:
    _, _, section = README.partition("## How it compares")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]

    assert table[0][1] == "Footfall"
    assert [head.rpartition(" ")[0] for head in table[0][2:]] == list(HEADS.values())
    assert [row[0] for row in table[2:]] == [label for label, _ in ROWS.values()]
    assert all(all(row) for row in table[2:])
