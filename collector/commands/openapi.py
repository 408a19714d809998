"""The OpenAPI 3.1 document, made from ``schemas/`` and the table of commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collector import __version__
from collector.commands.call import Command
from collector.commands.schemas import bundled
from collector.errors import Fault
from collector.model import Document

_REFERENCE = "#/components/schemas/"
_FORM = "application/x-www-form-urlencoded"
_RETRY_AFTER: Document = {
    "required": True,
    "description": "Whole seconds.",
    "schema": {"type": "integer", "minimum": 0},
}


def document(commands: Iterable[Command], others: Mapping[str, Document] | None = None) -> Document:
    """The document that is served at ``/openapi.json``.

    Args:
        others: what else is described, by its path: what is no command of its own.
    """
    commands = list(commands)
    schemas: Document = {}
    paths: Document = {}
    for command in commands:
        schema = bundled(command.name, _REFERENCE)
        answer = schema["$defs"].pop("answer")
        schemas |= schema.pop("$defs")
        schema["properties"]["Command"] = _command_names([command])
        schemas[command.name] = {key: value for key, value in schema.items() if not key.startswith("$")}
        schemas[f"{command.name}.answer"] = answer
        paths[command.route] = {
            method.lower(): _operation(command, method, schemas[command.name]) for method in command.methods
        }
    paths |= others or {}
    paths["/api.php"] = {"get": _legacy(commands, "GET"), "post": _legacy(commands, "POST")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Footfall", "version": __version__, "description": "Event tracking for e-mail lists."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(command: Command, method: str, schema: Document) -> Document:
    operation: Document = {
        "operationId": f"{command.name}.{method.lower()}",
        "summary": schema["description"],
        "responses": _responses([command]),
    }
    if command.permission:
        operation["security"] = [{"key": []}, {}]
    if method == "GET":
        operation["parameters"] = _query(schema)
    else:
        operation["requestBody"] = _body({"$ref": _REFERENCE + command.name})
    return operation


def _legacy(commands: list[Command], method: str) -> Document:
    offered = [command for command in commands if method in command.legacy_methods]
    operation: Document = {
        "operationId": f"legacy.{method.lower()}",
        "summary": "The command that Command names, with its parameters.",
        "security": [{"key": []}, {}],
        "responses": _responses(offered),
    }
    if method == "GET":
        operation["parameters"] = [
            {"name": "Command", "in": "query", "required": True, "schema": _command_names(offered)}
        ]
    else:
        named = {"type": "object", "required": ["Command"]}
        operation["requestBody"] = _body(
            {"anyOf": [{"allOf": [{"$ref": _REFERENCE + command.name}, named]} for command in offered]}
        )
    return operation


def _command_names(commands: list[Command]) -> Document:
    return {"enum": [command.name for command in commands], "description": "Matched without regard to case."}


def _body(schema: Document) -> Document:
    return {"required": True, "content": {"application/json": {"schema": schema}, _FORM: {"schema": schema}}}


def _query(schema: Document) -> list[Document]:
    required = {name for part in (schema, *schema.get("allOf", ())) for name in part.get("required", ())}
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _documented(value)}
        for name, value in schema["properties"].items()
    ]


def _documented(value: Document) -> Document:
    return {key: item for key, item in value.items() if key != "x-error"}


def _responses(commands: list[Command]) -> Document:
    answers = [{"$ref": f"{_REFERENCE}{command.name}.answer"} for command in commands]
    done = _json(answers[0] if len(answers) == 1 else {"anyOf": answers})
    for media_type in sorted({name for command in commands for name in command.streams}):
        done[media_type] = {"schema": {"type": "string"}}
    return responses(done, _json({"$ref": f"{_REFERENCE}errors"}))


def responses(done: Document, refused: Document) -> Document:
    """What may be answered, by its status.

    Args:
        done: the content of success, by media type.
        refused: the content of every error.
    """
    found: Document = {"200": {"description": "Done", "content": done}}
    for status in sorted({fault.status for fault in Fault}):
        told = sorted({f"{fault.code}: {fault.message}" for fault in Fault if fault.status == status})
        found[str(status)] = {"description": "; ".join(told), "content": refused}
        if status in (Fault.TOO_MANY_REQUESTS.status, Fault.UNAVAILABLE.status):
            found[str(status)]["headers"] = {"Retry-After": _RETRY_AFTER}
    return found


def _json(schema: Any) -> Document:
    return {"application/json": {"schema": schema}}
