"""``/openapi.json``: it is valid, it says everything that the table of commands says, and the collector keeps to it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from collector.commands.call import Command
from collector.commands.openapi import document
from collector.commands.table import COMMANDS
from collector.errors import Fault
from collector.web.pixel import PATHS
from tests.support.live import Live, footfall

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
DOCUMENT = document(COMMANDS, PATHS)
described = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT))
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


@pytest.fixture(scope="module")
def key(live: Live) -> str:
    """A secret key of the demo user that no limit stops."""
    data_dir = str(live.data_dir)
    made = footfall(
        *("key", "create", "--user", "demo", "--secret", "--list", str(live.demo["list_id"])),
        *("--rate-limit", "1000000", "--json", "--data-dir", data_dir),
    )
    return str(json.loads(made.stdout)["key"])


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _parts(item)


def _at(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_it_is_served_as_it_is_made_of_the_table_and_any_page_may_read_it(live: Live) -> None:
    with urlopen(f"{live.url}/openapi.json") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert json.load(answer) == DOCUMENT


def test_it_is_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    described.validate()
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_one_that_is_not_valid_would_be_noticed() -> None:
    broken = copy.deepcopy(DOCUMENT)
    del broken["info"]["version"]
    with pytest.raises(Exception, match="version"):
        schemathesis.openapi.from_dict(broken).validate()


def test_every_reference_leads_somewhere() -> None:
    references = [part["$ref"] for part in _parts(DOCUMENT) if isinstance(part.get("$ref"), str)]
    assert len(references) > 20
    for reference in references:
        assert isinstance(_at(reference), dict), reference


def test_operations_are_named_once() -> None:
    names = [part["operationId"] for part in _parts(DOCUMENT) if "operationId" in part]
    assert len(names) == len(set(names)) == 3 + sum(len(command.methods) for command in COMMANDS)


@commands
def test_every_command_is_described_with_its_route_methods_parameters_and_errors(command: Command) -> None:
    operations = DOCUMENT["paths"][command.route]
    assert set(operations) == {method.lower() for method in command.methods}
    schema = json.loads(json.dumps(_at(f"#/components/schemas/{command.name}")))
    for method, operation in operations.items():
        if method == "get":
            assert {item["name"] for item in operation["parameters"]} == set(schema["properties"])
        else:
            accepted = {kind: body["schema"] for kind, body in operation["requestBody"]["content"].items()}
            reference = {"$ref": f"#/components/schemas/{command.name}"}
            assert accepted == dict.fromkeys(("application/json", "application/x-www-form-urlencoded"), reference)
        assert ("security" in operation) == (command.permission is not None)
        assert set(operation["responses"]) == {"200", *(str(fault.status) for fault in Fault)}
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert _at(answer["$ref"])["required"]


def test_the_image_of_page_views_is_described() -> None:
    """An operation of its own: two parameters, and an image whatever the status."""
    operation = DOCUMENT["paths"]["/api/v1/event.gif"]["get"]
    required = {item["name"]: item.get("required", False) for item in operation["parameters"]}
    assert required == {"key": True, "url": False}
    assert {kind for answer in operation["responses"].values() for kind in answer["content"]} == {"image/gif"}
    assert set(operation["responses"]) == {"200", *(str(fault.status) for fault in Fault)}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_every_error_is_described(fault: Fault) -> None:
    for part in _parts(DOCUMENT["paths"]):
        if "responses" in part:
            described = part["responses"][str(fault.status)]["description"]
            assert f"{fault.code}: {fault.message}" in described.split("; ")


@pytest.mark.parametrize(("method", "keyword"), [("GET", "parameters"), ("POST", "requestBody")])
def test_the_legacy_route_offers_the_commands_that_it_takes(method: str, keyword: str) -> None:
    offered = json.dumps(DOCUMENT["paths"]["/api.php"][method.lower()][keyword])
    for command in COMMANDS:
        assert (f'{command.name}"' in offered) == (method in command.legacy_methods)


@described.parametrize()  # type: ignore[untyped-decorator, unused-ignore]
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_the_collector_keeps_to_it(case: schemathesis.Case[Any], live: Live, key: str) -> None:
    answer = case.call(base_url=live.url, headers={"Authorization": f"Bearer {key}"})
    case.validate_response(answer, checks=CHECKS)
