"""What becomes of events that are tracked in passing: batches, faults, bad values, the end of a process."""

from __future__ import annotations

import asyncio
import io
import logging
import math
import socket
import subprocess
import sys
import threading
import time
from collections import UserDict
from contextlib import closing
from dataclasses import InitVar, dataclass, field
from datetime import date, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import footfall
import pytest
from footfall.testing import RecordingClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk.conftest import ENCODERS, LIMITS, UNHURRIED, choose
from tests.sdk.stub import TAKEN, VISITOR, Reply, Stub, results
from tests.sdk.waiting import Live, eventually

REFUSED = {"status": "error", "Errors": [{"Code": 7, "Message": "Invalid email parameter"}]}
LATER = {"status": "error", "Errors": [{"Code": 503, "Message": "Temporarily unavailable"}]}
TOGETHER = footfall.Limits(interval=60)
"""What is tracked leaves when it is flushed, however slowly it was tracked."""


def names(stub: Stub) -> list[list[str]]:
    """The names of the events of each batch that came."""
    return [[event["Event"] for event in body["Events"]] for body in stub.bodies]


def in_order(stub: Stub, first: int = 0) -> list[str]:
    """The names of all events from the batch *first* on."""
    return [name for batch in names(stub)[first:] for name in batch]


def sent(stub: Stub, client: footfall.Client, value: Any) -> Any:
    """*value* as it arrives."""
    client.track("page_view", {"value": value})
    assert client.flush()
    return stub.bodies[-1]["Events"][0]["Properties"]["value"]


def test_events_arrive_in_the_collector_once_with_their_time_and_the_id_that_track_returned(live: Live) -> None:
    event, before = f"batched_{uuid4().hex}", time.time() - 1
    with footfall.Client(live.url, live.demo["secret_key"]) as client:
        ids = [client.track(event, {"n": n}, list_id=live.demo["list_id"]) for n in range(1200)]
        assert client.flush()
        stats = client.stats()

    stored = list(live.db.events.find({"event": event}))
    assert sorted(found["event_id"] for found in stored) == sorted(ids)
    assert {found["event_id"]: found["properties"]["n"] for found in stored} == dict(zip(ids, range(1200)))
    assert (stats.sent, stats.queued, stats.dropped) == (1200, 0, {})
    assert all(before < found["timestamp"] / 1000 < time.time() + 1 for found in stored)


def test_a_test_event_is_not_stored_and_its_neighbours_are(live: Live) -> None:
    event = f"mixed_{uuid4().hex}"
    with footfall.Client(live.url, live.demo["secret_key"]) as client:
        client.track(event, {"real": 1}, list_id=live.demo["list_id"])
        with client.test_mode():
            client.track(event, {"real": 0}, list_id=live.demo["list_id"])
        client.track(event, {"real": 0}, list_id=live.demo["list_id"], is_test=True)
        client.track(event, {"real": 0}, email="nobody", list_id=live.demo["list_id"])
        assert client.flush()
        assert client.stats().dropped == {"refused": 1}

    assert [found["properties"] for found in live.db.events.find({"event": event})] == [{"real": 1}]


# Values


class Colour(Enum):
    RED = "red"


@dataclass
class Item:
    price: Decimal


@dataclass
class Holder:
    held: Any
    _hidden: int = 0


class Cart:
    """Like a pydantic model."""

    def model_dump(self) -> dict[str, Any]:
        return {"items": 2}


class OldCart:
    """Like a model of pydantic 1."""

    __fields_set__ = frozenset({"items"})

    def dict(self) -> dict[str, Any]:
        return {"items": 2}


class Numbers:
    """Like numpy's arrays and numbers."""

    def __init__(self, of: Any) -> None:
        self._of = of

    def tolist(self) -> Any:
        return self._of


@dataclass
class Order:
    price: int
    given_to_init_alone: InitVar[int]
    of_the_class: ClassVar[int] = 1
    not_there: int = field(init=False)


class Plan(Enum):
    BOTH = frozenset({"b", "a"})


class Odd:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class Liar(Odd):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError


class Named(str):
    """A text that has made something else of itself."""

    def __str__(self) -> str:
        raise RuntimeError

    encode = __str__  # type: ignore[assignment]


