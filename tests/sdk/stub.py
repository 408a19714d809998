"""A throw-away server in the collector's place, for what a collector does not do when it is asked."""

from __future__ import annotations

import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

VISITOR = "550e8400-e29b-41d4-a716-446655440000"
TAKEN = {"status": "success", "uuid": VISITOR, "external_id": None, "identify_event_sent": False}


@dataclass
class Reply:
    """One answer of the throw-away server, and how it is given."""

    status: int = 200
    content: Any = field(default_factory=lambda: TAKEN)
    retry_after: str = ""
    delay: float = 0.0
    hangs_up: bool = False  # after the answer, without having announced it
    cut: int = 0  # this many bytes of the body are never sent


@dataclass
class Stub:
    """A throw-away server: gives the replies it was told, then good ones, and keeps what it received."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # of the bodies, after gunzip
    connections: list[int] = field(default_factory=list)  # of each request, the port it came from
    answered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))  # once a request


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers["Content-Encoding"] == "gzip"
            body = gzip.decompress(body) if zipped else body
            stub.bodies.append(json.loads(body))
            stub.sizes.append(len(body))
            stub.headers.append(dict(self.headers))
            stub.paths.append(self.path)
            stub.connections.append(self.client_address[1])
            try:
                self.give(stub.replies.pop(0) if stub.replies else good(stub.bodies[-1]))
            finally:
                stub.answered.release()

        def give(self, reply: Reply) -> None:
            time.sleep(reply.delay)
            body = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(body)))
            if reply.retry_after:
                self.send_header("Retry-After", reply.retry_after)
            self.end_headers()
            self.wfile.write(body[: len(body) - reply.cut])
            self.close_connection = reply.hangs_up or bool(reply.cut)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def good(body: dict[str, Any]) -> Reply:
    """What a collector answers that takes all."""
    events = body.get("Events")
    return Reply() if events is None else Reply(content=results(*[TAKEN for _ in events]))


def results(*each: Any) -> dict[str, Any]:
    """The answer to a batch, made of that to each event."""
    taken = sum(result["status"] == "success" for result in each)
    status = "success" if taken == len(each) else "partial"
    return {"status": status, "accepted": taken, "results": list(each)}
