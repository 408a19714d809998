"""What is typed wrong ends in one line on stderr and an exit code, and changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import Live, environment
from tests.support.shell import Shell, called, reason

SHOP = "https://shop.example.com"


@pytest.fixture(scope="module")
def shell(live: Live, database: Any, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A database with the user Ann, who may only track and has the list 1, and Ben, who has the list 2."""
    options = ("--mongodb-uri", live.uri, "--database", database.name)
    found = Shell(tmp_path_factory.mktemp("wrong") / "var", options)
    found.run("user", "create", "Ann", "--permissions", "Events.Track")
    found.run("user", "create", "Ben")
    assert found.run("list", "create", "Hers", "--user", "Ann")["id"] == 1
    assert found.run("list", "create", "His", "--user", "Ben")["id"] == 2
    return found


GRAMMAR: list[tuple[str, str]] = [
    ("", "required: COMMAND"),
    ("nonsense", "invalid choice: 'nonsense'"),
    ("user", "required: COMMAND"),
    ("user nonsense", "invalid choice: 'nonsense'"),
    ("user create", "required: NAME"),
    ("user list extra", "unrecognized arguments: extra"),
    ("user list --port 80", "unrecognized arguments: --port 80"),
    ("user list --js", "unrecognized arguments: --js"),
    ("user list --data-dir", "expected one argument"),
    ("list create Customers", "required: --user"),
    ("list create Customers --user Ann --retention x", "--retention: 'x' is not a number"),
    ("list update", "required: ID"),
    ("list update x", "ID: 'x' is not a number"),
    ("list update 1", "Nothing is to change: --name or --time-zone"),
    ("key create --user Ann", "one of the arguments --secret --public is required"),
    ("key create --user Ann --secret --public", "not allowed with argument"),
    ("key create --secret", "required: --user"),
    ("key create --user Ann --secret --list x", "--list: 'x' is not a number"),
    ("key create --user Ann --secret --list 9223372036854775808", "is not a number that can be kept"),
    ("key create --user Ann --secret --rate-limit 9223372036854775808", "is not a number that can be kept"),
    ("key create --user Ann --secret --origin https://a.example", "--origin goes with --public"),
    ("key create --user Ann --public --origin https://a.example", "--list ID"),
    ("key create --user Ann --public --list 1 --origin https://a.example --permissions Events.Track", "--permissions"),
    ("key revoke", "required: PREFIX"),
    ("catalog", "required: COMMAND"),
    ("serve --nonsense", "unrecognized arguments: --nonsense"),
]


@pytest.mark.parametrize(("typed", "expected"), GRAMMAR, ids=[typed or "nothing" for typed, _ in GRAMMAR])
def test_what_is_no_command_is_one_line(typed: str, expected: str) -> None:
    line = reason(*called(*typed.split()))
    assert expected in line


def test_it_says_whose_help_to_ask_for() -> None:
    assert reason(*called("key", "revoke")).endswith("(see footfall key revoke --help)")


