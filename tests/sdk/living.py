"""What gunicorn and uWSGI run in the tests: an app that tracks before the fork, where it is told to, and after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import footfall

client = footfall.Client(os.environ["STUB_URL"], "sk_key", limits=footfall.Limits(exit_timeout=20))
if "TRACKS_FIRST" in os.environ:
    client.track("parent")


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells which process has answered."""
    client.track("child")
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