class Failing:
    def model_dump(self) -> dict[str, Any]:
        raise RuntimeError

    def __str__(self) -> str:
        return "failing"


def within_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (Colour.RED, "red"),
        ({Colour.RED}, ["red"]),
        ({2, 1}, [1, 2]),
        (b"bytes", "bytes"),
        (b"\xff", "/w=="),
        (Item(Decimal("1.5")), {"price": 1.5}),
        (Cart(), {"items": 2}),
        (OldCart(), {"items": 2}),
        (Numbers([1, Numbers(2)]), [1, 2]),
        ([Numbers(math.nan)], [None]),
        (memoryview(b"bytes"), "bytes"),
        (Order(1, 2), {"price": 1}),
        ([Plan.BOTH, math.nan], [["a", "b"], None]),
        ({Colour.RED: 1}, {"red": 1}),
        (date(2026, 1, 31), "2026-01-31"),
        (UUID(VISITOR), VISITOR),
        (math.nan, None),
        ([-math.inf, 1], [None, 1]),
        (2**63, 2.0**63),
        ("a\ud800", "a?"),
        ({1: "one"}, {"1": "one"}),
        ({(1, 2): "pair"}, {"(1, 2)": "pair"}),
        ({"a\0": 1}, {"a�": 1}),
        (Odd(), "Odd"),
        ({Odd(), 1}, ["Odd", 1]),
        ({Odd(): 1}, {"Odd": 1}),
        (Odd, str(Odd)),
        pytest.param(Liar(), "Liar", id="Liar"),
        ([Failing(), 1], ["failing", 1]),
        ([Named("a"), math.nan], ["a", None]),
    ],
)
@pytest.mark.usefixtures("encoder")
def test_a_value_of_any_type_becomes_json(stub: Stub, client: footfall.Client, value: Any, arrives: Any) -> None:
    arrived = sent(stub, client, value)  # pytest would look into one that raises at each look

    assert arrived == arrives


def test_a_value_within_itself_ends_at_the_deepest_level(stub: Stub, client: footfall.Client) -> None:
    value, levels = sent(stub, client, within_itself()), 1
    while value != "(too deep)":
        (value,), levels = value, levels + 1

    assert levels == 32


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(timezone.utc))
    | st.uuids()
    | st.sampled_from(Colour)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Holder, inner)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.none(), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=UNHURRIED)
