"""Cursors: a place in a list, which nobody can make up."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from collector.storage.questions.reading import Position

_SIGNATURE = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(position: Position, scope: str, secret: bytes) -> str:
    """A place as a text that holds for this scope alone.

    Args:
        secret: of the database, so that every collector reads it.
    """
    millisecond = (position.time - _EPOCH) // timedelta(milliseconds=1)
    place = f"{millisecond}/{position.id}".encode()
    return base64.urlsafe_b64encode(_signature(place, scope, secret) + place).decode().rstrip("=")


def read(text: object, scope: str, secret: bytes) -> Position:
    """The place of a cursor.

    Raises:
        ValueError: nobody has given it out for this scope.
    """
    if not isinstance(text, str):
        raise ValueError("not a cursor")
    raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    signature, place = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(place, scope, secret)):
        raise ValueError("not a cursor of this list")
    millisecond, _, key = place.decode().partition("/")
    return Position(_EPOCH + timedelta(milliseconds=int(millisecond)), key)


def _signature(place: bytes, scope: str, secret: bytes) -> bytes:
    return hashlib.blake2b(
        scope.encode() + b"\0" + place, key=secret, person=b"cursor", digest_size=_SIGNATURE
    ).digest()
