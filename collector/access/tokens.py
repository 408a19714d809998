"""Keys and sessions as text: made of chance, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
import string

_LETTERS = string.ascii_letters + string.digits
_LENGTH = 32
PREFIX_LENGTH = 11
"""``sk_`` and eight characters: enough to name a key, far too few to guess it."""


def new_token(kind: str) -> str:
    """A new text of 190 bits, such as ``sk_…``."""
    return f"{kind}_" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def digest(token: str) -> str:
    """What is stored of a key or session."""
    return hashlib.sha256(token.encode()).hexdigest()


def prefix(token: str) -> str:
    """By what people name a key."""
    return token[:PREFIX_LENGTH]
