"""Records in a file: how one is written, and how those that are whole are found again among damage.

A record is its file's mark, its number in the file (from 0), its length, the time it was written (milliseconds since
1970), a checksum, and the payload.

The mark is chance, made anew for each file and kept in the file's name. A payload is made by strangers, who cannot know
it: nothing that they send is ever taken for a record, also where the record around it is damaged. The checksum
covers the mark, since what a stranger sent may come to lie right behind a mark whose own record is gone. And no damage
within the file, which has no opening, can make the mark unknown.

The checksum is zlib's CRC-32, which comes with Python. CRC-32C would be a dependency, and is better only at three
flipped bits in a record over 11 KiB; both see every burst of up to 32 bits, and miss other damage once in 4 billion.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MARK_BYTES = 8
_HEAD = struct.Struct(f"<{MARK_BYTES}sIIQI")
_CHECKED = struct.Struct(f"<{MARK_BYTES}sIIQ")
HEAD_BYTES = _HEAD.size
MOST_PAYLOAD = 16 << 20
"""Bytes that one record may hold."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is whole. ``number`` is its place among those of its file, ``written`` milliseconds since 1970."""

    number: int
    written: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that are no record, from ``start`` to before ``end``."""

    start: int
    end: int


def pack(payload: bytes, number: int, written: int, mark: bytes) -> bytes:
    """A record's bytes.

    Raises:
        ValueError: the payload is larger than ``MOST_PAYLOAD``.
    """
    if len(payload) > MOST_PAYLOAD:
        raise ValueError(f"a record holds at most {MOST_PAYLOAD} bytes")
    checksum = _checksum(payload, number, written, mark)
    return _HEAD.pack(mark, number, len(payload), written, checksum) + payload


def scan(data: bytes, mark: bytes) -> Iterator[Record | Damage]:
    """The records of a file, and the damage between them, as they lie in it."""
    place = whole_until = 0
    while place < len(data):
        record = _record_at(data, place, mark)
        if record is None:
            following = data.find(mark, place + 1)
            place = following if following >= 0 else len(data)
            continue
        if whole_until < place:
            yield Damage(whole_until, place)
        yield record
        place = whole_until = place + HEAD_BYTES + len(record.payload)
    if whole_until < len(data):
        yield Damage(whole_until, len(data))


def written_at(head: bytes, mark: bytes) -> int:
    """When the record that begins so was written; 0 where none does. Unchecked, and good for an age alone."""
    if len(head) < HEAD_BYTES or not head.startswith(mark):
        return 0
    return int(_HEAD.unpack_from(head)[3])


def _record_at(data: bytes, place: int, mark: bytes) -> Record | None:
    start = place + HEAD_BYTES
    if start > len(data) or not data.startswith(mark, place):
        return None
    _, number, length, written, checksum = _HEAD.unpack_from(data, place)
    if start + length > len(data):
        return None
    payload = data[start : start + length]
    return Record(number, written, payload) if _checksum(payload, number, written, mark) == checksum else None


def _checksum(payload: bytes, number: int, written: int, mark: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_CHECKED.pack(mark, number, len(payload), written)))
