"""What a spool sets aside since it can never be stored, and how it is tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool import Depth
from collector.spool.status import retry, status
from tests.support.spools import close_all, drained, opened, payloads, reopened


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every spool is closed in the end."""
    yield
    close_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's spool is."""
    return tmp_path / "spool"


def test_what_is_set_aside_is_kept_once_with_its_reason(place: Path) -> None:
    spool = opened(place)
    for payload, reason in [(b"odd", "too odd"), (b"odd", "too odd"), (b"\xff\0", "unreadable")]:
        spool.set_aside(payload, reason)
    assert spool.aside == 2
    assert reopened(spool, place).aside == 2
    rows = [json.loads(path.read_text()) for path in (place / "aside").iterdir()]
    assert {(row["record"], row["reason"]) for row in rows} == {("b2Rk", "too odd"), ("/wA=", "unreadable")}
    assert spool.depth == Depth()


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_set_aside_can_be_tried_again_behind_the_others(place: Path, restarted: bool) -> None:
    spool, odd = opened(place), [f"odd {number}".encode() for number in range(50)]
    for payload in odd:
        spool.set_aside(payload, "too odd")
    assert retry(place) == 50
    spool.append(payloads(1))
    if restarted:
        spool = reopened(spool, place)
    else:
        assert spool.recall() == 50
    assert spool.recall() == 0
    assert (spool.aside, spool.depth.records) == (0, 51)
    first, *others = drained(spool)
    assert first == b"event 0"
    assert sorted(others) == sorted(odd)


def test_what_finds_no_room_is_tried_again_later(place: Path) -> None:
    spool = opened(place, most_bytes=10_000)
    spool.set_aside(bytes(2_000), "too odd")
    retry(place)
    spool.append([bytes(9_000)])
    assert spool.recall() == 0
    assert status(place).retried == 1
    drained(spool)
    assert spool.recall() == 1
    assert drained(spool) == [bytes(2_000)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 1, "reason": "x", "record": "?"}'])
def test_what_cannot_be_read_among_what_was_set_aside_stays_there(place: Path, text: str) -> None:
    spool = opened(place)
    spool.set_aside(b"odd", "too odd")
    (place / "aside" / "somebody's.json").write_text(text)
    assert retry(place) == 2
    assert spool.recall() == 1
    assert spool.aside == 1
    assert drained(spool) == [b"odd"]
