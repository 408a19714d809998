"""Real browsers, by a driver in ``tests/browser``."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DRIVERS = Path(__file__).parents[1] / "browser"


@contextlib.contextmanager
def driven(driver: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """What a driver saw, the one line of JSON that it prints; its browser is open until the end of the block."""
    command = ["node", str(DRIVERS / driver), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin and process.stdout and process.stderr
        line = process.stdout.readline()
        try:
            assert line, process.stderr.read()
            yield json.loads(line)
        finally:
            process.stdin.close()
            process.wait(60)
