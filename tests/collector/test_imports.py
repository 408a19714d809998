"""The laws of imports: they run one way, and each large library is known to one part alone."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import collector

ROOT = Path(collector.__file__).parents[1]

LAYERS = (
    ("__main__",),
    ("cli",),
    ("processes",),
    ("app",),
    ("web",),
    ("commands",),
    ("questions",),
    ("ingest",),
    ("catalog", "access", "embedded", "spool", "live"),
    ("storage",),
    ("config", "metrics", "resources"),
    ("model", "errors", "__init__"),
)
"""From the top down: a part imports those below it. Parts of one line do not know each other."""

HEIGHT = {part: -number for number, parts in enumerate(LAYERS) for part in parts}

AT_HOME = {
    "tornado": {"web", "app", "__main__"},
    "motor": {"storage"},
    "pymongo": {"storage"},
    "bson": {"storage"},
    "gridfs": {"storage"},
}


@dataclass(frozen=True)
class Import:
    """One import: where it stands, by which module, and of which."""

    path: Path
    line: int
    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.importer} imports {self.imported}"


def _module(path: Path, top: Path) -> str:
    return ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__")


def _imported(node: ast.AST, importer: str, is_package: bool) -> list[str]:
    """The modules that a statement may import: of ``from a import b``, ``a.b`` too, which may be one."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        steps = importer.split(".")
        steps = steps[: len(steps) - node.level + is_package]
        base = ".".join([*steps, base]).removesuffix(".")
    return [base, *(f"{base}.{name.name}" for name in node.names)]


def _imports(top: Path, package: str) -> Iterator[Import]:
    for path in sorted((top / package).rglob("*.py")):
        importer, is_package = _module(path, top), path.name == "__init__.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _imported(node, importer, is_package):
                yield Import(path.relative_to(top), getattr(node, "lineno", 0), importer, name)


MODULES = {_module(path, ROOT) for path in (ROOT / "collector").rglob("*.py")}
COLLECTOR = list(_imports(ROOT, "collector"))
SDK = list(_imports(ROOT / "sdk" / "python", "footfall"))


def _part(module: str) -> str:
    """``collector.web.api`` as ``web``; ``collector`` alone as ``__init__``."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def _within(imports: list[Import]) -> Iterator[Import]:
    """Imports of one module of the collector by another."""
    for item in imports:
        if item.imported in MODULES and item.imported != item.importer:
            yield item


def _of(library: str, imports: list[Import]) -> list[str]:
    return [str(item) for item in imports if item.imported.split(".")[0] == library]


def test_every_part_of_the_collector_has_its_place() -> None:
    entries = [
        path for path in (ROOT / "collector").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    assert {path.stem for path in entries} == set(HEIGHT)


def test_imports_run_one_way() -> None:
    """``collector`` itself, which only holds the version, may be asked for it from everywhere."""
    inner = list(_within(COLLECTOR))
    assert len(inner) > 100
    wrong = [
        str(item)
        for item in inner
        if _part(item.imported) != _part(item.importer) and HEIGHT[_part(item.imported)] >= HEIGHT[_part(item.importer)]
    ]
    assert wrong == []


def test_imports_go_in_no_circle() -> None:
    """Not between parts, nor between the modules of one part."""
    graph: dict[str, set[str]] = {}
    for item in _within(COLLECTOR):
        graph.setdefault(item.importer, set()).add(item.imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("library", AT_HOME)
def test_a_library_is_known_where_it_is_at_home_alone(library: str) -> None:
    strangers = [item for item in COLLECTOR if _part(item.importer) not in AT_HOME[library]]
    assert _of(library, strangers) == []


def test_the_collector_does_not_know_the_sdk() -> None:
    assert _of("footfall", COLLECTOR) == []


@pytest.mark.parametrize("library", ["collector", *AT_HOME])
def test_the_sdk_brings_nothing_of_the_server_into_an_app(library: str) -> None:
    assert _of("footfall", SDK)
    assert _of(library, SDK) == []


@pytest.mark.parametrize(
    ("statement", "importer", "expected"),
    [
        ("import tornado.web", "collector.web.api", "tornado.web"),
        ("from collector import errors", "collector.model", "collector.errors"),
        ("from collector.web.api import Door", "collector.model", "collector.web.api"),
        ("from .api import Door", "collector.web.ops", "collector.web.api"),
        ("from . import api", "collector.web.ops", "collector.web.api"),
        ("from ..web import api", "collector.cli.serve", "collector.web.api"),
        ("def late():\n    import motor", "collector.app", "motor"),
        ("if TYPE_CHECKING:\n    import motor", "collector.app", "motor"),
    ],
)
def test_every_way_to_import_is_seen(statement: str, importer: str, expected: str) -> None:
    found = [name for node in ast.walk(ast.parse(statement)) for name in _imported(node, importer, is_package=False)]
    assert expected in found
