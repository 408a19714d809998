"""The file in which a process keeps what it knows: when it is written, what it is worth, and whose it is."""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from collector.access.known import MOST, Known
from collector.access.known_file import FILE, Content, Entry, read, remembered, write
from collector.model import MailingList
from collector.storage.opening import Deployment, address_of
from tests.support.clock import Clock

HOUR = 3_600
HERE = "mongodb://me:one@a.example.com,B.example.com:27018/?replicaSet=r"
SERVED = Deployment(address_of(HERE, "footfall"), b"1" * 32, standalone=True)


@pytest.mark.gen_test(timeout=60)
async def test_what_was_confirmed_least_lately_goes_where_too_much_is_known(clock: Clock, tmp_path: Path) -> None:
    known = Known(tmp_path / "own", SERVED, 24, clock)
    for number in [*range(MOST), 0, MOST]:
        known.confirm(("list", number), number, None, 0.0)
    assert [number for number in range(MOST + 1) if known.get(("list", number)) is None] == [1]
    await known.close()


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"null", b"\xff\x00", b'{"known": 1, "checksum": "x"}'])
@pytest.mark.gen_test(timeout=60)
async def test_a_damaged_file_is_ignored_told_and_written_anew(
    clock: Clock, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "own" / FILE
    path.parent.mkdir()
    path.write_bytes(damage)
    known = Known(path.parent, SERVED, 24, clock)
    known.load()
    assert "is damaged or none of ours, and is ignored" in caplog.text
    await known.close()
    found = read(path)
    assert found and found.deployment == SERVED


def _written(path: Path) -> bytes:
    """A file that knows list 7."""
    write(path, Content(SERVED, [Entry(("list", 7), MailingList(7, 1, ""), time.time())]))
    return path.read_bytes()


@pytest.mark.parametrize("change", [(b"", b""), (b'"name":7', b'"name":8'), (b'"user":1', b'"user":2')])
def test_a_file_in_which_one_thing_has_changed_is_damaged(tmp_path: Path, change: tuple[bytes, bytes]) -> None:
    path = tmp_path / FILE
    found = _written(path)
    path.write_bytes(found.replace(*change))
    content = read(path)
    names = [entry.name for entry in content.entries] if content else None
    assert names == (None if change[0] else [("list", 7)])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_a_list_keeps_its_time_zone(tmp_path: Path, zone: str) -> None:
    kept = MailingList(7, 1, "", 30, zone)
    write(tmp_path / FILE, Content(SERVED, [Entry(("list", 7), kept, time.time())]))
    found = read(tmp_path / FILE)
    assert found and [entry.value for entry in found.entries] == [kept]


def test_a_file_of_an_older_version_which_knows_no_time_zones_is_read(tmp_path: Path) -> None:
    known = json.loads(_written(tmp_path / FILE))["known"]
    del known["entries"][0]["time_zone"]
    checksum = hashlib.sha256(orjson.dumps(known)).hexdigest()
    (tmp_path / FILE).write_bytes(orjson.dumps({"checksum": checksum, "known": known}))
    found = read(tmp_path / FILE)
    assert found and found.entries[0].value == MailingList(7, 1, "")


@pytest.mark.parametrize(("secret", "kept"), [(SERVED.secret, True), (b"2" * 32, False)])
@pytest.mark.gen_test(timeout=60)
async def test_what_was_known_of_another_database_does_not_count(tmp_path: Path, secret: bytes, kept: bool) -> None:
    """Its secret tells which it is; that its address is another means nothing."""
    _written(tmp_path / FILE)
    moved = Deployment(address_of(HERE, "moved"), secret, standalone=False)
    known = Known(tmp_path, moved, 24, lambda: datetime.now(UTC))
    known.load()
    await known.close()
    content = read(tmp_path / FILE)
    assert (known.get(("list", 7)) is not None, content and content.deployment) == (kept, moved)


@pytest.mark.parametrize(("seconds", "again"), [(HOUR - 1, False), (HOUR, True)])
@pytest.mark.gen_test(timeout=60)
async def test_a_confirmation_alone_is_written_once_an_hour(
    clock: Clock, tmp_path: Path, seconds: int, again: bool
) -> None:
    async def confirmed() -> tuple[int, float]:
        """A process that starts, learns of a list once, and ends; which file there is, and what it says."""
        known = Known(tmp_path / "own", SERVED, 24, clock)
        known.load()
        known.confirm(("list", 1), MailingList(1, 1, ""), None, 0.0)
        await known.close()
        found = read(path)
        return path.stat().st_ino, found.entries[0].confirmed if found else 0.0

    path = tmp_path / "own" / FILE
    first = await confirmed()
    clock.move(seconds=seconds)
    second = await confirmed()
    assert (second[0] != first[0], second[1] - first[1]) == (again, seconds if again else 0)


@pytest.mark.parametrize(
    ("uri", "name", "same"),
    [
        (HERE, "footfall", True),
        (HERE, "other", False),
        ("mongodb://b.example.com:27018,a.example.com:27017", "footfall", True),
        ("mongodb://me:two%40@A.example.com,b.example.com:27018/admin?ssl=true", "footfall", True),
        ("mongodb://a.example.com,b.example.com", "footfall", False),
        ("mongodb://a.example.com", "footfall", False),
        ("mongodb+srv://a.example.com,b.example.com:27018", "footfall", False),
    ],
)
def test_a_database_is_known_by_its_hosts_and_name(tmp_path: Path, uri: str, name: str, same: bool) -> None:
    write(tmp_path / "3" / FILE, Content(SERVED))
    assert remembered(tmp_path, address_of(uri, name)) == (SERVED if same else None)


def test_of_all_that_processes_know_of_a_database_the_last_holds(tmp_path: Path) -> None:
    known = [Deployment(address_of(HERE, "footfall"), bytes([n]) * 32, standalone=False) for n in range(3)]
    for number, deployment in enumerate(known):
        write(tmp_path / str(number) / FILE, Content(deployment))
        os.utime(tmp_path / str(number) / FILE, (100, [100, 300, 200][number]))
    assert remembered(tmp_path, known[0].address) == known[1]
    assert remembered(tmp_path / "nothing", known[0].address) is None
