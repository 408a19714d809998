"""The spool's disk is full while MongoDB is away: what finds no room is told so, and nothing else is lost."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.checks import check, check_books
from tests.faults.conftest import LONG
from tests.faults.load import CLIENTS, loaded, more
from tests.faults.stopping import standing_still
from tests.support.live import NO_LIMITS, Live, eventually
from tests.support.traffic import Traffic, beside
from tests.support.wire import ask

DISK_MIB = 40
"""Of which 8 MiB are not for events."""


class Disk(ABC):
    """What the spool of a collector is on.

    ``before`` is the beginning of the collector's command.
    """

    before: tuple[str, ...] = ()

    @abstractmethod
    def works(self) -> bool:
        """Whether it can be had here."""

    @abstractmethod
    def full(self, collector: int) -> AbstractContextManager[None]:
        """Nothing more goes onto it."""


class SmallDisk(Disk):
    """A disk of its own that the collector sees at a place, in a namespace of its own: where those are for all it needs
    no rights."""

    def __init__(self, place: Path) -> None:
        self._place = place
        mounted = f'mount -t tmpfs -o size={DISK_MIB}m,mode=700 spool "{place}" && exec "$@"'
        self.before = ("unshare", "--map-root-user", "--mount", "--", "sh", "-c", mounted, "sh")

    def works(self) -> bool:
        """Whether it can be had here."""
        command = [*self.before, "true"]
        return (
            bool(shutil.which("unshare")) and not subprocess.run(command, check=False, capture_output=True).returncode
        )

    @contextmanager
    def full(self, collector: int) -> Iterator[None]:
        """Nothing more goes onto it."""
        filler = Path(f"/proc/{collector}/root{self._place}/filler")
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        yield
        filler.unlink()


class LimitedFiles(Disk):
    """A disk of which the kernel lets the collector write nothing more to any file."""

    def works(self) -> bool:
        """Everywhere."""
        return True

    @contextmanager
    def full(self, collector: int) -> Iterator[None]:
        """Nothing more goes onto it."""
        limits = resource.prlimit(collector, resource.RLIMIT_FSIZE)
        resource.prlimit(collector, resource.RLIMIT_FSIZE, (0, limits[1]))
        yield
        resource.prlimit(collector, resource.RLIMIT_FSIZE, limits)


def disk(kind: str, place: Path) -> Disk:
    """A disk for what lies at a place. Where none may be mounted, the limit on files stands for it."""
    small = SmallDisk(place)
    return small if kind == "small disk" and small.works() else LimitedFiles()


def refused(traffic: Traffic) -> None:
    """Returns once every client must have been refused something."""
    before = len(traffic.unanswered)
    eventually(lambda: len(traffic.unanswered) > before + 3 * CLIENTS)


@pytest.mark.parametrize("kind", ["small disk", "limit on files"] if LONG else ["small disk"])
def test_what_finds_no_room_is_refused_and_all_that_was_acknowledged_is_stored_later(
    live: Live, tmp_path: Path, chance: random.Random, kind: str
) -> None:
    slots = tmp_path / "var" / "slots"
    slots.mkdir(parents=True)
    spool = disk(kind, slots)
    name = f"disk_{kind.replace(' ', '_')}"
    with beside(live, tmp_path / "var", name, *NO_LIMITS, before=spool.before) as own:
        with loaded(own, chance) as traffic:
            with standing_still(live):
                eventually(lambda: ask(f"{own.url}/readyz").json["status"] == "degraded")
                more(traffic)
                with spool.full(own.process.pid):
                    eventually(lambda: ask(f"{own.url}/readyz").status == 503)
                    refused(traffic)
                    before = len(traffic.acknowledged)
                    refused(traffic)
                    assert len(traffic.acknowledged) == before
                eventually(lambda: ask(f"{own.url}/readyz").json["status"] == "degraded")
                more(traffic)
            more(traffic)
        assert traffic.unknown
        check(own, traffic, counted=60 if LONG else 0)
        check_books(own)
