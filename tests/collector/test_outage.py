"""A collector without a spool whose MongoDB stops answering, and then is gone: what it says meanwhile, and that it
comes back.

One outage serves all tests: each takes seconds. The MongoDB is that of another collector, which can be killed with it.
"""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from collector.embedded.state import State, is_free, load_state
from tests.support.children import standing_still
from tests.support.live import Live, eventually, free_port, running, start, stop
from tests.support.wire import Reply, ask, ask_meanwhile, logged, post, post_meanwhile

EVENT, LOGIN = "/api/v1/event", "/api/v1/user.login"
UNAVAILABLE = {"Errors": [{"Code": 503, "Message": "Temporarily unavailable"}]}
UNKNOWN_KEY = "sk_" + "x" * 32


@dataclass
class Seen:
    """What was answered, by a name, and how long a question took; and the log."""

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    attempt: str = ""
    log: list[dict[str, Any]] = field(default_factory=list)

    def note(self, name: str, *sent: Future[Reply]) -> None:
        """Waits for replies."""
        began = time.monotonic()
        self.replies[name] = [one.result() for one in sent]
        self.seconds[name] = time.monotonic() - began

    def statuses(self, name: str) -> list[int]:
        """The statuses of what was noted under a name."""
        return [reply.status for reply in self.replies[name]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Both outages, one after the other, as they were seen by clients."""
    place = tmp_path_factory.mktemp("outage")
    port, log = free_port(), place / "log"
    with contextlib.ExitStack() as stack:
        again = stack.enter_context(contextlib.ExitStack())  # ends last: clients end well only while MongoDB runs
        host = stack.enter_context(running(place / "host"))
        options = ("--spool-mb", "0", "--queue-events", "2", "--log-json")
        process = start(place / "own", port, "--mongodb-uri", host.uri, *options, log=log)
        stack.callback(stop, process)
        found, url = Seen(), f"http://127.0.0.1:{port}"
        _stands_still(found, url, host)
        greeting = len(logged(log, url).splitlines())
        _is_gone(found, url, host)
        _is_back(found, url, host, again)
        found.log = [json.loads(line) for line in logged(log, url).splitlines()[greeting:]]
        yield found


def _event(host: Live, uuid: str) -> dict[str, Any]:
    return {"APIKey": host.demo["secret_key"], "Event": "outage", "UUID": uuid}


def _mongod(host: Live) -> State:
    state = load_state(host.data_dir)
    assert state is not None
    return state


def _stands_still(found: Seen, url: str, host: Live) -> None:
    """MongoDB takes nothing for a moment, and events fill the queue. Again, should this machine be too slow: what is
    remembered of a key and a list is forgotten after 4 s."""
    for attempt in range(20):
        if _fills(found, url, host, f"attempt {attempt}"):
            break
    found.stored = [row["uuid"] for row in host.db["events"].find({"event": "outage"})]


def _fills(found: Seen, url: str, host: Live, name: str) -> bool:
    """Whether the writer was seen to be full."""
    mongod, full = _mongod(host).pid, False
    assert mongod is not None
    found.attempt = name
    found.note("before", post_meanwhile(url + EVENT, _event(host, f"{name}, before")))
    with standing_still(mongod):
        waiting = [post_meanwhile(url + EVENT, _event(host, f"{name}, waiting {number}")) for number in range(8)]
        end = time.monotonic() + 1.5
        while not full and time.monotonic() < end:
            full = "too many" in ask(url + "/readyz").json.get("reason", "")
        found.note("one too many", post_meanwhile(url + EVENT, _event(host, f"{name}, one too many")))
        found.note("full", ask_meanwhile(url + "/readyz"))
        found.note("full, health", ask_meanwhile(url + "/healthz"), ask_meanwhile(url + "/metrics"))
    found.note("waiting", *waiting)
    return full


def _is_gone(found: Seen, url: str, host: Live) -> None:
    """MongoDB is killed, with the collector that would start it again."""
    post(url + EVENT, _event(host, "remembers the key"))
    stop(host.process, signal.SIGKILL)
    eventually(lambda: is_free(_mongod(host).port))
    known = post_meanwhile(url + EVENT, _event(host, "gone"))
    time_out = {"APIKey": UNKNOWN_KEY, "Event": "e"}
    sent = {
        "known key": [known],
        "unknown key": [post_meanwhile(url + EVENT, time_out)],
        "unknown session": [post_meanwhile(url + EVENT, {"SessionID": "se_" + "x" * 32, "Event": "e"})],
        "login": [post_meanwhile(url + LOGIN, {"Username": "demo", "Password": host.demo["password"]})],
        "logout": [post_meanwhile(url + "/api/v1/user.logout", {"SessionID": "se_" + "x" * 32})],
        "no key": [post_meanwhile(url + EVENT, {"Event": "e"})],
        "no key at all": [post_meanwhile(url + EVENT, {"Event": "e", "APIKey": 5})],
        "health": [ask_meanwhile(url + "/healthz"), ask_meanwhile(url + "/metrics")],
    }
    for name, futures in sent.items():
        found.note(name, *futures)
    eventually(lambda: ask(url + "/readyz").status == 503)
    found.note("not ready", *[ask_meanwhile(url + "/readyz") for _ in range(10)])


def _is_back(found: Seen, url: str, host: Live, again: contextlib.ExitStack) -> None:
    again.callback(stop, start(host.data_dir, free_port()))
    eventually(lambda: ask(url + "/readyz").status == 200)
    found.note("back", post_meanwhile(url + EVENT, _event(host, "back")))
    found.note("unknown again", post_meanwhile(url + EVENT, {"APIKey": UNKNOWN_KEY, "Event": "e"}))


def test_a_full_writer_says_so_to_the_event_that_finds_it_full(seen: Seen) -> None:
    [reply] = seen.replies["one too many"]
    assert (reply.status, reply.json, reply.headers["Retry-After"]) == (503, UNAVAILABLE, "1")
    assert seen.seconds["one too many"] < 4  # those that wait do so for 5
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["X-RateLimit-Limit"] == "5000"


def test_a_full_writer_is_not_ready(seen: Seen) -> None:
    [reply] = seen.replies["full"]
    assert reply.status == 503
    assert reply.json == {"status": "unavailable", "reason": "too many events wait to be stored"}


def test_events_that_wait_are_stored_when_mongodb_goes_on_and_the_one_that_was_refused_is_not(seen: Seen) -> None:
    told = seen.statuses("waiting")
    assert (seen.statuses("before"), set(told) <= {200, 503}, told.count(200) >= 3) == ([200], True, True)
    acknowledged = {f"{seen.attempt}, waiting {number}" for number, status in enumerate(told) if status == 200}
    mine = [uuid for uuid in seen.stored if uuid.startswith(f"{seen.attempt},")]
    assert sorted(mine) == sorted([f"{seen.attempt}, before", *acknowledged])


@pytest.mark.parametrize("name", ["full, health", "health"])
def test_health_and_metrics_depend_on_no_mongodb(seen: Seen, name: str) -> None:
    assert seen.statuses(name) == [200, 200]
    assert seen.seconds[name] < 4


@pytest.mark.parametrize("name", ["known key", "unknown key", "unknown session", "login", "logout"])
def test_what_cannot_be_known_or_stored_without_mongodb_is_unavailable_and_no_fault_of_the_caller(
    seen: Seen, name: str
) -> None:
    [reply] = seen.replies[name]
    assert (reply.status, reply.json) == (503, UNAVAILABLE)
    assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("name", ["no key", "no key at all"])
def test_what_can_be_no_key_is_refused_all_the_same(seen: Seen, name: str) -> None:
    [reply] = seen.replies[name]
    assert (reply.status, reply.json["Errors"][0]["Code"]) == (401, 99998)


def test_without_mongodb_a_collector_is_not_ready_and_however_many_ask_hear_it_soon(seen: Seen) -> None:
    bodies = [reply.json for reply in seen.replies["not ready"]]
    assert bodies == [{"status": "unavailable", "reason": "neither MongoDB nor the spool takes writes"}] * 10
    assert seen.seconds["not ready"] < 15  # one after the other they would wait for 20


def test_when_mongodb_is_back_all_goes_on(seen: Seen) -> None:
    assert (seen.statuses("back"), seen.statuses("unknown again")) == ([200], [401])


def test_an_outage_is_told_once_and_each_request_has_its_line(seen: Seen) -> None:
    messages = [record["message"] for record in seen.log]
    lines = [message.rsplit(" ", 2)[0] for message in messages if message.startswith("POST")]
    assert sorted(lines) == sorted(
        [f"POST {EVENT} 401"] * 3 + [f"POST {EVENT} 503"] * 3 + [f"POST {LOGIN} 503", "POST /api/v1/user.logout 503"]
    )
    told = [record for record in seen.log if record["logger"] == "collector.gate"]
    assert [record["message"].partition(":")[0] for record in told] == ["MongoDB is away"]
