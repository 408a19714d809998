"""The Python SDK's tests in every Python that it runs on and this machine has: ``python -m tests.sdk.versions``.

The collector needs a newer one, so what is tested with it, the web frameworks among them, is left out; how much that
was is said.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "pythons"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# In 3.9 http.client forgets the answer of a proxy that never came; from 3.12 on it does not.
OLD_TUNNEL = "ignore:Exception ignored in. <socket.socket .closed:pytest.PytestUnraisableExceptionWarning"
TESTS = ("client", "delivery", "spool", "testing", "transport")


def found(version: str) -> str | None:
    """The Python *version* of this machine; None where it has none."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [str(path) for path in sorted(kept.glob(f"{version}.*/bin/python"))]
    named = shutil.which(f"python{version}")
    return next((path for path in [*candidates, *([named] if named else [])] if _is(path, version)), None)


def _is(path: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    ended = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    return ended.stdout.strip() == version


def main(wanted: list[str]) -> int:
    """Run the tests in each *wanted* version, or all. The number of those in which they fail or which are not here."""
    bad = 0
    for version in wanted or VERSIONS:
        python = found(version)
        if python is None:
            print(f"Python {version}: not on this machine")
            bad += version in wanted
            continue
        bad += _tested(version, python) != 0
    return bad


def _tested(version: str, python: str) -> int:
    home = BUILD / version
    own = home / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", home], check=True)
        subprocess.run([own, "-m", "pip", "install", "-q", "pytest", "hypothesis", "orjson"], check=True)
        (packages,) = home.glob("lib/python*/site-packages")
        (packages / "footfall.pth").write_text(f"{ROOT / 'sdk' / 'python'}\n")
    (BUILD / "pytest.ini").write_text(f"[pytest]\nfilterwarnings =\n    error\n    {OLD_TUNNEL}\n")
    command = [own, "-m", "pytest", "-q", "-c", BUILD / "pytest.ini", "--confcutdir", ROOT / "tests" / "sdk"]
    command += ["-p", "tests.sdk.without_collector", "-p", "no:cacheprovider"]
    command += [ROOT / "tests" / "sdk" / f"test_python_{name}.py" for name in TESTS]
    print(f"Python {version}:", flush=True)
    return subprocess.run([str(word) for word in command], check=False, cwd=ROOT, env=_environment()).returncode


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not re.match("PYTEST|PYTHON|FOOTFALL|PYENV", name)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
