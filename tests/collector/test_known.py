"""Keys, sessions and lists while MongoDB is away: what is known from before goes on, also after a start in the outage.

One outage of real processes serves the table: each takes seconds. A MongoDB stands still and goes on, is killed, and
comes back after the collector has been started again without it.
"""

from __future__ import annotations

import contextlib
import json
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.access.known import MOMENT
from collector.access.tokens import digest
from collector.embedded.state import is_free, load_state
from tests.support.children import standing_still
from tests.support.live import Live, eventually, free_port, running, start, stop
from tests.support.wire import Reply, ask, post

DATABASE = "known"
EVENT = "/api/v1/event"
EMAIL = "jane@example.com"

STARTED = "started away"
PHASES = ("before", "away", STARTED, "back")
TABLE = {
    "a known key": (200, 200, 200, 200),
    "a known public key": (200, 200, 200, 200),
    "a known session": (200, 200, 200, 200),
    "a test event with a known key": (200, 200, 200, 200),
    "a wrong address with a known key": (422, 422, 422, 422),
    "a list of a foreign number with a known key": (422, 503, 503, 422),
    "a session that has ended": (200, 401, 401, 401),
    "a session that was logged out": (401, 503, 503, 401),
    "an unknown key": (401, 503, 503, 401),
    "an unknown session": (401, 503, 503, 401),
    "no key": (401, 401, 401, 401),
    "the properties of a known list": (200, 503, 503, 200),
    "a login": (200, 503, 503, 200),
    "a logout": (401, 503, 503, 401),
}
"""What is answered in each phase."""
LASTS = timedelta(seconds=10)
"""The session that is to end during the outage, from just before it."""
AT_ONCE = 1.0
"""Seconds: who waits for MongoDB waits for two at least."""
TRIES = 5
"""Of which the fastest counts, since this machine may be busy."""