NAMED: list[tuple[list[str], str]] = [
    (["user", "create", "Ann"], "There is a user 'Ann' already"),
    (["user", "create", " Ann "], "There is a user 'Ann' already"),
    (["user", "create", ""], "A name is 1 to 200 printable characters"),
    (["user", "create", "   "], "A name is 1 to 200 printable characters"),
    (["user", "create", "x" * 201], "A name is 1 to 200 printable characters"),
    (["user", "create", "two\nlines"], "A name is 1 to 200 printable characters"),
    (["user", "create", "Cid", "--permissions", "Events.Write"], "Unknown permission Events.Write"),
    (["user", "create", "Cid", "--permissions", ""], "Unknown permission"),
    (["list", "create", "Customers", "--user", "Zoe"], "There is no user 'Zoe'"),
    (["list", "create", "Customers", "--user", "ann"], "There is no user 'ann'"),
    (["list", "create", " ", "--user", "Ann"], "A name is 1 to 200 printable characters"),
    (["list", "create", "x" * 201, "--user", "Ann"], "A name is 1 to 200 printable characters"),
    (["list", "create", "Customers", "--user", "Ann", "--retention", "0"], "A retention is 1 to 36500 days"),
    (["list", "create", "Customers", "--user", "Ann", "--retention=-1"], "A retention is 1 to 36500 days"),
    (["list", "create", "Customers", "--user", "Ann", "--retention", "36501"], "A retention is 1 to 36500 days"),
    *(
        (["list", "create", "Customers", "--user", "Ann", "--time-zone", zone], f"There is no time zone {zone!r}")
        for zone in ("", "Berlin", "europe/berlin", "CEST", "+02:00", "../Berlin", "Europe", "right/Europe/Berlin")
    ),
    (["list", "update", "1", "--time-zone", "Europe/Atlantis"], "There is no time zone 'Europe/Atlantis'"),
    (["list", "update", "1", "--name", " "], "A name is 1 to 200 printable characters"),
    (["list", "update", "99", "--time-zone", "Europe/Berlin"], "There is no list 99"),
    (["key", "create", "--user", "Zoe", "--secret"], "There is no user 'Zoe'"),
    (["key", "create", "--user", "Ann", "--secret", "--list", "2"], "The user 'Ann' has no list 2"),
    (["key", "create", "--user", "Ann", "--secret", "--list", "3"], "The user 'Ann' has no list 3"),
    (["key", "create", "--user", "Ann", "--secret", "--list", "0"], "The user 'Ann' has no list 0"),
    (["key", "create", "--user", "Ann", "--secret", "--permissions", "Events.Write"], "Unknown permission"),
    (
        ["key", "create", "--user", "Ann", "--secret", "--permissions", "Events.Track,Subscribers.Get"],
        "The user has no permission Subscribers.Get",
    ),
    (["key", "create", "--user", "Ann", "--secret", "--rate-limit", "0"], "A rate limit is 1 or more"),
    (["key", "create", "--user", "Ann", "--public", "--list", "1"], "A public key needs the origin of its pages"),
    (["key", "create", "--user", "Ann", "--public", "--list", "2", "--origin", SHOP], "has no list 2"),
    (["key", "create", "--user", "Ann", "--public", "--list", "1", "--origin", "shop"], "'shop' is not an origin"),
    (["key", "create", "--user", "Ann", "--public", "--list", "1", "--origin", ""], "'' is not an origin"),
    (["key", "create", "--user", "Ann", "--public", "--list", "1", "--origin", f"{SHOP}/page"], "is not an origin"),
    (["key", "revoke", "sk_nowhere0"], "There is no key 'sk_nowhere0'"),
    (["key", "revoke", ""], "There is no key ''"),
]


@pytest.mark.parametrize(("typed", "expected"), NAMED, ids=[" ".join(typed)[:70] for typed, _ in NAMED])
def test_what_cannot_be_made_is_one_line_and_is_not_made(
    shell: Shell, database: Any, typed: list[str], expected: str
) -> None:
    before = {name: database[name].count_documents({}) for name in ("users", "lists", "keys")}
    assert expected in shell.fails(*typed)
    assert {name: database[name].count_documents({}) for name in before} == before


@pytest.mark.parametrize(
    "typed",
    [
        ["user", "create", "x" * 200],
        ["user", "create", "Ännchen von Tharau 🦶"],
        ["list", "create", "x" * 200, "--user", "Ann", "--retention", "36500"],
        ["list", "create", "short", "--user", "Ann", "--retention", "1"],
        ["list", "create", "far", "--user", "Ann", "--time-zone", "America/Argentina/Buenos_Aires"],
        ["list", "update", "1", "--name", "Clients", "--time-zone", "Etc/UTC"],
        ["key", "create", "--user", "Ann", "--secret", "--rate-limit", "1"],
        ["key", "create", "--user", "Ann", "--secret", "--rate-limit", "9223372036854775807"],
        ["key", "create", "--user", "Ann", "--secret", "--list", "1"],
    ],
    ids=lambda typed: " ".join(typed)[:70],
)
def test_what_is_just_within_the_bounds_is_made(shell: Shell, typed: list[str]) -> None:
    shell.run(*typed)


@pytest.mark.parametrize(
    ("typed", "stdin", "expected"),
    [
        ([b"user", b"create", b"\xff"], b"", "not text in UTF-8"),
        ([b"list", b"create", b"L", b"--user", b"\xff"], b"", "not text in UTF-8"),
        ([b"key", b"revoke", b"\xff"], b"", "not text in UTF-8"),
        ([b"user", b"create", b"typist", b"--password-stdin"], b"\xff\n", "The password is not text in UTF-8"),
    ],
    ids=["a name", "a user", "a prefix", "a password"],
)
def test_what_is_no_text_is_one_line(shell: Shell, typed: list[bytes], stdin: bytes, expected: str) -> None:
    command = [os.fsencode(sys.executable), b"-m", b"collector", *typed, *map(os.fsencode, shell.options)]
    command += [b"--data-dir", os.fsencode(shell.data_dir)]
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment(), timeout=60, check=False)
    assert expected in reason(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_data_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "var"
    assert f"{path} cannot be created or written: " in reason(*called("user", "list", "--data-dir", str(path)))
