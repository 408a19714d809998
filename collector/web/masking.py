"""Secrets in the addresses of pages: where the browser SDK cannot mask them, the collector does."""

from __future__ import annotations

import re

MASKED = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "authorization",
        "client_secret",
        "code",
        "csrf",
        "csrf_token",
        "email",
        "hash",
        "id_token",
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
        "refresh_token",
        "reset_token",
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
"""Names of a query's arguments whose values stay in the page: those of ``sdk/secrets.json``; a test compares."""

_SECRET = re.compile(f"([?&](?:{'|'.join(sorted(MASKED))})=)[^&]*", re.I)


def masked(address: str) -> str:
    """An address without its fragment, and with ``***`` for the values that look like secrets, as the SDK does it."""
    return _SECRET.sub(r"\1***", address.partition("#")[0])