@dataclass
class Scene:
    """A collector on the MongoDB of another, which can be killed with it, and what was seen."""

    host: Live
    url: str
    place: Path
    process: Any = None
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    file: str = ""
    mode: int = 0
    secrets: list[str] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    requests: dict[str, Callable[[str], Reply]] = field(default_factory=dict)
    ends: datetime = datetime.min

    @property
    def demo(self) -> dict[str, Any]:
        """The keys that the collector's own demo made."""
        found: dict[str, Any] = json.loads((self.place / "demo.json").read_text())
        return found

    @property
    def known(self) -> Path:
        """Where it keeps what it knows."""
        return self.place / "slots" / "0" / "known.json"

    def start(self) -> None:
        """Starts the collector, or starts it again."""
        options = ("--demo", "--mongodb-uri", self.host.uri, "--database", DATABASE, "--log-json")
        self.process = start(self.place, int(self.url.rpartition(":")[2]), *options, log=self.place.with_suffix(".log"))

    def stop(self) -> int:
        """Stops it."""
        return stop(self.process)

    def track(self, name: str, phase: str, **given: Any) -> Reply:
        """An event whose EventID is told from those of other rows and phases."""
        event = {"ListID": self.demo["list_id"], "Event": "seen", "EventID": f"{name}, {phase}"}
        return post(self.url + EVENT, {**event, **given})

    def ask_all(self, phase: str) -> None:
        """Sends every request of the table, one after the other."""
        for name in self.requests:
            self.seconds[phase] = max(self.seconds.get(phase, 0), self.ask(name, phase))

    def ask(self, name: str, phase: str) -> float:
        """Sends a request of the table; the seconds that it took, where it was slow of the fastest of some tries."""
        found: list[float] = []
        while len(found) < TRIES and min(found, default=AT_ONCE) >= AT_ONCE:
            began = time.monotonic()
            reply = self.requests[name](phase)
            found.append(time.monotonic() - began)
            self.replies.setdefault((name, phase), reply)
        return min(found)

    def login(self) -> str:
        """A new session."""
        name = {"Username": self.demo["user"], "Password": self.demo["password"]}
        return str(post(f"{self.url}/api/v1/user.login", name).json["SessionID"])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The whole outage, as it was seen by clients."""
    place = tmp_path_factory.mktemp("known")
    with contextlib.ExitStack() as stack:
        again = stack.enter_context(contextlib.ExitStack())  # ends last: clients end well only while MongoDB runs
        host = stack.enter_context(running(place / "host"))
        found = Scene(host, f"http://127.0.0.1:{free_port()}", place / "own")
        found.start()
        stack.callback(found.stop)
        _before(found)
        _stands_still(found)
        _is_gone(found)
        _is_started_without(found)
        _is_back(found, again)
        yield found


def _before(found: Scene) -> None:
    """All that is to be known gets known, and a session ends."""
    session, ending, ended = found.login(), found.login(), found.login()
    found.requests = _requests(found, session, ending, ended)
    found.secrets = [session, ending, ended, found.demo["secret_key"], found.demo["public_key"]]
    assert found.track("once", "early", SessionID=ended).status == 200
    eventually(lambda: digest(ended) in found.known.read_text())
    assert post(f"{found.url}/api/v1/user.logout", {"SessionID": ended}).status == 200
    sessions, found.ends = found.host.db.client[DATABASE]["sessions"], datetime.now(UTC) + LASTS
    sessions.update_one({"_id": digest(ending)}, {"$set": {"expires": found.ends}})
    found.ask_all("before")
    kept = {digest(text) for text in found.secrets if text != ended}
    eventually(lambda: all(text in found.known.read_text() for text in kept))
    found.file, found.mode = found.known.read_text(), stat.S_IMODE(found.known.stat().st_mode)


def _requests(scene: Scene, session: str, ending: str, ended: str) -> dict[str, Callable[[str], Reply]]:
    key, url = scene.demo["secret_key"], scene.url
    login = {"Username": scene.demo["user"], "Password": scene.demo["password"]}
    listed = f"{url}/api/v1/website_events.properties?ListID={scene.demo['list_id']}"
    origin = {"Origin": "http://localhost:8080"}
    public = {"APIKey": scene.demo["public_key"], "Event": "seen"}
    return {
        "a known key": lambda phase: scene.track("key", phase, APIKey=key, Email=EMAIL),
        "a known public key": lambda phase: post(url + EVENT, {**public, "EventID": f"public, {phase}"}, **origin),
        "a known session": lambda phase: scene.track("session", phase, SessionID=session, ID="u1"),
        "a test event with a known key": lambda phase: scene.track("t", phase, APIKey=key, Properties={"isTest": True}),
        "a wrong address with a known key": lambda phase: scene.track("w", phase, APIKey=key, Email="nobody"),
        "a list of a foreign number with a known key": lambda phase: scene.track("l", phase, APIKey=key, ListID=999),
        "a session that has ended": lambda phase: scene.track("ending", phase, SessionID=ending),
        "a session that was logged out": lambda phase: scene.track("ended", phase, SessionID=ended),
        "an unknown key": lambda phase: scene.track("unknown", phase, APIKey="sk_" + "x" * 32),
        "an unknown session": lambda phase: scene.track("unknown", phase, SessionID="se_" + "x" * 32),
        "no key": lambda phase: scene.track("none", phase),
        "the properties of a known list": lambda _: ask(listed, Authorization=f"Bearer {key}"),
        "a login": lambda _: post(f"{url}/api/v1/user.login", login),
        "a logout": lambda _: post(f"{url}/api/v1/user.logout", {"SessionID": "se_" + "x" * 32}),
    }


def _stands_still(found: Scene) -> None:
    """MongoDB answers nothing, and what it said of the key is too long ago to be believed without asking."""
    state = load_state(found.host.data_dir)
    assert state is not None
    assert state.pid is not None
    said = time.monotonic()
    eventually(lambda: time.monotonic() - said > MOMENT)
    with standing_still(state.pid):
        began = time.monotonic()
        found.replies["a known key", "hung"] = found.requests["a known key"]("hung")
        found.seconds["hung"] = time.monotonic() - began
        found.seconds["hung again"] = found.ask("a known key", "hung again")
        found.seconds["properties hung"] = found.ask("the properties of a known list", "hung")
    eventually(lambda: ask(f"{found.url}/readyz").json["status"] == "ready")


def _is_gone(found: Scene) -> None:
    """MongoDB is killed, with the collector that would start it again."""
    stop(found.host.process, signal.SIGKILL)
    state = load_state(found.host.data_dir)
    assert state is not None
    eventually(lambda: is_free(state.port))
    found.requests["a known key"]("notices")
    eventually(lambda: ask(f"{found.url}/readyz").json["status"] == "degraded")
    eventually(lambda: datetime.now(UTC) > found.ends)
    found.ask_all("away")


def _is_started_without(found: Scene) -> None:
    """The collector ends and starts while MongoDB is away."""
    assert found.stop() == 0
    greeting = len(found.place.with_suffix(".log").read_text())
    found.start()
    found.ask_all(STARTED)
    found.log = found.place.with_suffix(".log").read_text()[greeting:]


def _is_back(found: Scene, again: contextlib.ExitStack) -> None:
    again.callback(stop, start(found.host.data_dir, free_port()))
    eventually(lambda: ask(f"{found.url}/readyz").json["status"] == "ready")
    found.ask_all("back")
    events = found.host.db.client[DATABASE]["events"]
    acknowledged = {f"{name}, {phase}" for name in ("key", "public", "session") for phase in PHASES}
    eventually(lambda: acknowledged <= {row.get("event_id") for row in events.find()})
    found.stored = list(events.find({"automatic": None}))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", TABLE)
def test_what_is_known_goes_on_and_what_is_not_is_unavailable_and_no_fault_of_the_caller(
    scene: Scene, name: str, phase: str
) -> None:
    reply, status = scene.replies[name, phase], TABLE[name][PHASES.index(phase)]
    assert (reply.status, "Retry-After" in reply.headers) == (status, status == 503)


@pytest.mark.parametrize("phase", ["away", STARTED])
def test_while_mongodb_is_away_nobody_waits_for_it(scene: Scene, phase: str) -> None:
    assert scene.seconds[phase] < AT_ONCE


def test_who_meets_a_mongodb_that_hangs_is_answered_within_seconds_and_those_that_follow_at_once(scene: Scene) -> None:
    assert [scene.replies["a known key", name].status for name in ("hung", "hung again")] == [200, 200]
    assert scene.replies["the properties of a known list", "hung"].status == 503
    assert scene.seconds["hung"] < 15  # it hangs for as long as somebody waits
    assert max(scene.seconds["hung again"], scene.seconds["properties hung"]) < AT_ONCE


@pytest.mark.parametrize("name", ["a known key", "a known session"])
def test_a_persons_uuid_is_the_same_with_mongodb_up_or_down_and_after_a_start_without_it(
    scene: Scene, name: str
) -> None:
    assert len({scene.replies[name, phase].json["uuid"] for phase in PHASES}) == 1
    assert scene.replies["a known key", "away"].json["uuid"] != scene.replies["a known session", "away"].json["uuid"]


def test_what_was_acknowledged_meanwhile_is_stored_once(scene: Scene) -> None:
    names = [*PHASES, "hung", "hung again", "notices"]
    expected = {f"key, {phase}" for phase in names}
    expected |= {f"{name}, {phase}" for name in ("public", "session") for phase in PHASES}
    counts = Counter(row["event_id"] for row in scene.stored)
    assert {name: counts[name] for name in expected} == dict.fromkeys(expected, 1)
    assert not any(name.startswith(("unknown", "none", "ended, ")) for name in counts)
    of_jane = {row["uuid"] for row in scene.stored if row.get("email") == EMAIL}
    assert of_jane == {scene.replies["a known key", "away"].json["uuid"]}


def test_what_is_known_is_kept_for_this_user_alone_and_holds_nothing_that_opens_anything(scene: Scene) -> None:
    assert scene.mode == 0o600
    password = scene.host.uri.partition("://")[2].partition("@")[0].rpartition(":")[2]
    hidden = [
        *scene.secrets,
        password,
        scene.demo["password"],
        EMAIL,
        scene.host.uri.partition("@")[2].partition("/")[0],
        '"demo"',
        '"Demo"',
    ]
    assert [text for text in hidden if text in scene.file] == []


def test_a_session_that_has_been_ended_is_forgotten(scene: Scene) -> None:
    kept = [text for text in scene.secrets if digest(text) in scene.file]
    assert kept == [text for number, text in enumerate(scene.secrets) if number != 2]


def test_a_start_without_mongodb_is_told_in_one_line(scene: Scene) -> None:
    messages = [json.loads(line)["message"] for line in scene.log.splitlines() if line.startswith("{")]
    told = [message for message in messages if "MongoDB" in message]
    assert told[0].startswith("MongoDB is away: it cannot be reached; this collector starts all the same")
    assert sum("starts all the same" in message for message in told) == 1
