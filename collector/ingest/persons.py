"""A person's own uuid: what ``uuid`` answers where an ``Email`` or ``ID`` came without a ``UUID`` (section 5)."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable


class Persons:
    """Makes uuids that are the same for the same person on every host, with MongoDB up or down, and that nobody else
    can compute.

    Args:
        secret: 32 bytes, the same on every host of a database; asked for each time, since the database may be found to
            be another.
    """

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def by_identity(self, identity: str) -> str:
        """The uuid of an identity: its scope, kind and value in one text. A version 8 uuid, which is custom."""
        digest = bytearray(hmac.digest(self._secret(), identity.encode(), "sha256")[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return str(uuid.UUID(bytes=bytes(digest)))

    @staticmethod
    def fresh() -> str:
        """A random uuid, for a visitor of whom nothing is known."""
        return str(uuid.uuid4())
