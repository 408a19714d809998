"""The wheel carries all that the collector needs beside its code, and finds it where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import collector
from collector.commands.openapi import document
from collector.commands.table import COMMANDS

ROOT = Path(collector.__file__).parents[1]
PARTS = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "collector", "schemas", "static")
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.pyc")
BESIDE = ("schemas", "static")

SHOWN = """
import json
import collector
from collector.commands.openapi import document
from collector.commands.table import COMMANDS
from collector.resources import resource_dir
places = [collector.__file__, str(resource_dir("schemas")), str(resource_dir("static"))]
print(json.dumps([places, document(COMMANDS)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy by way of the source distribution, so that nothing is left in the checkout."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=LEFT_BEHIND)
        else:
            shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which the wheel is installed."""
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*command, "--disable-pip-version-check", "--target", str(target), str(wheel)], check=True)
    return target


def _run(installed: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, cwd=installed.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _files(place: str, pattern: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in (ROOT / place).rglob(pattern) if path.is_file()}


def test_the_wheel_carries_all_code_schemas_and_static_files_and_nothing_else(wheel: Path) -> None:
    beside = {f"collector/{name}" for place in BESIDE for name in _files(place, "*")}
    assert {"collector/schemas/event.track.json", "collector/static/footfall.js"} <= beside
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert carried == _files("collector", "*.py") | beside


def test_what_is_installed_finds_its_schemas_and_static_files_within_itself(installed: Path) -> None:
    places, described = json.loads(_run(installed, sys.executable, "-c", SHOWN))
    inside = installed / "collector"
    assert places == [str(inside / "__init__.py"), str(inside / "schemas"), str(inside / "static")]
    assert described == json.loads(json.dumps(document(COMMANDS)))


def test_the_command_is_called_footfall(installed: Path) -> None:
    script = str(installed / "bin" / "footfall")
    assert _run(installed, sys.executable, script, "--version") == f"footfall {collector.__version__}\n"
