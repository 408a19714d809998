"""What a schema cannot say: is this an address, can these properties be stored (section 4, codes 7 and 11)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import orjson
from email_validator import EmailNotValidError, validate_email

MOST_LEVELS = 32
MOST_NAMES = 255
LONGEST_NAME = 255
MOST_BYTES = 64 * 1024
_LONGEST_ADDRESS = 1_000
"""An address has at most 254 characters; normalising may shorten it. Longer texts are not worth the work."""
_MOST_REMEMBERED = 10_000
"""Addresses whose form is remembered: it takes 50 µs to find it, and most come again."""
_SMALLEST, _GREATEST = -(2**63), 2**63 - 1


@lru_cache(_MOST_REMEMBERED)
def read_email(value: str) -> str:
    """An address in the form in which addresses are compared: trimmed, NFC, lower case, its domain in punycode.

    Raises:
        ValueError: it is not an address.
    """
    text = value.strip()
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError("not an address")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    try:
        # Whether mail would arrive is not ours to say: names that only a local network knows are addresses too.
        found = validate_email(text, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError("not an address") from error
    if not found.ascii_domain or "." not in found.ascii_domain:
        raise ValueError("not an address")
    return f"{found.local_part}@{found.ascii_domain}"


def check_properties(properties: dict[str, Any]) -> None:
    """Whether properties can be stored exactly as they are.

    Raises:
        ValueError: too many names, too long a name, a NUL in a name, too deep, an integer beyond signed 64 bits, or
            over 64 KiB as compact JSON.
    """
    if len(properties) > MOST_NAMES:
        raise ValueError("too many names")
    _check_level(properties, 1)
    if len(orjson.dumps(properties)) > MOST_BYTES:
        raise ValueError("too large")


def _check_level(value: dict[str, Any] | list[Any], level: int) -> None:
    if level > MOST_LEVELS:
        raise ValueError("too deep")
    if isinstance(value, dict):
        for name in value:
            if len(name) > LONGEST_NAME or "\0" in name:
                raise ValueError("a name that cannot be stored")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_level(item, level + 1)
        elif isinstance(item, int) and not _SMALLEST <= item <= _GREATEST:
            raise ValueError("an integer beyond 64 bits")
