"""A spool takes over what the process of another has left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool import Depth
from collector.spool.records import HEAD_BYTES, pack
from collector.spool.status import retry
from tests.support.spools import MIB, close_all, drained, files, opened, payloads, process, reopened

HELD = 6
"""Records of the one that is left: three segments, each ended by its second record."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The spool that takes over."""
    return tmp_path / "0" / "spool"


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A spool that holds something of each kind, whose process is gone."""
    directory = tmp_path / "1" / "spool"
    spool = opened(directory)
    spool.append([b"damaged"])
    path = files(directory)[0]
    path.write_bytes(path.read_bytes()[:-1])
    drained(spool)
    spool.set_aside(b"again", "too odd")
    retry(directory)
    spool.set_aside(b"odd", "too odd")
    spool.append(held())
    return directory


def held() -> list[bytes]:
    """What waits in the one that is left."""
    return [payload.ljust(size, b".") for payload, size in zip(payloads(HELD), [20, 4 * MIB] * 3, strict=True)]


@pytest.mark.parametrize("opened_before", [True, False])
@pytest.mark.parametrize("own_records", [0, 3])
def test_what_another_held_waits_behind_its_own_and_in_order(
    own: Path, left: Path, own_records: int, opened_before: bool
) -> None:
    there = payloads(own_records, start=100)
    spool = opened(own)
    spool.append(there)
    if not opened_before:
        spool.close()
    assert spool.adopt(left) == HELD
    spool.append([b"behind"])
    assert spool.depth.records == own_records + HELD + 1
    assert files(left) == []

    spool = reopened(spool, own)  # which takes back what is to be tried again
    assert spool.depth.records == own_records + HELD + 2
    assert drained(spool) == [*there, *held(), b"behind", b"again"]
    assert (spool.aside, spool.lost, spool.damaged.stretches) == (1, 1, 1)


def test_what_is_to_be_tried_again_is_taken_along(own: Path, left: Path) -> None:
    spool = opened(own)
    spool.adopt(left)
    assert spool.recall() == 1
    assert drained(spool) == [*held(), b"again"]


def test_what_a_crash_cut_off_there_is_no_loss_here(own: Path, left: Path) -> None:
    spool = opened(left)
    spool.append([b"last"])
    last = files(left)[-1]
    with last.open("ab") as file:
        file.write(pack(b"never acknowledged", 1, 1, bytes.fromhex(last.stem[-16:]))[:-1])
    spool = opened(own)
    assert spool.adopt(left) == HELD + 2
    assert drained(spool) == [*held(), b"again", b"last"]
    assert (spool.lost, spool.torn_bytes) == (1, HEAD_BYTES + 17)


def test_a_file_there_of_which_nothing_was_acknowledged_is_not_taken_along(own: Path, left: Path) -> None:
    opened(left).close()
    size = (left / f"{HELD + 2:020d}-{bytes(8).hex()}.seg").write_bytes(pack(b"first", 0, 1, bytes(8))[:-1])
    spool = opened(own)
    assert spool.adopt(left) == HELD + 1
    assert spool.torn_bytes == size
    assert len(files(own)) == 4


def test_what_was_lost_there_is_told_here(own: Path, left: Path) -> None:
    path = files(left)[-1]
    path.write_bytes(path.read_bytes()[: HEAD_BYTES + 20])
    spool = opened(own)
    assert spool.adopt(left) == HELD
    spool.append([b"behind"])
    assert drained(spool) == [*held()[:-1], b"behind"]
    assert spool.lost == 2


def test_an_adopted_spool_can_be_used_anew(own: Path, left: Path) -> None:
    spool = opened(own)
    spool.adopt(left)
    another = opened(left)
    assert another.depth == Depth()
    another.append([b"new"])
    assert spool.adopt(left) == 1
    assert drained(spool) == [*held(), b"new"]
    assert spool.lost == 1


def test_adopting_again_or_what_is_not_there_changes_nothing(own: Path, left: Path) -> None:
    spool = opened(own)
    assert [spool.adopt(place) for place in (left, left, left / "nowhere")] == [HELD, 0, 0]
    assert spool.depth.records == HELD


def test_a_spool_does_not_adopt_itself(own: Path) -> None:
    spool = opened(own)
    spool.append(payloads(3))
    with pytest.raises(ValueError, match="itself"):
        spool.adopt(own)
    assert drained(spool) == payloads(3)


DIES = """
import os, pathlib, sys
from collector.spool import Spool
left = int(sys.argv[3])
def dies(event, arguments):
    global left
    left -= event == "os.rename"
    if left == 0:
        os._exit(9)
spool = Spool(pathlib.Path(sys.argv[1]), 1 << 30)
spool.open()
sys.addaudithook(dies)
spool.adopt(pathlib.Path(sys.argv[2]))
"""
RENAMES = 3 + 3
"""Of three segments, and of one file each that is set aside, to be tried again, and damaged."""


@pytest.mark.parametrize("then", [RENAMES, 2], ids=["then nothing", "then another"])
@pytest.mark.parametrize("first", range(1, RENAMES + 1))
def test_after_a_crash_before_any_move_doing_it_again_moves_the_rest(
    own: Path, left: Path, first: int, then: int
) -> None:
    ends = []
    for number in (first, then):
        with process(DIES, str(own), str(left), str(number)) as adopting:
            adopting.communicate(timeout=60)
        ends.append(adopting.returncode)
    remaining = RENAMES - (first - 1)
    assert ends == [9, 9 if then <= remaining else 0]

    spool = opened(own)
    spool.adopt(left)
    spool.recall()
    assert drained(spool) == [*held(), b"again"]
    assert (spool.aside, spool.lost, spool.damaged.stretches) == (1, 1, 1)
    assert [path for path in left.rglob("*") if path.suffix in {".seg", ".json", ".damaged"}] == []


def test_damage_is_not_taken_for_that_of_another(own: Path, left: Path) -> None:
    shutil.copytree(left, own)
    spool = opened(own)
    assert spool.adopt(left) == HELD
    assert drained(spool)[:HELD] == held()
    assert spool.lost == 1