@given(VALUES)
def test_both_encoders_write_the_same(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    pytest.importorskip("orjson")
    written = []
    for chosen in ENCODERS:
        choose(monkeypatch, chosen)
        recorder = RecordingClient()
        recorder.track("page_view", {"value": value})
        written.append(repr(recorder.events[0]["Properties"]))  # of which NaN would not be the same as itself
    assert written[0] == written[1]


@settings(max_examples=60, deadline=None, suppress_health_check=UNHURRIED)
@given(VALUES)
def test_no_value_costs_an_event_in_the_collector(live: Live, value: Any) -> None:
    with footfall.Client(live.url, live.demo["secret_key"], limits=LIMITS) as client:
        client.track("rehearsal", {"value": value}, list_id=live.demo["list_id"], is_test=True)
        assert client.flush()
        assert (client.stats().sent, client.stats().dropped) == (1, {})


@pytest.mark.parametrize(
    ("event", "options", "error"),
    [
        (None, {}, ValueError),
        (" ", {}, ValueError),
        ("a", {"properties": [1]}, TypeError),
        ("a", {"properties": {"a": object()}}, TypeError),
        ("a", {"properties": {"a": math.nan}}, ValueError),
        ("a", {"properties": {"a": "x" * 80_000}}, ValueError),
    ],
)
def test_a_mistake_raises_in_debug_alone(stub: Stub, event: Any, options: Any, error: type[Exception]) -> None:
    with footfall.Client(stub.url, "sk_key", debug=True) as strict, pytest.raises(error):
        strict.track(event, **options)
    with footfall.Client(stub.url, "sk_key") as client:
        assert client.track(event, **options)


def test_properties_whose_own_methods_fail_raise_nothing_and_cost_no_page(stub: Stub, client: footfall.Client) -> None:
    class Failing(UserDict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise RuntimeError

        def __bool__(self) -> bool:
            raise RuntimeError

    client.page("https://x/", properties=Failing(a=1))
    client.conversion(1, "order", 2, Failing(a=1))
    client.identify("ada@example.com", Failing(a=1))
    assert client.flush()

    assert in_order(stub) == ["page_view", "conversion"]
    assert client.stats().dropped == {"invalid": 1}


def test_a_snapshot_is_taken_when_track_is_called(stub: Stub, client: footfall.Client) -> None:
    tags, properties = ["a"], {"n": 1}
    client.track("page_view", {**properties, "tags": tags})
    tags.append("b")
    assert client.flush()

    assert stub.bodies[0]["Events"][0]["Properties"] == {"n": 1, "tags": ["a"]}


# Batches and faults


def test_a_batch_is_compressed_and_says_when_it_left(stub: Stub) -> None:
    before = time.time_ns() // 1_000_000
    with footfall.Client(stub.url, "sk_key", limits=TOGETHER) as client:
        for number in range(50):
            client.track(f"event {number}")
        assert client.flush()

    assert in_order(stub) == [f"event {number}" for number in range(50)]
    assert stub.paths[0] == "/api/v1/events"
    assert any(headers.get("Content-Encoding") == "gzip" for headers in stub.headers)
    assert all(before <= body["SentAt"] <= time.time_ns() // 1_000_000 for body in stub.bodies)
    assert len(set(stub.connections)) == 1


@pytest.mark.parametrize(("key", "events", "size"), [("pk_key", 100, 256 << 10), ("sk_key", 2000, 5 << 20)])
def test_a_batch_is_never_larger_than_the_collector_takes_from_its_key(
    stub: Stub, key: str, events: int, size: int
) -> None:
    limits = footfall.Limits(batch_events=9000, batch_bytes=1 << 30, interval=60)
    with footfall.Client(stub.url, key, limits=limits) as client:
        for _ in range(events + 50):
            client.track("small")
        assert client.flush()
        small = [len(batch) for batch in names(stub)]
        for _ in range(size // 60_000 + 2):
            client.track("large", {"text": "x" * 60_000})
        assert client.flush()

    assert max(small) == events
    assert size - 61_000 < max(stub.sizes) <= size
    assert len(in_order(stub)) == events + 50 + size // 60_000 + 2


@pytest.mark.parametrize(("key", "own"), [("pk_key", True), ("sk_key", False)])
def test_with_a_public_key_an_event_without_a_visitor_is_one_of_its_own_also_when_it_is_sent_again(
    stub: Stub, key: str, own: bool
) -> None:
    stub.replies = [Reply(500)]
    with footfall.Client(stub.url, key) as client:
        one = client.track("page_view")
        assert client.flush()
        client.track_now("page_view", event_id="two")
        client.track_now("page_view", uuid="given")

    sent = [event for body in stub.bodies for event in body.get("Events", [body])]
    assert [event["EventID"] for event in sent[:3]] == [one, one, "two"]
    assert [event.get("UUID") for event in sent] == ([one, one, "two", "given"] if own else [None, None, None, "given"])


def test_an_event_leaves_by_itself_when_it_is_old_enough(stub: Stub, client: footfall.Client) -> None:
    client.track("page_view")

    eventually(lambda: client.stats().sent == 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {}),
        Reply(502, b"<h1>Bad gateway</h1>"),
        Reply(503, LATER, retry_after="0"),
        Reply(429, {}, retry_after="0"),
        Reply(408, {}),
        Reply(425, {}),
        Reply(200, b"<h1>It works!</h1>"),
        Reply(200, results(TAKEN, TAKEN)),
        Reply(cut=5),
    ],
    ids=lambda reply: str(reply.status),
)
def test_after_a_fault_the_same_events_are_sent_again(stub: Stub, client: footfall.Client, reply: Reply) -> None:
    stub.replies = [reply]

    client.track("page_view")

    eventually(lambda: client.stats().sent == 1)
    assert len({event["EventID"] for body in stub.bodies for event in body["Events"]}) == 1
    assert client.stats().dropped == {}


def test_retry_after_is_a_minimum_that_a_flush_does_not_cut_short(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(429, {}, retry_after="1")]
    client.track("page_view")
    began = time.monotonic()

    assert client.flush()

    assert time.monotonic() - began > 0.9


def test_only_what_the_collector_asks_for_is_sent_again_and_a_flush_waits_for_no_more_than_its_pause(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    dropped: list[tuple[str, str]] = []
    with footfall.Client(stub.url, "sk_key", limits=TOGETHER, on_drop=lambda *lost: dropped.append(lost)) as client:
        stub.replies = [Reply(content=results(TAKEN, REFUSED, LATER))]
        ids = [client.track(name) for name in "abc"]
        assert client.flush()
        assert client.stats()[:3] == (0, 2, {"refused": 1})

    assert names(stub) == [["a", "b", "c"], ["c"]]
    assert dropped == [(ids[1], "refused")]
    told = "1 events dropped; in all: {'refused': 1}; refused: Invalid email parameter (7)"
    eventually(lambda: told in caplog.text)


@pytest.mark.parametrize(("status", "reason"), [(413, "too large"), (422, "refused"), (400, "refused")])
def test_a_batch_that_is_refused_whole_is_halved_until_the_event_is_found(
    stub: Stub, status: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    stub.replies = [Reply(status, {}), Reply(status, {})]
    with footfall.Client(stub.url, "sk_key", limits=TOGETHER) as client:
        for name in "abcd":
            client.track(name)
        assert client.flush()

        assert names(stub)[:2] == [["a", "b", "c", "d"], ["a", "b"]]
        assert sorted(in_order(stub, 2)) == ["a", "b", "c", "d"]
        assert client.stats().dropped == {}

        stub.replies = [Reply(status, {"Errors": [{"Code": 11, "Message": "Said by the server"}]})]
        client.track("alone")
        assert client.flush()
        assert client.stats().dropped == {reason: 1}
        told = f"1 events dropped; in all: {{'{reason}': 1}}; {reason}: Said by the server (11)"
        eventually(lambda: told in caplog.text)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_or_address_that_does_not_work_is_said_once_and_not_asked_again_soon(
    stub: Stub, client: footfall.Client, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    stub.replies = [Reply(status, {}) for _ in range(9)]
    client.track("page_view")
    eventually(lambda: client.stats().retries == 1)

    assert not client.flush(0.3)

    assert len(stub.bodies) == 1
    assert client.stats().queued == 1
    assert caplog.text.count(f"HTTP {status}") == 1


def test_a_collector_that_is_busy_for_a_minute_is_not_taken_for_one_that_refuses_the_key(
    stub: Stub, client: footfall.Client, caplog: pytest.LogCaptureFixture
) -> None:
    stub.replies = [Reply(429, {}, retry_after="60")]
    client.track("page_view")
    eventually(lambda: client.stats().retries == 1, 5)
    client.close(0)

    assert "does not take events" not in caplog.text


def test_what_keeps_failing_is_said_once_until_it_works_again(
    stub: Stub, client: footfall.Client, caplog: pytest.LogCaptureFixture
) -> None:
    for faults, said in ((2, 0), (4, 1), (3, 2)):
        stub.replies = [Reply(503, {}, retry_after="0") for _ in range(faults)]
        client.track("page_view")
        assert client.flush(30)

        assert caplog.text.count("Events wait, and are sent again: HTTP 503") == said


def test_no_lock_is_held_while_a_fault_is_logged_since_a_handler_may_track(
    stub: Stub, client: footfall.Client, tmp_path: Path
) -> None:
    """One that tracks holds its own lock meanwhile: were it waited for under the client's, both would wait for ever."""
    stub.replies = [Reply(401, {})]
    handler, unwritable = logging.StreamHandler(io.StringIO()), tmp_path / "file"
    unwritable.touch()
    logging.getLogger("footfall").addHandler(handler)
    with footfall.Client(stub.url, "sk_key", limits=TOGETHER, spool=unwritable) as spooling:

        def looks() -> None:
            eventually(lambda: client.stats().retries and spooling.stats().unspooled)

        threads = [threading.Thread(target=work, daemon=True) for work in (lambda: spooling.track("a"), looks)]
        with handler.lock:  # type: ignore[union-attr]
            client.track("page_view")
            for thread in threads:
                thread.start()
            threads[1].join(20)
            stuck = threads[1].is_alive()
        threads[0].join()
    logging.getLogger("footfall").removeHandler(handler)

    assert not stuck


def test_what_on_drop_tracks_and_loses_is_counted_and_not_told_again(stub: Stub) -> None:
    def tracks(_: str, reason: str) -> None:
        told.append(reason)
        client.track("lost", {"reason": reason})

    told: list[str] = []
    with footfall.Client(
        stub.url, "sk_key", limits=footfall.Limits(max_events=1, interval=60), on_drop=tracks
    ) as client:
        for _ in range(3):
            client.track("page_view")
        assert client.stats().dropped == {"queue full": 4}

    assert told == ["queue full"] * 2


def test_a_full_queue_drops_the_newest_counts_them_and_logs_one_at_once_and_the_rest_at_the_end(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: str) -> None:
        raise RuntimeError

    limits = footfall.Limits(max_events=3, interval=60)
    with footfall.Client(stub.url, "sk_key", limits=limits, on_drop=fails) as client:
        for name in "abcde":
            assert client.track(name)
        assert client.stats().dropped == {"queue full": 2}
        assert client.flush()
        assert caplog.text.count("events dropped") == 1

    assert names(stub) == [["a", "b", "c"]]
    assert caplog.text.count("events dropped") == 2
    assert "1 events dropped; in all: {'queue full': 2}" in caplog.text


def test_a_queue_is_bounded_in_bytes(stub: Stub) -> None:
    with footfall.Client(stub.url, "sk_key", limits=footfall.Limits(max_bytes=5000, interval=60)) as client:
        for _ in range(3):
            client.track("page_view", {"text": "x" * 2000})
        assert client.stats()[:3] == (2, 0, {"queue full": 1})


# Settings


@pytest.mark.parametrize(
    ("limit", "least"),
    [
        ("max_events", 1),
        ("max_bytes", 1),
        ("batch_events", 1),
        ("batch_bytes", 1),
        ("interval", 0),
        ("exit_timeout", 0),
    ],
)
def test_limits_that_let_nothing_through_are_refused(limit: str, least: int) -> None:
    footfall.Client("http://x", "sk_key", limits=footfall.Limits(**{limit: least}))
    for wrong in (least - 1, math.nan):
        with pytest.raises(ValueError, match=limit):
            footfall.Client("http://x", "sk_key", limits=footfall.Limits(**{limit: wrong}))  # type: ignore[arg-type]
    if least == 0:
        with pytest.raises(ValueError, match=limit):
            footfall.Client("http://x", "sk_key", limits=footfall.Limits(**{limit: math.inf}))  # type: ignore[arg-type]


def test_a_flush_may_have_all_the_time_there_is(stub: Stub, client: footfall.Client) -> None:
    client.track("page_view")

    assert client.flush(math.inf)
    assert client.close(math.inf)


def test_a_client_that_is_idle_has_no_thread_and_the_next_event_starts_another(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall._worker.IDLE_SECONDS", 0.01)
    with footfall.Client(stub.url, "sk_key", limits=footfall.Limits(interval=0)) as client:
        for name in "abc":
            client.track(name)
            eventually(lambda: client.stats().queued == 0)
            eventually(lambda: "footfall" not in [thread.name for thread in threading.enumerate()])

    assert names(stub) == [["a"], ["b"], ["c"]]


def test_the_functions_of_the_package_are_configured_by_the_environment(stub: Stub) -> None:
    code = "import footfall; footfall.page('http://x/', 'X'); footfall.identify('a@example.com', {'plan': 'pro'});\
            footfall.conversion(7, 'order', 0, id='me'); assert footfall.track_now('now').tracked is False"
    run(code, FOOTFALL_URL=stub.url, FOOTFALL_KEY="sk_key", FOOTFALL_TEST="1")

    events = [event for body in stub.bodies for event in body.get("Events", [body])]
    assert {event["Event"]: event["Properties"] for event in events} == {
        "page_view": {"$current_url": "http://x/", "$page_title": "X", "isTest": True},
        "identify": {"plan": "pro", "isTest": True},
        "conversion": {"conversion-id": 7, "conversion-name": "order", "conversion-value": 0, "isTest": True},
        "now": {"isTest": True},
    }


def test_a_disabled_process_sends_nothing_and_needs_no_address(stub: Stub) -> None:
    run("import footfall; footfall.track('a'); assert not footfall.track_now('b').tracked", FOOTFALL_DISABLED="1")
    code = f"import footfall; c = footfall.Client({stub.url!r}, 'k'); c.track('a'); c.track_now('b'); assert c.flush()"
    run(code, FOOTFALL_DISABLED="1")

    assert stub.bodies == []


def test_an_app_without_settings_runs_and_is_told(stub: Stub) -> None:
    ended = run("import footfall; footfall.track('a'); footfall.track('b')")

    assert ended.stderr.count("FOOTFALL_URL") == 1


def test_importing_the_package_takes_no_heavy_modules_and_starts_nothing() -> None:
    code = "import sys, threading, footfall; print(threading.active_count(), *sys.modules)"
    threads, *modules = run(code).stdout.split()

    assert threads == "1"
    heavy = (
        "asyncio dataclasses decimal email hashlib http http.client inspect multiprocessing socket ssl urllib.request"
    )
    assert set(heavy.split()).isdisjoint(modules)
    assert not [
        name
        for name in modules
        if name.startswith("footfall.") and not name.startswith(("footfall._", "footfall.errors"))
    ]


def test_a_verdict_can_be_awaited(stub: Stub, client: footfall.Client) -> None:
    assert asyncio.run(client.atrack_now("page_view", is_test=True)).tracked is False
    assert stub.bodies[0]["Event"] == "page_view"


# The life of a process

START = (
    "import footfall, os, sys, multiprocessing\n"
    "client = footfall.Client(sys.argv[1], 'sk_key', limits=footfall.Limits(exit_timeout=20))\n"
)
BURST = START + "for n in range(1000): client.track(str(n))"
FORK = START + "client.track('parent')\nif not os.fork():\n    client.track('child'); sys.exit()\nos.wait()"
CHILD = (
    START
    + "def work():\n    client.track('child')\nif __name__ == '__main__':\n    client.track('parent')\n\
    context = multiprocessing.get_context(sys.argv[2])\n    child = context.Process(target=work)\n\
    child.start(); child.join(); assert child.exitcode == 0"
)
TERMINATED = (
    START + "import signal\nfootfall.flush_on_sigterm()\nclient.track('last')\nos.kill(os.getpid(), signal.SIGTERM)"
)


def run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own that runs *code* to its end."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True, env=variables)


def arrived(stub: Stub) -> list[str]:
    return sorted(in_order(stub))


def test_what_was_tracked_before_the_end_of_a_script_arrives(stub: Stub) -> None:
    run(BURST, stub.url)

    assert arrived(stub) == sorted(map(str, range(1000)))


@pytest.mark.parametrize("silent", [True, False])
def test_a_dead_server_does_not_hold_up_the_end(silent: bool) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        if not silent:
            listener.close()
            url = "http://127.0.0.1:1"
        else:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        ended = run(BURST.replace("limits=footfall.Limits(exit_timeout=20)", "timeout=300"), url)

        assert time.monotonic() - began < 50
        # An app that has configured no logging is told as well. What the silent one was sent it may have.
        assert f"in all: {{'closed': {500 if silent else 1000}}}" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_forked_child_sends_what_it_tracked_and_its_parent_the_rest(stub: Stub) -> None:
    run(FORK, stub.url)

    assert arrived(stub) == ["child", "parent"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_sends_what_it_tracked(stub: Stub, method: str, tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHILD)
    subprocess.run([sys.executable, str(script), stub.url, method], check=True, timeout=60)

    assert arrived(stub) == ["child", "parent"]


def test_sigterm_sends_first_where_it_was_asked_to(stub: Stub) -> None:
    ended = subprocess.run([sys.executable, "-c", TERMINATED, stub.url], check=False, timeout=60)

    assert (ended.returncode, arrived(stub)) == (-15, ["last"])
