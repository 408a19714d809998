"""The table "How it compares" of ``sdk/python/README.md``."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.sdks.running import HANGS


@dataclass(frozen=True)
class Figures:
    """By SDK and by what was measured, a value a round."""

    values: dict[str, dict[str, list[float]]]

    def add(self, name: str, what: str, value: float) -> None:
        """One more round."""
        self.values[name].setdefault(what, []).append(value)

    def of(self, name: str, what: str) -> list[float]:
        """All rounds."""
        return self.values[name][what]


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"over {HANGS:.0f}" if value >= HANGS else f"{value:.1f}"


ROWS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "call": ("`track()`, µs", _whole),
    "rate": ("delivered, events/s", _whole),
    "burst": ("lost of a burst of 20,000, at the defaults", _whole),
    "exit": ("delivered of 1,000 when the script ends without a flush", _whole),
    "refused": ("seconds to the end, the server refusing connections", _seconds),
    "silent": ("seconds to the end, the server silent", _seconds),
    "fork": ("delivered of 20: child of `os.fork`", _whole),
    "process_fork": ("delivered of 20: `multiprocessing`, fork", _whole),
    "process_spawn": ("delivered of 20: `multiprocessing`, spawn", _whole),
    "celery": ("delivered of 20: Celery, prefork", _whole),
    "gunicorn": ("delivered of 20: `gunicorn --preload`", _whole),
    "held": ("event loop held up at most, ms (answers take 50 ms)", _whole),
    "memory": ("MiB more after 100,000 events, the server dead", _whole),
}
HEADS = {"posthog": "posthog", "segment-analytics-python": "segment", "mixpanel": "mixpanel, buffered"}


def comparison(figures: Figures, versions: Mapping[str, object]) -> str:
    """The table, in Markdown: the median of each, with its range where the rounds differ."""
    heads = ["", "Footfall", *(f"{head} {versions[package]}" for package, head in HEADS.items())]
    names = ["footfall", *HEADS]
    lines = [heads, ["---", *["---:"] * len(names)]]
    lines += [[label, *(_cell(figures.of(name, what), show) for name in names)] for what, (label, show) in ROWS.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(values: Sequence[float], show: Callable[[float], str]) -> str:
    least, median, most = show(min(values)), show(statistics.median(values)), show(max(values))
    return median if least == most else f"{median} ({least} to {most})"
