"""The spool as a store of files: what waits, how much may, and what is kept beside it."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool import Depth, SpoolFull
from collector.spool.records import HEAD_BYTES, MOST_PAYLOAD
from collector.spool.segments import SEGMENT_BYTES
from tests.support.spools import MIB, close_all, drained, files, opened, payloads, reopened, segments

WHOLE = 1.0


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's spool is."""
    return tmp_path / "slots" / "0" / "spool"


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_appended_is_delivered_in_order(place: Path, restarted: bool) -> None:
    spool = opened(place)
    for start in range(0, 50, 10):
        spool.append(payloads(10, start))
        spool = reopened(spool, place) if restarted else spool
    assert drained(spool) == payloads(50)
    assert spool.oldest() is None
    assert files(place) == []


def test_records_are_exactly_the_bytes_that_were_given(place: Path) -> None:
    given = [b"", b"\0", bytes(range(256)), b"x" * MIB]
    spool = opened(place)
    spool.append(given)
    assert drained(reopened(spool, place)) == given


def test_a_record_tells_when_it_was_written(place: Path) -> None:
    before = time.time_ns() // 1_000_000
    spool = opened(place)
    spool.append(payloads(1))
    after = time.time_ns() // 1_000_000
    (segment,) = segments(spool)
    assert before <= segment.records[0].written <= after


def test_appending_nothing_is_harmless(place: Path) -> None:
    spool = opened(place)
    spool.append([])
    assert spool.depth == Depth()
    assert spool.oldest() is None
    spool.append(payloads(1))
    spool.append([], share=0.0)
    assert drained(spool) == payloads(1)


@pytest.mark.parametrize("restarted", [False, True])
def test_the_depth_is_exact(place: Path, restarted: bool) -> None:
    spool = opened(place)
    assert spool.depth == Depth()
    spool.append(payloads(3, size=2 * MIB))
    spool.append(payloads(2, start=3, size=2 * MIB))
    spool = reopened(spool, place) if restarted else spool

    size = 5 * (HEAD_BYTES + 2 * MIB)
    assert (spool.depth.records, spool.depth.bytes) == (5, size)
    assert size == sum(path.stat().st_size for path in files(place))
    segment = spool.oldest()
    assert segment
    assert spool.depth.records == 5
    assert spool.depth.oldest == segment.records[0].written

    spool.delivered(segment)
    assert spool.depth.records == 5 - len(segment.records) > 0
    segment = spool.oldest()
    assert segment
    assert spool.depth.oldest == segment.records[0].written
    drained(spool)
    assert spool.depth == Depth()
    assert reopened(spool, place).depth == Depth()


def test_what_comes_while_a_segment_is_delivered_goes_behind_it(place: Path) -> None:
    spool = opened(place)
    spool.append(payloads(2))
    segment = spool.oldest()
    assert segment
    spool.append(payloads(2, start=2))
    assert [record.payload for record in segment.records] == payloads(2)
    assert spool.oldest() == segment
    spool.append(payloads(2, start=4))
    assert len(files(place)) == 2
    spool.delivered(segment)
    assert drained(spool) == payloads(4, start=2)


def test_what_was_not_wholly_delivered_is_delivered_again_after_a_restart(place: Path) -> None:
    spool = opened(place)
    spool.append(payloads(3))
    assert spool.oldest()
    assert drained(reopened(spool, place)) == payloads(3)


def test_a_group_of_any_size_goes_into_segments_of_the_usual_size(place: Path) -> None:
    spool, given = opened(place), payloads(100, size=MIB // 8)
    spool.append(given[:20])
    spool.append(given[20:])
    sizes = [path.stat().st_size for path in files(place)]
    assert len(sizes) == 4
    assert max(sizes) < SEGMENT_BYTES + HEAD_BYTES + MIB // 8
    assert drained(spool) == given


def test_a_record_holds_16_mib_and_not_a_byte_more(place: Path) -> None:
    spool = opened(place)
    with pytest.raises(ValueError, match="at most 16777216 bytes"):
        spool.append([b"small", bytes(MOST_PAYLOAD + 1)])
    assert spool.depth == Depth()
    spool.append([b"small", bytes(MOST_PAYLOAD)])
    assert drained(reopened(spool, place)) == [b"small", bytes(MOST_PAYLOAD)]


@pytest.mark.parametrize("share", [WHOLE, 0.8])
def test_a_share_of_the_limit_may_be_filled_and_not_a_byte_more(place: Path, share: float) -> None:
    spool = opened(place, most_bytes=10_000)
    spool.append([bytes(5_000 - HEAD_BYTES)])
    left = int(10_000 * share) - 5_000
    with pytest.raises(SpoolFull, match="limit"):
        spool.append([bytes(left - HEAD_BYTES + 1)], share)
    assert spool.depth.records == 1
    spool.append([bytes(left - HEAD_BYTES)], share)
    assert spool.depth.bytes == int(10_000 * share)


def test_what_is_beyond_the_share_of_some_is_there_for_the_others(place: Path) -> None:
    spool = opened(place, most_bytes=10_000)
    spool.append([bytes(8_000 - HEAD_BYTES)], 0.8)
    with pytest.raises(SpoolFull):
        spool.append([b""], 0.8)
    spool.append([bytes(2_000 - HEAD_BYTES)])


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_delivered_leaves_its_room(place: Path, restarted: bool) -> None:
    spool = opened(place, most_bytes=10_000)
    spool.append([bytes(9_000)])
    if restarted:
        spool.close()
        spool = opened(place, most_bytes=10_000)
    with pytest.raises(SpoolFull):
        spool.append([bytes(9_000)])
    drained(spool)
    spool.append([bytes(9_000)])


def test_only_its_owner_can_read_it(place: Path) -> None:
    spool = opened(place)
    spool.append(payloads(1))
    spool.set_aside(b"odd", "too odd")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [place, *place.rglob("*")]}
    assert modes["spool"] == 0o700
    assert modes[files(place)[0].name] == 0o600
    assert modes["aside"] == 0o700
