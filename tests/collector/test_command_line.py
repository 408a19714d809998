"""The command line: every command, beside a running collector and without one."""

from __future__ import annotations

import itertools
import json
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector import __version__
from collector.__main__ import main
from collector.config import Settings
from collector.embedded.datadir import holder_of
from collector.embedded.launch import Layout
from collector.embedded.process import is_running
from tests.collector.test_docs import PARSERS
from tests.support.live import Live, environment, eventually, stop
from tests.support.shell import Shell, post, track
from tests.support.site import Site

ALL = ["Events.Track", "Subscribers.Get"]
SHOP = "https://shop.example.com"
_numbers = itertools.count(1)


@pytest.fixture
def settings() -> Settings:
    """More logins than anybody needs."""
    return Settings(login_limit=1_000)


@pytest.fixture
def beside(live: Live) -> Shell:
    """A data directory in which a collector runs."""
    return Shell(live.data_dir)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Shell]:
    """A data directory of its own, in which nothing may be left running."""
    data_dir = tmp_path / "var"
    yield Shell(data_dir)
    state = json.loads((data_dir / "mongod.json").read_text())
    assert state["pid"] is None
    assert not any(is_running(int(entry.name), Layout(data_dir).mark) for entry in Path("/proc").glob("[0-9]*"))
    shutil.rmtree(data_dir)  # 300 MB


@pytest.fixture
def given(live: Live, tmp_path: Path, database: Any) -> Shell:
    """A MongoDB by its address."""
    return Shell(tmp_path / "var", ("--mongodb-uri", live.uri, "--database", database.name))


@pytest.fixture
def user(beside: Shell) -> str:
    """A new user of the running collector."""
    name = f"user {next(_numbers)}"
    beside.run("user", "create", name)
    return name


def _row(rows: list[dict[str, Any]], **having: Any) -> dict[str, Any]:
    found = [row for row in rows if having.items() <= row.items()]
    assert len(found) == 1, (having, rows)
    return found[0]


@pytest.mark.parametrize("place", ["beside", "alone", "given"])
def test_every_command_works(place: str, request: pytest.FixtureRequest) -> None:
    shell: Shell = request.getfixturevalue(place)
    name = f"Ann {place}"

    made = shell.run("user", "create", name)
    assert set(made) == {"id", "name", "permissions", "password"}
    assert _row(shell.run("user", "list"), name=name) == {"id": made["id"], "name": name, "permissions": ALL}

    listed = shell.run("list", "create", "Customers", "--user", name, "--retention", "30")
    rest = {"user": name, "retention_days": 30}
    assert listed == {"id": listed["id"], "name": "Customers", **rest, "time_zone": "UTC"}
    changed = shell.run("list", "update", str(listed["id"]), "--time-zone", "Asia/Kathmandu")
    assert changed == {**listed, "time_zone": "Asia/Kathmandu"}
    assert _row(shell.run("list", "list"), id=listed["id"]) == changed

    public = shell.run("key", "create", "--user", name, "--public", "--list", str(listed["id"]), "--origin", SHOP)
    assert set(public) == {"key", "prefix"}
    assert public["key"].startswith("pk_")
    assert public["key"].startswith(public["prefix"])
    secret = shell.run("key", "create", "--user", name, "--secret")
    assert secret["key"].startswith("sk_")

    assert shell.run("key", "revoke", secret["prefix"]) == {"prefix": secret["prefix"], "revoked": True}
    rows = shell.run("key", "list")
    assert [_row(rows, prefix=key["prefix"])["revoked"] for key in (public, secret)] == [False, True]
    assert secret["key"] not in json.dumps(rows)

    assert set(shell.run("catalog", "rebuild")) == {"entries"}


@pytest.mark.parametrize("place", ["beside", "alone", "given"])
def test_a_second_bootstrap_prints_the_same_and_keeps_it_for_its_owner_alone(
    place: str, request: pytest.FixtureRequest
) -> None:
    shell: Shell = request.getfixturevalue(place)
    first = shell.run("bootstrap")
    assert list(first) == ["user", "password", "list_id", "secret_key", "public_key"]
    assert shell.run("bootstrap") == first
    file = shell.data_dir / "demo.json"
    assert json.loads(file.read_text()) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = shell.text("bootstrap")
    assert [value for value in first.values() if str(value) not in shown] == []


