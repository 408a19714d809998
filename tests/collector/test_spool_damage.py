"""Damage to a spool's files: what can be read is delivered, the rest is kept and told, and nothing else is an event."""

from __future__ import annotations

import os
import random
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.spool import Spool
from collector.spool.records import HEAD_BYTES, pack
from collector.spool.status import status
from tests.support.spools import close_all, drained, files, opened, payloads, process, reopened, segments


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


def filled(directory: Path, count: int = 10, size: int = 200) -> Spool:
    """A spool in whose one segment records wait."""
    spool = opened(directory)
    spool.append(payloads(count, size=size))
    return spool


def flip(path: Path, *places: int) -> None:
    """Changes a bit at each place; those from the end are negative."""
    content = bytearray(path.read_bytes())
    for place in places:
        content[place] ^= 1
    path.write_bytes(content)


def cut(path: Path, size: int) -> None:
    """Takes bytes off the end."""
    os.truncate(path, path.stat().st_size - size)


STRANGE_MARKS = st.one_of(st.binary(min_size=8, max_size=8), st.just(b"\0" * 8))
FORGED = st.builds(pack, st.binary(max_size=20), st.integers(0, 20), st.integers(0, 1 << 60), STRANGE_MARKS)
PAYLOADS = st.lists(st.one_of(st.binary(max_size=60), FORGED, st.builds(bytes.__add__, FORGED, FORGED)), max_size=12)
PLACES = st.floats(0, 1, exclude_max=True)
DAMAGES = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), PLACES, st.integers(1, 255)),
        st.tuples(st.just("truncate"), PLACES, st.none()),
        st.tuples(st.just("insert"), PLACES, st.one_of(st.binary(min_size=1, max_size=40), FORGED)),
        st.tuples(st.just("delete"), PLACES, st.integers(1, 40)),
        st.tuples(st.just("copy"), PLACES, PLACES),
    ),
    min_size=1,
    max_size=4,
)


@dataclass
class Content:
    """A file's bytes, and for each whence it came, which is where it was at first."""

    content: list[int]
    origins: list[int] = field(default_factory=list)

    def suffer(self, kind: str, part: float, how: object) -> None:
        """Changes the content; what comes in, and what is flipped, has no origin."""
        place = int(part * len(self.content))
        if kind == "flip" and self.content:
            self.content[place] ^= int(str(how))
            self.origins[place] = -1
        elif kind == "truncate":
            self._replace(place, len(self.content), b"")
        elif kind == "insert" and isinstance(how, bytes):
            self._replace(place, place, how)
        elif kind == "delete":
            self._replace(place, place + int(str(how)), b"")
        elif kind == "copy":
            start = int(float(str(how)) * len(self.content))
            self._replace(place, place, bytes(self.content[start : start + 150]))

    def untouched(self, start: int, end: int) -> bool:
        """Whether all bytes from one place to another are there, side by side."""
        if start not in self.origins:
            return False
        now = self.origins.index(start)
        return self.origins[now : now + end - start] == list(range(start, end))

    def _replace(self, start: int, end: int, by: bytes) -> None:
        self.content[start:end] = by
        self.origins[start:end] = [-1] * len(by)


