"""Secrets in the addresses of pages: where the browser SDK cannot mask them, the collector does."""

from __future__ import annotations

import re

MASKED = frozenset(
    {
        "apikey",
        "auth",
        "authorization",
        "code",
        "csrf",
        "email",
        "hash",
        "jwt",
        "key",
        "mail",
        "nonce",
        "otp",
        "pass",
        "passwd",
        "password",
        "phone",
        "pin",
        "pwd",
        "secret",
        "session",
        "session_id",
        "sessionid",
        "sid",
        "sig",
        "signature",
        "state",
        "ticket",
        "token",
    }
)
"""Last words of names in a query whose values stay in the page: those of ``sdk/secrets.json``; a test compares."""

_SECRET = re.compile(rf"((?:\b|_)(?:{'|'.join(sorted(MASKED))})=)[^&]*", re.I | re.A)


def masked(address: str) -> str:
    """An address without its fragment, and with ``***`` for the values that look like secrets, as the SDK does it."""
    return _SECRET.sub(r"\1***", address.partition("#")[0])
