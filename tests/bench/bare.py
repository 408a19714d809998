"""A bare Tornado server: it parses the same JSON with the same parser (orjson), and answers the same bytes.

    python -m tests.bench.bare PORT HEADERS [--uvloop]

``HEADERS`` is a JSON object of the headers of the collector's answer, which are sent on ``/api/v1/event``. ``/lean``
answers the same body, with no header but its type.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys

import orjson
from tornado.web import Application, RequestHandler


class Bare(RequestHandler):
    """Answers an event as if it were stored."""

    def initialize(self, headers: dict[str, str]) -> None:
        """Headers of every answer, beside those that Tornado makes."""
        self._given = headers

    def compute_etag(self) -> None:
        """None, as the collector has it: it would be a hash of the body."""

    def post(self) -> None:
        """Answers."""
        given = orjson.loads(self.request.body)
        self.clear_header("Server")
        for name, value in self._given.items():
            self.set_header(name, value)
        body = {"status": "success", "uuid": given["UUID"], "external_id": None, "identify_event_sent": False}
        self.write(orjson.dumps(body))

    def get(self) -> None:
        """Answers who waits for the server to be up."""


async def serve(port: int, headers: dict[str, str]) -> None:
    """Runs until it is killed."""
    lean = {"Content-Type": "application/json"}
    application = Application(
        [
            (r"/api/v1/event", Bare, {"headers": headers}),
            (r"/lean", Bare, {"headers": lean}),
            (r"/healthz", Bare, {"headers": lean}),
        ]
    )
    application.listen(port, "127.0.0.1")
    await asyncio.Event().wait()


def main() -> None:
    """Runs on the event loop that is asked for."""
    loop = importlib.import_module("uvloop").new_event_loop if "--uvloop" in sys.argv else None
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(serve(int(sys.argv[1]), json.loads(sys.argv[2])))


if __name__ == "__main__":
    main()