def test_what_bootstrap_prints_can_be_used(beside: Shell, live: Live) -> None:
    demo = beside.run("bootstrap")
    assert demo == live.demo
    assert track(live.url, demo["secret_key"], ListID=demo["list_id"]) == 200
    assert track(live.url, demo["public_key"]) == 200
    origins = _row(beside.run("key", "list"), prefix=demo["public_key"][:11])["origins"]
    assert origins == ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]


def test_a_demo_whose_key_was_revoked_is_made_anew(given: Shell) -> None:
    first = given.run("bootstrap")
    given.run("key", "revoke", first["public_key"][:11])
    second = given.run("bootstrap")
    assert second["list_id"] == first["list_id"]
    assert second["public_key"] != first["public_key"]
    assert given.run("bootstrap") == second


@pytest.mark.parametrize("text", ["", "{", "[]", '{"user": "demo"}'])
def test_a_damaged_demo_file_is_one_line(given: Shell, text: str) -> None:
    given.data_dir.mkdir()
    (given.data_dir / "demo.json").write_text(text)
    assert "demo.json is damaged" in given.fails("bootstrap")


def test_a_demo_that_cannot_be_kept_is_one_line(given: Shell) -> None:
    given.data_dir.write_text("a file where the directory should be")
    assert "demo.json cannot be" in given.fails("bootstrap")


def test_commands_at_one_time_wait_for_their_turn(alone: Shell) -> None:
    command = [sys.executable, "-m", "collector", "user", "create", "--data-dir", str(alone.data_dir)]
    started = [subprocess.Popen([*command, name], env=environment(), stdout=subprocess.DEVNULL) for name in "abc"]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert sorted(row["name"] for row in alone.run("user", "list")) == ["a", "b", "c"]


