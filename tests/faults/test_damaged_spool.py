"""A spool that was damaged while its collector was down: what can be read is delivered, and the rest is told."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.faults.checks import check, drained
from tests.faults.load import loaded, more
from tests.faults.stopping import again, kill_all, standing_still
from tests.support.books import read_books
from tests.support.live import NO_LIMITS, Live, eventually, footfall, stop
from tests.support.spools import files
from tests.support.traffic import beside

Harm = Callable[[Path, random.Random], None]


def flip(path: Path, chance: random.Random) -> None:
    """Turns a byte over."""
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)


def cut(path: Path, chance: random.Random) -> None:
    """Takes away the end."""
    size = path.stat().st_size
    os.truncate(path, chance.randrange(size // 2, size))


def spool_of(live: Live, slot: int) -> Path:
    """The spool of a process."""
    return live.data_dir / "slots" / str(slot) / "spool"


def test_what_can_be_read_of_a_damaged_spool_is_delivered_and_the_rest_is_told(
    live: Live, tmp_path: Path, chance: random.Random
) -> None:
    options = ("--processes", "2")
    with beside(live, tmp_path / "var", "damaged", *options, *NO_LIMITS) as two, ExitStack() as stack:
        with ExitStack() as outage:
            with loaded(two, chance) as traffic:
                outage.enter_context(standing_still(live))
                eventually(lambda: all(files(spool_of(two, slot)) for slot in (0, 1)))
                more(traffic)
            kill_all(two.process)
        for slot, harm in enumerate((flip, cut)):
            harm(files(spool_of(two, slot))[-1], chance)
        stack.callback(stop, again(two, *options))
        books = drained(two)
        rows = _status(two)
        assert [row["lost"] > 0 for row in rows] == [True, True]
        assert sum(row["lost"] for row in rows) == books["damaged"]
        # The file is moved aside a moment after what was in it has been counted.
        eventually(lambda: read_books(two.url)["footfall_spool_damaged_bytes"] == _damaged_bytes(two) > 0)
        check(two, traffic, lost=int(books["damaged"]))


def _status(live: Live) -> list[dict[str, int]]:
    done = footfall("spool", "status", "--json", "--data-dir", str(live.data_dir))
    found: list[dict[str, int]] = json.loads(done.stdout)
    return found


def _damaged_bytes(live: Live) -> int:
    return sum(row["damaged_bytes"] for row in _status(live))
