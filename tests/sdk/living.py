"""What servers run in the tests: apps that track before the fork, where they are told to, and after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import footfall
from footfall.asgi import FootfallMiddleware

client = footfall.Client(os.environ["STUB_URL"], "sk_key", limits=footfall.Limits(exit_timeout=20))
if "TRACKS_FIRST" in os.environ:
    client.track("parent")


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells which process has answered."""
    client.track("child")
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


async def _asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    client.track("child")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


asgi = FootfallMiddleware(_asgi)
