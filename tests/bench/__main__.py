"""``python -m tests.bench [PART …] [--quick]``: measures, prints a table, keeps it as JSON."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import collector
from tests.bench import batch, console, growth, latency, live, memory, processes, single
from tests.bench.bench import Bench
from tests.bench.report import Row, save, table
from tests.bench.sdks import part as python

PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "single": single.run,
    "batch": batch.run,
    "processes": processes.run,
    "growth": growth.run,
    "latency": latency.run,
    "memory": memory.run,
    "python": python.run,
    "console": console.run,
    "live": live.run,
}
BUILD = Path(collector.__file__).parents[1] / "build" / "bench"
_SHOWN = 1_000
"""Characters of an error at its beginning, and at its end: the driver's may hold every document of a group."""
_LIBRARIES = ("tornado", "motor", "pymongo", "orjson", "jsonschema-rs")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the parts that are asked for; 0 when all of them could be measured, whether or not a target was reached."""
    arguments = _parser().parse_args(argv)
    chosen = arguments.parts or list(PARTS)
    facts = _machine()
    rows: dict[str, list[Row]] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="footfall-bench-", dir=arguments.dir) as directory:
        bench = Bench(Path(directory), arguments.quick)
        try:
            for part in chosen:
                _measure(part, bench, rows, failed)
        finally:
            bench.close()
    facts |= {**bench.facts, "quick": arguments.quick, "failed": failed}
    print("\n".join(f"{name}: {value}" for name, value in facts.items()))
    print(table(rows))
    save(arguments.output, facts, rows)
    print(f"\nkept in {arguments.output}")
    return 1 if failed else 0


def _measure(part: str, bench: Bench, rows: dict[str, list[Row]], failed: dict[str, str]) -> None:
    """One part. Where it fails, the others are measured all the same."""
    bench.tell(part)
    try:
        rows[part] = PARTS[part](bench)
    except Exception as error:
        bench.tell(_short(traceback.format_exc()))
        failed[part] = _short(f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]} … {text[-_SHOWN:]}"


def _machine() -> dict[str, object]:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return {
        "taken": time.strftime("%Y-%m-%d %H:%M:%S%z"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load before": os.getloadavg()[0],
        "python": platform.python_version(),
        "libraries": libraries,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; without any, all")
    parser.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    parser.add_argument("--dir", type=Path, help="where databases are made; 10 million events take 10 GB")
    default = BUILD / time.strftime("%Y%m%d-%H%M%S.json")
    parser.add_argument("--output", type=Path, default=default, help="where the figures are kept, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
