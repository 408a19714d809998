"""What each process keeps for itself: one process at a time has it, and the others can read how much waits there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from collector.errors import StartupError
from collector.processes import Slot
from collector.spool.waiting import Waiting


def test_a_slot_is_of_one_process_at_a_time(tmp_path: Path) -> None:
    async def two() -> None:
        async with Slot(tmp_path, 1).held() as path:
            assert path == tmp_path / "slots" / "1"
            with pytest.raises(StartupError, match=r"slots/1 is in use by another process$"):
                await Slot(tmp_path, 1).held(seconds=0).__aenter__()
            async with Slot(tmp_path, 2).held(seconds=0):
                pass
        async with Slot(tmp_path, 1).held(seconds=0):
            pass

    asyncio.run(two())


def test_the_next_waits_for_the_one_that_has_it(tmp_path: Path) -> None:
    async def two() -> None:
        first = Slot(tmp_path, 0).held()
        await first.__aenter__()
        second = asyncio.create_task(Slot(tmp_path, 0).held(seconds=30).__aenter__())
        done, _ = await asyncio.wait([second], timeout=0.1)
        assert not done
        await first.__aexit__(None, None, None)
        assert await second == tmp_path / "slots" / "0"

    asyncio.run(two())


def test_one_that_is_removed_by_who_has_it_is_made_anew_for_the_next(tmp_path: Path) -> None:
    async def two() -> None:
        first = Slot(tmp_path, 3).held()
        path = await first.__aenter__()
        second = asyncio.create_task(Slot(tmp_path, 3).held(seconds=30).__aenter__())
        await asyncio.wait([second], timeout=0.1)
        shutil.rmtree(path)
        await first.__aexit__(None, None, None)
        assert await second == path
        assert (path / "lock").exists()

    asyncio.run(two())


def test_a_slot_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "slots").write_text("no directory")

    async def one() -> None:
        with pytest.raises(StartupError, match=r"cannot be created or written: (Not a directory|File exists)$"):
            await Slot(tmp_path, 0).held().__aenter__()

    asyncio.run(one())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Waiting]]:
    """Two processes of one host."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Waiting(tmp_path / "slots" / name))) for name in ("0", "1")]


def test_each_process_knows_how_much_waits_on_the_host(pair: list[Waiting]) -> None:
    for own, other, sum_ in [(3, 4, 7), (1000, 4, 1004), (0, 0, 0)]:
        pair[0].set(own)
        pair[1].set(other)
        assert [waiting.on_host() for waiting in pair] == [sum_, sum_]


def test_what_a_killed_process_said_last_stands_until_its_successor_says_it_anew(
    pair: list[Waiting], tmp_path: Path
) -> None:
    pair[1].set(5)
    with closing(Waiting(tmp_path / "slots" / "1")) as successor:
        assert pair[0].on_host() == 5
        successor.set(0)
        assert pair[0].on_host() == 0


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_place_that_says_nothing_counts_as_empty(pair: list[Waiting], tmp_path: Path, content: bytes | None) -> None:
    pair[0].set(2)
    if content is None:
        shutil.rmtree(tmp_path / "slots" / "1")
    else:
        (tmp_path / "slots" / "1" / "waiting").write_bytes(content)
    assert pair[0].on_host() == 2