def test_a_command_finds_the_mongodb_of_a_collector_that_is_just_starting(alone: Shell) -> None:
    serve = [sys.executable, "-m", "collector", "serve", "--port", "0", "--data-dir", str(alone.data_dir)]
    collector = subprocess.Popen(
        serve, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    try:
        eventually(lambda: (holder := holder_of(alone.data_dir)) and holder.role == "serve")
        assert alone.run("user", "list") == []
    finally:
        stop(collector)


async def _login(site: Site, name: str, password: str) -> int:
    return (await site.call("/api/v1/user.login", {"Username": name, "Password": password})).status


@pytest.mark.gen_test(timeout=60)
async def test_a_password_that_was_made_opens_a_session(site: Site, given: Shell) -> None:
    shell = replace(given, apart=True)
    made = shell.run("user", "create", "with a password that was made")
    assert await _login(site, made["name"], made["password"]) == 200
    demo = shell.run("bootstrap")
    assert await _login(site, demo["user"], demo["password"]) == 200


@pytest.mark.parametrize(
    "line",
    ["pass word ", "pässwörd\n", "p\r\n", "p\nnot this\n", "x" * 1000 + "\n"],
    ids=["with spaces", "beyond ASCII", "CRLF", "two lines", "1000 characters"],
)
@pytest.mark.gen_test(timeout=60)
async def test_a_password_by_standard_input_opens_a_session_and_is_not_printed(
    site: Site, given: Shell, line: str
) -> None:
    name = f"typist {next(_numbers)}"
    made = replace(given, apart=True).run("user", "create", name, "--password-stdin", stdin=line)
    assert set(made) == {"id", "name", "permissions"}
    password = line.split("\n", maxsplit=1)[0].rstrip("\r")
    assert await _login(site, name, password) == 200
    assert await _login(site, name, password + "x") == 401


@pytest.mark.parametrize("line", ["", "\n", "\r\n", "x" * 1001 + "\n"], ids=["nothing", "empty", "CRLF", "too long"])
def test_a_password_that_could_not_be_used_is_refused(given: Shell, line: str) -> None:
    assert given.fails("user", "create", "me", "--password-stdin", stdin=line) == "A password is 1 to 1000 characters"


def test_a_key_works_at_once_and_a_revoked_one_for_five_seconds_at_most(beside: Shell, live: Live, user: str) -> None:
    key = beside.run("key", "create", "--user", user, "--secret")
    assert track(live.url, key["key"]) == 200
    beside.run("key", "revoke", key["prefix"])
    began = time.monotonic()
    eventually(lambda: track(live.url, key["key"]) == 401 or time.monotonic() - began > 5)
    assert track(live.url, key["key"]) == 401
    assert f"There is no key '{key['prefix']}' that could be revoked" == beside.fails("key", "revoke", key["prefix"])


def test_a_whole_key_names_it_too_and_is_not_shown_again(beside: Shell, user: str) -> None:
    key = beside.run("key", "create", "--user", user, "--secret")
    assert beside.run("key", "revoke", key["key"]) == {"prefix": key["prefix"], "revoked": True}
    assert key["key"] not in beside.fails("key", "revoke", key["key"])


def test_the_last_use_of_a_key_is_shown(beside: Shell, live: Live, user: str) -> None:
    used, unused = (beside.run("key", "create", "--user", user, "--secret") for _ in range(2))
    assert track(live.url, used["key"]) == 200
    seen = eventually(lambda: _row(beside.run("key", "list"), prefix=used["prefix"])["last_used"])
    row = _row(beside.run("key", "list"), prefix=used["prefix"])
    assert row["created"] <= seen
    assert _row(beside.run("key", "list"), prefix=unused["prefix"])["last_used"] is None


@pytest.mark.parametrize(
    ("of_user", "of_key", "expected"),
    [
        (None, None, ALL),
        (None, "Events.Track", ["Events.Track"]),
        (None, "Subscribers.Get", ["Subscribers.Get"]),
        (None, "Subscribers.Get, Events.Track", ALL),
        ("Events.Track", None, ["Events.Track"]),
        ("Subscribers.Get", "Subscribers.Get", ["Subscribers.Get"]),
    ],
)
def test_a_key_may_what_it_was_given_or_else_what_its_user_may(
    beside: Shell, live: Live, of_user: str | None, of_key: str | None, expected: list[str]
) -> None:
    name = f"user {next(_numbers)}"
    made = beside.run("user", "create", name, *(["--permissions", of_user] if of_user else []))
    assert made["permissions"] == (of_user.split(",") if of_user else ALL)
    list_id = beside.run("list", "create", "L", "--user", name)["id"]
    key = beside.run("key", "create", "--user", name, "--secret", *(["--permissions", of_key] if of_key else []))
    assert _row(beside.run("key", "list"), prefix=key["prefix"])["permissions"] == expected
    read = {"APIKey": key["key"], "ListID": list_id}
    assert (track(live.url, key["key"]) == 200) == ("Events.Track" in expected)
    assert (post(live.url, "/api/v1/website_events.properties", read)[0] == 200) == ("Subscribers.Get" in expected)


def test_a_key_has_the_list_origins_and_limit_that_it_was_given(beside: Shell, live: Live, user: str) -> None:
    list_id = beside.run("list", "create", "L", "--user", user)["id"]
    options = ("--user", user, "--list", str(list_id), "--rate-limit", "7")
    secret = beside.run("key", "create", "--secret", *options)
    public = beside.run("key", "create", "--public", *options, "--origin", SHOP, "--origin", "https://*.example.org/")
    rows = beside.run("key", "list")
    expected = {"user": user, "list_id": list_id, "rate_limit": 7, "revoked": False}
    assert expected.items() <= _row(rows, prefix=secret["prefix"], kind="secret", origins=[]).items()
    expected["origins"] = [SHOP, "https://*.example.org"]
    assert expected.items() <= _row(rows, prefix=public["prefix"], kind="public", permissions=ALL[:1]).items()
    event = {"APIKey": secret["key"], "Event": "in the list of its key"}
    status, _, headers = post(live.url, "/api/v1/event", event)
    assert (status, headers["X-RateLimit-Limit"]) == (200, "7")
    assert live.db["events"].find_one({"event": event["Event"]})["list_id"] == list_id


def test_people_are_shown_tables_and_fields(given: Shell) -> None:
    nothing = replace(given, options=(*given.options, "--database", "test_nothing_yet"))
    assert nothing.text("key", "list") == "(none)\n"
    assert given.text("user", "create", "Ann").splitlines()[1] == "name         Ann"
    assert given.text("list", "create", "Customers", "--user", "Ann").splitlines()[-2:] == [
        "retention_days  -",
        "time_zone       UTC",
    ]
    assert given.text("list", "list").splitlines()[0].split() == ["id", "name", "user", "retention_days", "time_zone"]


def test_a_reader_that_has_gone_is_no_fault(given: Shell) -> None:
    command = [sys.executable, "-m", "collector", "user", "list", "--data-dir", str(given.data_dir), *given.options]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_command_explains_itself(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*parser.prog.split()[1:], "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: {parser.prog} ")
    assert "--data-dir" in shown
    assert "--mongodb-uri" in shown


@pytest.mark.parametrize("family", [[], ["user"], ["list"], ["key"], ["catalog"]], ids=str)
def test_so_does_every_family_of_commands(family: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*family, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(" ".join(["usage: footfall", *family]))


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"footfall {__version__}\n"
