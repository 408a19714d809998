"""A virtual environment for the SDKs of others: beside the tests' own, whose packages they must not move."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "build" / "bench-sdks"
PACKAGES = ("posthog", "segment-analytics-python", "mixpanel", "celery", "gunicorn")
"""The newest, as a user would have them today."""


def python() -> Path:
    """The interpreter of the environment, which is made where there is none. Raises CalledProcessError."""
    binary, stamp = PLACE / "bin" / "python", PLACE / ".stamp"
    wanted = f"{sys.version}\n{' '.join(PACKAGES)}\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(PLACE, clear=True, with_pip=True)
        subprocess.run([binary, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)
        stamp.write_text(wanted)
    return binary


def variables(**more: str) -> dict[str, str]:
    """What its processes see: this checkout, and no setting of Footfall."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "PYTHON"))}
    path = os.pathsep.join([str(ROOT), str(ROOT / "sdk" / "python")])
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


def versions() -> dict[str, str]:
    """The version of each package."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found = subprocess.run([python(), "-c", code, *PACKAGES], check=True, capture_output=True, text=True)
    return dict(zip(PACKAGES, found.stdout.split(), strict=True))
