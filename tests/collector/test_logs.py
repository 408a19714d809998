"""What a collector logs: a line a request at most, and nothing that a caller sent."""

from __future__ import annotations

import base64
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.live import Live, free_port, start, stop
from tests.support.site import ORIGIN, Site
from tests.support.wire import Reply, ask, logged, post

EMAIL, PASSWORD, CLIENT = "someone.private@mail.example", "correct-horse-battery", "192.0.2.77"
AGENT = "Very-Special-Browser/1.0"
LOGIN, EVENT = "/api/v1/user.login", "/api/v1/event"


@pytest.fixture
def log(live: Live, database: Any, site: Site, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The log of a collector on the site's database, which ``site.url`` is not the address of: ``url`` is."""
    file, port = tmp_path / "log", free_port()
    arguments = ["--mongodb-uri", live.uri, "--database", database.name, *getattr(request, "param", [])]
    process = start(tmp_path / "var", port, *arguments, "--trusted-proxies", "127.0.0.1", log=file)
    (tmp_path / "url").write_text(f"http://127.0.0.1:{port}")
    yield file
    database.command("collMod", "identities", validator={})  # as it was before break_the_store
    assert stop(process, signal.SIGTERM) == 0


def url_of(log: Path) -> str:
    """The address of the collector with this log."""
    return log.with_name("url").read_text()


def private(site: Site) -> list[str]:
    """What must not stand in a log, also in the forms in which it travels."""
    plain = [site.secret, site.public, site.password, PASSWORD, EMAIL, CLIENT, AGENT, "127.0.0.1"]
    return [*plain, *map(quote, plain), *[base64.b64encode(text.encode()).decode() for text in plain]]


def send_everything(url: str, site: Site) -> list[Reply]:
    """Keys, passwords and addresses in all the places in which they may come."""
    headers = {"X_Forwarded_For": CLIENT, "User_Agent": AGENT, "Referer": f"{ORIGIN}/?email={EMAIL}"}
    event = {"Event": EMAIL, "Email": EMAIL, "ID": EMAIL, "UUID": EMAIL, "Properties": {EMAIL: EMAIL}}
    login = {"Username": site.user, "Password": site.password}
    session = post(url + LOGIN, login, **headers).json["SessionID"]
    query = f"APIKey={site.secret}&Email={EMAIL}&Password={PASSWORD}"
    return [
        post(url + EVENT, {**event, "APIKey": site.secret}, **headers),
        post(url + EVENT, {**event, "APIKey": site.secret}, Origin=f"https://{EMAIL}", **headers),
        post(url + EVENT, {**event, "APIKey": site.public}, Origin=f"https://{EMAIL}", **headers),
        post(url + EVENT, {**event, "APIKey": site.secret + "x"}, **headers),
        post(url + EVENT, event, Authorization=f"Bearer {site.secret}", **headers),
        post(url + EVENT, event, Authorization=f"Basic {site.secret}", **headers),
        post(url + EVENT, {**event, "APIKey": site.secret, "Email": f"{EMAIL} {EMAIL}"}, **headers),
        post(url + EVENT, {**event, "APIKey": site.secret, "Command": EMAIL}, **headers),
        post(f"{url}{EVENT}?{query}&Event=", {}, **headers),
        post(f"{url}/api.php?{query}", {}, **headers),
        ask(f"{url}/api.php?Command=website_events.properties&ListID={EMAIL}&{query}", **headers),
        ask(url + EVENT, "POST", f"{{{EMAIL} {site.secret}", **headers),
        ask(url + EVENT, "POST", f"{EMAIL}", Content_Type=EMAIL, **headers),
        ask(url + EVENT, "POST", EMAIL, Content_Encoding="gzip", **headers),
        *[
            ask(f"{url}{path}/{part}?{query}", **headers)
            for path in ("", "/api/v1", "/static")
            for part in (EMAIL, site.secret)
        ],
        ask(f"{url}{EVENT}", "TRACE", **headers),
        ask(f"{url}{EVENT}", f"X{site.secret}", **headers),
        post(url + LOGIN, {**login, "Password": PASSWORD}, **headers),
        post(url + LOGIN, {"Username": EMAIL, "Password": PASSWORD}, **headers),
        ask(f"{url}{LOGIN}?Username={EMAIL}&Password={PASSWORD}", "POST", **headers),
        post(url + "/api/v1/user.logout", {"SessionID": session}, **headers),
        post(url + "/api/v1/user.logout", {"SessionID": session}, **headers),
        ask(f"{url}{EVENT}.gif?key={site.secret}&url=https://{EMAIL}", **headers),
        ask(f"{url}{EVENT}.gif?key={site.public}&{query}", **headers),
        ask(f"{url}/metrics?{query}", Authorization=f"Bearer {site.secret}", **headers),
    ]


def send_garbage(url: str, site: Site) -> None:
    """What is no HTTP at all, with a key in it; and a request that ends too early."""
    for garbage in (f"{site.secret} {EMAIL}\r\n\r\n", f"POST {EVENT} HTTP/1.1\r\n{EMAIL}\r\nContent-Length: x\r\n\r\n"):
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
            connection.sendall(garbage.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1000):
                pass


JSON = pytest.mark.parametrize("log", [["--log-json"]], indirect=True, ids=["json"])


@pytest.mark.parametrize("log", [["--log-json"], []], indirect=True, ids=["json", "text"])
def test_no_key_password_or_address_is_logged(log: Path, site: Site, database: Any) -> None:
    greeting = logged(log, url_of(log))
    replies = send_everything(url_of(log), site)
    send_garbage(url_of(log), site)
    faults = [post(url_of(log) + EVENT, given) for given in break_the_store(site, database)]
    written = logged(log, url_of(log)).removeprefix(greeting)
    assert [text for text in private(site) if text in written] == []
    assert {reply.status for reply in replies} >= {200, 400, 401, 403, 404, 405, 415, 422}
    assert {reply.status for reply in faults} == {500}
    assert "POST /api/v1/event 401" in written


def break_the_store(site: Site, database: Any) -> list[dict[str, Any]]:
    """Has MongoDB refuse what the collector writes, in errors that quote it; events that meet them."""
    database.command("collMod", "identities", validator={"never": {"$exists": True}})
    database["lists"].update_one({"_id": site.list_id}, {"$set": {"retention_days": EMAIL}})
    return [
        {"APIKey": site.secret, "Event": "e", "Email": f"new.{EMAIL}"},
        {"APIKey": site.secret, "Event": "e", "ListID": site.list_id, "Email": EMAIL},
    ]


@JSON
def test_a_log_in_json_has_an_object_a_line_and_a_line_a_request_at_most(log: Path, site: Site, database: Any) -> None:
    began = len(logged(log, url_of(log)).splitlines())
    replies = send_everything(url_of(log), site)
    replies += [post(url_of(log) + EVENT, given) for given in break_the_store(site, database)]
    lines = logged(log, url_of(log)).splitlines()[began:]
    records = [json.loads(line) for line in lines]
    assert len(records) == len([reply for reply in replies if reply.status >= 400])
    assert {frozenset(record) - {"exception"} for record in records} == {
        frozenset({"time", "level", "logger", "message"})
    }
    assert len([record for record in records if "exception" in record]) == 2


@JSON
def test_a_good_request_is_worth_no_line(log: Path, site: Site) -> None:
    began = logged(log, url_of(log))
    url = url_of(log)
    replies = [
        post(url + EVENT, {"APIKey": site.secret, "Event": "e"}),
        ask(url + "/healthz"),
        ask(url + "/static/demo.js"),
    ]
    assert {reply.status for reply in replies} == {200}
    assert logged(log, url_of(log)) == began


@JSON
def test_a_fault_of_ours_is_logged_with_its_kind_and_places(log: Path, site: Site, database: Any) -> None:
    given = break_the_store(site, database)[1]
    assert post(url_of(log) + EVENT, given).json == {"Errors": [{"Code": 500, "Message": "Internal error"}]}
    record = json.loads(logged(log, url_of(log)).splitlines()[-1])
    assert (record["level"], record["message"]) == ("error", "event.track failed")
    assert record["exception"].endswith("TypeError")
    assert "admission.py" in record["exception"]
