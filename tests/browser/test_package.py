"""The SDK as a package for bundlers: its types, and a bundle made of it, in a real Chromium."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.browsers import driven
from tests.support.live import Live

SDK = Path(__file__).parents[2] / "sdk" / "browser"
TOOLS = SDK / "node_modules" / ".bin"
USE = """import footfall from "footfall-browser";
import type { Verdict } from "footfall-browser";
footfall.init({ key: "KEY", endpoint: "ENDPOINT", spa: "off", auto: "links" });
footfall.track("bundled", { n: 1 }).then((verdict: Verdict) => console.log("told", verdict.status));
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the packed SDK among its modules."""
    project = tmp_path_factory.mktemp("project")
    command = ["npm", "pack", "--silent", "--pack-destination", str(project)]
    subprocess.run(command, cwd=SDK, check=True, capture_output=True, timeout=120)
    with tarfile.open(next(project.glob("*.tgz"))) as packed:
        packed.extractall(project, filter="data")
    (project / "node_modules").mkdir()
    (project / "package").rename(project / "node_modules" / "footfall-browser")
    return project


def test_its_types_hold(package: Path) -> None:
    (package / "types.ts").write_text(USE)
    options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2021"]
    checked = subprocess.run(
        [TOOLS / "tsc", *options, "types.ts"], cwd=package, capture_output=True, text=True, timeout=120, check=False
    )
    assert checked.stdout == ""


def test_a_bundle_of_it_sends_its_events_and_loads_its_parts_from_itself(package: Path, live: Live) -> None:
    use = USE.replace("KEY", live.demo["public_key"]).replace("ENDPOINT", f"{live.url}/api/v1/event")
    (package / "use.ts").write_text(use)
    options = ["--bundle", "--format=esm", "--splitting", "--outdir=out", "--log-level=error"]
    subprocess.run([TOOLS / "esbuild", "use.ts", *options], cwd=package, check=True, timeout=60)
    with driven("bundle.mjs", "chromium", str(package / "out"), live.url) as found:
        assert found["complaints"] == []
        assert found["told"] == "told success"
        assert found["foreign"] == []
        assert any(path.startswith("/auto") for path in found["paths"])
