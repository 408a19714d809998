"""The JSON Schemas of the commands: one that says yes fast, one that says why not, and their parts for OpenAPI.

In a schema, ``x-error`` names the row of ``Fault`` that a value not fitting there means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs

from collector.errors import Fault
from collector.model import Document
from collector.resources import resource_dir

_COMMON = "common.json#/$defs/"


class Schema:
    """The schema of one command.

    Args:
        command: its name, which is the stem of its file.
    """

    def __init__(self, command: str) -> None:
        self.document = bundled(command)
        self._fast = jsonschema_rs.Draft202012Validator(self.document)
        self._thorough = jsonschema.Draft202012Validator(self.document)

    @property
    def parameters(self) -> list[str]:
        """The documented names of the command's parameters."""
        return list(self.document["properties"])

    def faults(self, given: Document) -> set[Fault]:
        """All that does not fit."""
        return set() if self.fits(given) else self.explained(given)

    def fits(self, given: Document) -> bool:
        """The verdict of jsonschema-rs, a hundred times faster than ``explained``."""
        try:
            return self._fast.is_valid(given)
        except ValueError:  # deeper, or a greater number, than it can take: not a yes
            return False

    def explained(self, given: Document) -> set[Fault]:
        """The faults that jsonschema finds: each the nearest ``x-error`` above the keyword that failed."""
        return {self._fault(error.absolute_schema_path) for error in self._thorough.iter_errors(given)}

    def _fault(self, path: Iterable[Any]) -> Fault:
        node: Any = self.document
        named = "UNREADABLE"
        for step in path:
            if isinstance(node, dict):
                named = node.get("x-error", named)
                if step not in node:  # the path goes on behind a $ref, where nothing is annotated
                    break
            node = node[step]
        return Fault[named]


def bundled(command: str, common: str = "#/$defs/") -> Document:
    """The schema of a command with the shared definitions in it.

    Args:
        common: where a reference to a shared definition is to point.
    """
    schema = _load(resource_dir("schemas") / f"{command}.json")
    shared = _load(resource_dir("schemas") / "common.json")["$defs"]
    document: Document = _pointed(schema, common)
    document["$defs"] = {**_pointed(shared, common), **document.get("$defs", {})}
    return document


@cache
def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _pointed(node: Any, common: str) -> Any:
    """A copy whose references into ``common.json`` point elsewhere."""
    if isinstance(node, list):
        return [_pointed(item, common) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _pointed(value, common) for name, value in node.items()}
    if isinstance(node.get("$ref"), str) and node["$ref"].startswith(_COMMON):
        copy["$ref"] = common + node["$ref"].removeprefix(_COMMON)
    return copy
