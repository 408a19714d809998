"""A disk that refuses: what was acknowledged is kept, what is refused leaves nothing, some room is for some alone."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool import SpoolFull
from tests.support.spools import MIB, close_all, drained, files, opened, payloads, printed, reopened, segments


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's spool is."""
    return tmp_path / "spool"


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Has the kernel refuse to let any file of this process grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_group_that_the_disk_breaks_off_leaves_nothing_and_takes_nothing_along(place: Path) -> None:
    spool = opened(place)
    spool.append(payloads(10))
    with files_of_at_most(100_000):
        with pytest.raises(SpoolFull, match="File too large"):
            spool.append(payloads(20, start=10, size=10_000))
        assert spool.depth.records == 10
        spool.append(payloads(5, start=10))  # to another file: the pages of the first are not to be trusted
    assert len(files(place)) == 2
    assert sum(path.stat().st_size for path in files(place)) == spool.depth.bytes
    spool.append(payloads(5, start=15))
    spool = reopened(spool, place)
    assert spool.depth.records == 20
    assert drained(spool) == payloads(20)
    assert (spool.lost, spool.damaged_bytes, spool.torn_bytes) == (0, 0, 0)


def test_a_group_over_several_segments_is_taken_back_from_all(place: Path) -> None:
    spool, huge = opened(place), [bytes(100), bytes(6 * MIB), bytes(7 * MIB)]
    spool.append(payloads(2))
    with files_of_at_most(13 * MIB // 2), pytest.raises(SpoolFull):
        spool.append(huge)
    assert spool.depth.records == 2
    assert len(files(place)) == 1
    spool.append(payloads(2, start=2))
    spool = reopened(spool, place)
    assert drained(spool) == payloads(4)
    assert (spool.lost, spool.damaged_bytes, spool.torn_bytes) == (0, 0, 0)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_the_disk_does_not_take_back_is_no_loss_and_at_most_delivered(place: Path, restarted: bool) -> None:
    spool = opened(place)
    spool.append(payloads(10))
    (path,) = files(place)
    hidden = path.rename(path.with_suffix(".hidden"))  # so that it cannot be cut off
    with files_of_at_most(100_000), pytest.raises(SpoolFull):
        spool.append(payloads(20, start=10, size=10_000))
    assert hidden.rename(path).stat().st_size == 100_000
    spool.append(payloads(5, start=10))
    assert spool.depth.records == 15
    spool = reopened(spool, place) if restarted else spool
    first, second = segments(spool)
    refused = payloads(9, start=10, size=10_000) if restarted else []
    assert [record.payload for record in first.records] == [*payloads(10), *refused]
    assert [record.payload for record in second.records] == payloads(5, start=10)
    assert first.surplus == len(refused)
    assert (spool.lost, spool.damaged_bytes) == (0, 0)
    assert (spool.torn_bytes > 0) == restarted


def test_without_its_directory_it_is_full_and_with_it_it_goes_on(place: Path) -> None:
    spool = opened(place)
    spool.append(payloads(1))
    place.rename(place.with_name("elsewhere"))
    for attempt in (spool.check, lambda: spool.append(payloads(1, start=1))):
        with pytest.raises(SpoolFull, match="No such file"):
            attempt()
    place.with_name("elsewhere").rename(place)
    spool.check()
    spool.append(payloads(1, start=1))
    assert drained(spool) == payloads(2)


ON_A_SMALL_DISK = """
import os, pathlib, sys
from collector.spool import Spool, SpoolFull
place = pathlib.Path(sys.argv[1])
def filled(directory, share):
    spool = Spool(directory, 1 << 30)
    spool.open()
    try:
        while True:
            spool.append([os.urandom(100_000)], share)
    except SpoolFull as full:
        print(spool.depth.bytes, full, sep=";")
    return spool
filled(place / "a", 0.8).close()
spool = filled(place / "a", 1.0)
try:
    with (place / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(4096))
            filler.flush()
except OSError as error:
    print(error.strerror)
for attempt in (spool.check, lambda: spool.append([b""])):
    try:
        attempt()
    except SpoolFull as full:
        print(full)
before = spool.depth.records
while segment := spool.oldest():
    before -= len(segment.records)
    spool.delivered(segment)
print(before)
"""


def small_disk(place: Path) -> tuple[str, ...]:
    """The beginning of a command that sees a disk of 32 MiB at a place. Where namespaces are for all it needs no
    rights."""
    place.mkdir()
    unshared = ("unshare", "--map-root-user", "--mount", "--")
    mounted = f'mount -t tmpfs -o size=32m spool "{place}" && exec "$@"'
    command = (*unshared, "sh", "-c", mounted, "sh")
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here; the limit on files stands for it")
    return command


def test_of_a_full_disk_the_last_fifth_is_for_the_others_and_something_is_left_free(tmp_path: Path) -> None:
    before = small_disk(tmp_path / "disk")
    share, whole, refused, checked, appended, left = printed(
        ON_A_SMALL_DISK, str(tmp_path / "disk"), before=before
    ).splitlines()
    room = 24_000_000  # of 32 MiB, 8 MiB are not for events
    assert share.endswith(";the disk is full")
    assert whole.endswith(";the disk is full")
    assert int(share.partition(";")[0]) == pytest.approx(0.8 * 24 * MIB, abs=200_000)
    assert room < int(whole.partition(";")[0]) < 24 * MIB
    assert refused == "No space left on device"
    assert checked == appended == "the disk is full"
    assert left == "0"
