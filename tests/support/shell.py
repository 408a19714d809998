"""The command line as people use it, on one of the places that it works on."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from collector.__main__ import main
from tests.support.live import environment


@dataclass(frozen=True)
class Shell:
    """Runs commands on a data directory, or on the database at an address: in this process, which is faster than in one
    of their own, and ``apart`` in a thread of their own, as it must be where this one has an event loop running."""

    data_dir: Path
    options: tuple[str, ...] = ()
    apart: bool = False

    def run(self, *arguments: str, stdin: str = "") -> Any:
        """What a command prints with ``--json``; it must do its work, and have nothing to say on stderr."""
        return json.loads(self._printed(*arguments, "--json", stdin=stdin))

    def text(self, *arguments: str) -> str:
        """What a command prints for people."""
        return self._printed(*arguments)

    def fails(self, *arguments: str, stdin: str = "") -> str:
        """The one line that a command ends with which cannot do its work."""
        return reason(*self._done(*arguments, stdin=stdin))

    def _printed(self, *arguments: str, stdin: str = "") -> str:
        code, stdout, stderr = self._done(*arguments, stdin=stdin)
        assert (code, stderr) == (0, "")
        return stdout

    def _done(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        command = (*arguments, "--data-dir", str(self.data_dir), *self.options)
        if not self.apart:
            return called(*command, stdin=stdin)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(called, *command, stdin=stdin).result()


def called(*arguments: str, stdin: str = "", **extra: str) -> tuple[int, str, str]:
    """The command line's exit code, stdout and stderr, in this process, with these variables in its environment."""
    stdout, stderr = io.StringIO(), io.StringIO()
    typed = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    with (
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        mock.patch.object(sys, "stdin", typed),
        mock.patch.dict(os.environ, environment(**extra), clear=True),
    ):
        code = main(arguments)
    return code, stdout.getvalue(), stderr.getvalue()


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
