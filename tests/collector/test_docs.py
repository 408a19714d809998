"""Facts are asserted, not remembered: every setting, command and error stands in the README."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

import collector
from collector.cli.parser import make_parser
from collector.commands.table import COMMANDS
from collector.config import SDK_VARIABLES, Settings, environment_name, option_name
from collector.errors import Fault
from collector.model import READ

README = (Path(collector.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if line.startswith("|")]
"""The rows of its tables."""
IN_COMMON = {"help", "json"} | {item.name for item in fields(Settings)}


def _rows(first: str) -> list[list[str]]:
    return [row for row in ROWS if row[0] == first]


def _default(item: Field[Any]) -> str:
    if item.default is False:
        return "no"
    return "" if item.default == "" else f"`{item.default}`"


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_every_setting_stands_there_with_option_variable_and_default(item: Field[Any]) -> None:
    rows = _rows(f"`{option_name(item.name)}`")
    assert [row[1:3] for row in rows] == [[f"`{environment_name(item.name)}`", _default(item)]]
    assert rows[0][3]


def test_no_setting_stands_there_that_is_none() -> None:
    variables = set(re.findall(r"FOOTFALL_[A-Z_]+", README))
    assert variables - SDK_VARIABLES == {environment_name(item.name) for item in fields(Settings)}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_of_the_api_stands_there_with_its_route_and_permission(command: Any) -> None:
    assert [row[1] for row in _rows(f"`{command.name}`")] == [f"`{', '.join(command.methods)} {command.route}`"]
    if command.permission:
        assert _rows(f"`{command.name}`")[0][2] == f"`{command.permission}`"


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_every_error_stands_there_with_its_status_code_and_message(fault: Fault) -> None:
    assert [str(fault.status), str(fault.code), fault.message.format(permission=READ)] in ROWS


def test_no_error_stands_there_that_is_none() -> None:
    codes = {(row[0], row[1]) for row in ROWS if row[0].isdigit()}
    assert codes == {(str(fault.status), str(fault.code)) for fault in Fault}


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for child in action.choices.values():
            yield from _commands(child)
    if not below:
        yield parser


PARSERS = list(_commands(make_parser()))


def _usages(prog: str) -> list[str]:
    """How the command is shown in the README's table of them."""
    shown = [usage for row in ROWS for usage in re.findall(r"`(footfall [^`]+)`", row[0])]
    return [usage for usage in shown if re.match(rf"{re.escape(prog)}( |$)", usage)]


def test_there_are_as_many_commands_as_the_command_line_has() -> None:
    assert len(PARSERS) == 14


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_command_of_the_command_line_stands_there_with_its_arguments(parser: argparse.ArgumentParser) -> None:
    usages = " ".join(_usages(parser.prog))
    assert usages
    for action in parser._actions:
        if action.dest not in IN_COMMON:
            shown = action.option_strings[0] if action.option_strings else str(action.metavar)
            assert re.search(rf"(^|[ \[]){re.escape(shown)}($|[ \]])", usages), shown


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_no_argument_stands_there_that_is_none(parser: argparse.ArgumentParser) -> None:
    known = {name for action in parser._actions for name in action.option_strings}
    assert {name for usage in _usages(parser.prog) for name in re.findall(r"--[a-z-]+", usage)} <= known


@pytest.mark.parametrize("name", ["--help", "--json", "--data-dir", "--mongodb-uri"])
def test_what_all_commands_take_stands_there(name: str) -> None:
    assert f"`{name}`" in README
    for parser in PARSERS:
        assert name in parser._option_string_actions


@pytest.mark.parametrize("part", ["/healthz", "/readyz", "/metrics", "/openapi.json", "make run", "make test"])
def test_what_else_the_collector_answers_stands_there(part: str) -> None:
    assert part in README