# A real mark before what a stranger has sent.
@example([b"", pack(b"", 2, 0, bytes(8)), b""], [("delete", 36.5 / (4 * HEAD_BYTES), HEAD_BYTES)])
@settings(max_examples=120)
@given(PAYLOADS, DAMAGES)
def test_what_no_damage_has_touched_is_delivered_once_in_order_and_nothing_else_is(
    appended: list[bytes], damages: list[tuple[str, float, object]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        spool = opened(Path(name))
        spool.append(appended)
        spool.close()
        spans, end = [], 0
        for payload in appended:
            spans.append((end, end := end + HEAD_BYTES + len(payload)))
        content = Content([], [])
        for path in files(Path(name)):
            content = Content(list(path.read_bytes()), list(range(end)))
            for damage in damages:
                content.suffer(*damage)
            path.write_bytes(bytes(content.content))

        spool = opened(Path(name))
        assert spool.depth.records == len(appended)
        records = [record for segment in segments(spool) for record in segment.records]
        numbers = [record.number for record in records]
        assert numbers == sorted(set(numbers))
        assert [appended[record.number] for record in records] == [record.payload for record in records]
        assert {place for place, span in enumerate(spans) if content.untouched(*span)} <= set(numbers)
        assert spool.lost == len(appended) - len(records)
        spool.close()


Harm = Callable[[Path], object]
RECORD = HEAD_BYTES + 200
HARMS: list[tuple[str, Harm, list[int], int]] = [
    ("one bit of the first mark", lambda path: flip(path, 0), [0], 1),
    ("one bit of the first length", lambda path: flip(path, 13), [0], 1),
    ("one bit of the second's time", lambda path: flip(path, RECORD + 20), [1], 1),
    ("one bit of a payload", lambda path: flip(path, 4 * RECORD - 100), [3], 1),
    ("one bit of two neighbours", lambda path: flip(path, 4 * RECORD - 1, 4 * RECORD), [3, 4], 1),
    ("one bit of two that are apart", lambda path: flip(path, 4 * RECORD, 7 * RECORD), [4, 7], 2),
    ("one bit of the last payload", lambda path: flip(path, -1), [9], 1),
    ("the last byte", lambda path: cut(path, 1), [9], 1),
    ("the last record", lambda path: cut(path, RECORD), [9], 0),
    ("all but the first record", lambda path: cut(path, 9 * RECORD), list(range(1, 10)), 0),
    ("all bytes", lambda path: cut(path, 10 * RECORD), list(range(10)), 0),
    ("all bytes, for zeros", lambda path: path.write_bytes(bytes(10 * RECORD)), list(range(10)), 1),
]


@pytest.mark.parametrize("when", ["under a running process", "after a kill", "in front of others"])
@pytest.mark.parametrize(("harm", "lost", "stretches"), [harm[1:] for harm in HARMS], ids=[harm[0] for harm in HARMS])
def test_what_is_lost_is_told_record_by_record_and_what_is_damaged_is_kept(
    tmp_path: Path, harm: Harm, lost: list[int], stretches: int, when: str
) -> None:
    spool, there = filled(tmp_path), payloads(10, size=200)
    if when == "in front of others":
        spool = reopened(spool, tmp_path)
        spool.append([b"behind"])
        there.append(b"behind")
    harm(path := files(tmp_path)[0])
    found = path.read_bytes()
    spool = spool if when == "under a running process" else opened(tmp_path)

    assert spool.depth.records == len(there)
    assert drained(spool) == [payload for number, payload in enumerate(there) if number not in lost]
    for looked_at in (spool, reopened(spool, tmp_path)):
        assert looked_at.depth.records == 0
        assert (looked_at.lost, looked_at.damaged.stretches, looked_at.torn_bytes) == (len(lost), stretches, 0)
        assert (looked_at.damaged_bytes > 0) == (stretches > 0)
    assert [kept.read_bytes() for kept in (tmp_path / "damaged").iterdir()] == [found]
    assert status(tmp_path).damaged == spool.damaged


def test_a_file_that_somebody_has_removed_is_told_too(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    files(tmp_path)[0].unlink()
    assert drained(spool) == []
    assert (spool.lost, spool.damaged_bytes) == (10, 0)
    assert reopened(spool, tmp_path).lost == 10


def test_a_file_that_the_disk_no_longer_gives_does_not_stop_those_behind_it(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    (path,) = files(tmp_path)
    assert spool.oldest()
    spool.append([b"behind"])
    path.unlink()
    path.symlink_to("/proc/self/mem")  # of which the first pages are an input/output error
    assert drained(spool) == [b"behind"]
    assert (spool.lost, spool.damaged_bytes) == (10, 10 * RECORD)


def test_more_damage_elsewhere_is_added(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for start in (0, 10):
        spool.append(payloads(10, start=start, size=200))
        flip(files(tmp_path)[0], -1)
        assert drained(spool) == payloads(9, start=start, size=200)
    assert (spool.lost, spool.damaged.stretches, spool.damaged_bytes) == (2, 2, 2 * RECORD)


@pytest.mark.parametrize("known", [True, False], ids=["end known", "end unknown"])
@pytest.mark.parametrize("size", [1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, RECORD - 1])
def test_what_a_crash_cut_off_before_it_was_acknowledged_is_no_loss(tmp_path: Path, size: int, known: bool) -> None:
    filled(tmp_path)
    path = files(tmp_path)[0]
    cut_off = pack(bytes(200), 10, 1, bytes.fromhex(path.stem[-16:]))[:size]
    path.write_bytes(path.read_bytes() + cut_off)
    if not known:
        (tmp_path / "end").unlink()
    spool = opened(tmp_path)
    spool.append([b"behind"])
    assert drained(spool) == [*payloads(10, size=200), b"behind"]
    assert (spool.torn_bytes, spool.lost, spool.damaged_bytes) == (size, 0, 0)
    assert list(tmp_path.rglob("*.damaged")) == []


def test_a_first_record_that_a_crash_cut_off_leaves_an_empty_spool(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.append(payloads(1))
    drained(spool)
    (tmp_path / f"{1:020d}-{bytes(8).hex()}.seg").write_bytes(pack(b"second", 0, 1, bytes(8))[:-1])
    spool = reopened(spool, tmp_path)
    assert spool.oldest() is None
    spool.append([b"second, sent again"])
    assert drained(spool) == [b"second, sent again"]
    assert (spool.torn_bytes, spool.lost) == (HEAD_BYTES + 5, 0)


def _told(number: int) -> bytes:
    return b"%020d %08x\n" % (number, zlib.crc32(b"%020d" % number))


@pytest.mark.parametrize("end", [b"", b"junk", _told(4), _told(0), _told(10)[1:], b"9" + _told(10)[1:], bytes(30)])
def test_an_end_that_a_power_cut_left_behind_costs_nothing(tmp_path: Path, end: bytes) -> None:
    filled(tmp_path)
    (tmp_path / "end").write_bytes(end)
    spool = opened(tmp_path)
    assert spool.depth.records == 10
    spool.append([b"behind"])
    assert drained(reopened(spool, tmp_path)) == [*payloads(10, size=200), b"behind"]
    assert (spool.lost, spool.damaged_bytes, spool.torn_bytes) == (0, 0, 0)


def test_files_that_are_none_of_its_own_are_left_alone(tmp_path: Path) -> None:
    names = ["notes.seg", "00000000000000000000.seg", f"{3:020d}-{bytes(8).hex()}.seg.bak"]
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    spool = filled(tmp_path)
    assert drained(reopened(spool, tmp_path)) == payloads(10, size=200)
    assert all((tmp_path / name).read_bytes() == b"mine" for name in names)


APPENDS = """
import pathlib, random, sys
from collector.spool import Spool
spool = Spool(pathlib.Path(sys.argv[1]), 1 << 30)
spool.open()
for group in range(1000):
    spool.append([f"{sys.argv[2]} {group} {number} ".encode() + random.randbytes(9_000) for number in range(30)])
    print(group, flush=True)
"""
ROUNDS = 6


def _killed(directory: Path, name: str, after: int) -> int:
    """How many groups a process said that it has appended before it was killed, after at least so many."""
    with process(APPENDS, str(directory), name) as appending:
        assert appending.stdout
        for _ in range(after):
            assert appending.stdout.readline()
        appending.kill()
        return after + len(appending.stdout.readlines())


def test_what_a_killed_process_said_is_appended_is_there_in_order(tmp_path: Path) -> None:
    said = [_killed(tmp_path, str(number), random.randrange(1, 30)) for number in range(ROUNDS)]
    spool = opened(tmp_path, most_bytes=1 << 30)
    found: dict[bytes, list[tuple[int, int]]] = {}
    for payload in drained(spool):
        name, group, number, _ = payload.split(b" ", 3)
        found.setdefault(name, []).append((int(group), int(number)))
    assert list(found) == [str(number).encode() for number in range(ROUNDS)]
    for groups, places in zip(said, found.values(), strict=True):
        assert groups * 30 <= len(places) <= (groups + 1) * 30
        assert places == [divmod(place, 30) for place in range(len(places))]
    assert (spool.lost, spool.damaged_bytes) == (0, 0)
