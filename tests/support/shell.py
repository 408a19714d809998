"""The command line as people use it, on one of the places that it works on."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.live import footfall


@dataclass(frozen=True)
class Shell:
    """Runs commands on a data directory, or on the database at an address."""

    data_dir: Path
    options: tuple[str, ...] = field(default=())

    def run(self, *arguments: str, stdin: str = "") -> Any:
        """What a command prints with ``--json``; it must do its work, and have nothing to say on stderr."""
        done = self._done(*arguments, "--json", stdin=stdin)
        return json.loads(done)

    def text(self, *arguments: str) -> str:
        """What a command prints for people."""
        return self._done(*arguments)

    def fails(self, *arguments: str, stdin: str = "") -> str:
        """The one line that a command ends with which cannot do its work."""
        done = footfall(*arguments, *self._places(), stdin=stdin)
        return reason(done.returncode, done.stdout, done.stderr)

    def _done(self, *arguments: str, stdin: str = "") -> str:
        done = footfall(*arguments, *self._places(), stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def _places(self) -> tuple[str, ...]:
        return ("--data-dir", str(self.data_dir), *self.options)


def reason(code: int, stdout: str, stderr: str) -> str:
    """The line on stderr of a command that failed as it should: by an exit code, in one line, and no more."""
    assert code not in (0, None)
    assert stdout == ""
    assert stderr.startswith("footfall: ")
    assert stderr.count("\n") == 1, stderr
    assert stderr.endswith("\n")
    return stderr.removeprefix("footfall: ").rstrip("\n")


def post(url: str, path: str, parameters: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any], Any]:
    """Sends JSON; the status, the answer, its headers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("POST", path, json.dumps(parameters), {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers
    finally:
        connection.close()


def track(url: str, key: str, **parameters: Any) -> int:
    """The status with which an event is answered."""
    return post(url, "/api/v1/event", {"APIKey": key, "Event": "page_view", **parameters})[0]
