"""The Python SDK's rules: those about what is kept on a real collector, those about faults on a throw-away server."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID, uuid4

import footfall
import pytest

from tests.sdk.stub import TAKEN, VISITOR, Reply, Stub
from tests.sdk.waiting import Live

BUSY = {"Errors": [{"Code": 503, "Message": "Temporarily unavailable"}]}
ADA = "ada@example.com"


@pytest.fixture
def live_client(live: Live) -> Iterator[footfall.Client]:
    with footfall.Client(live.url, live.demo["secret_key"]) as client:
        yield client


def fresh(what: str) -> str:
    return f"{what}_{uuid4().hex}"


def properties_of(live: Live, event: str) -> Any:
    """The names of *event*'s properties as the API lists them in the demo's list; None where it lists no such event."""
    url = f"{live.url}/api/v1/website_events.properties?ListID={live.demo['list_id']}"
    request = Request(url, headers={"Authorization": f"Bearer {live.demo['secret_key']}"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)["Properties"].get(event)


# On the real collector


def test_three_lines_store_an_event_in_its_list_with_its_typed_properties(live: Live) -> None:
    event = fresh("order_placed")
    properties = {
        "total": 19.9,
        "items": 2,
        "gift": False,
        "tags": ["a", "b"],
        "note": None,
        "$current_url": "https://x/",
    }

    client = footfall.Client(live.url, live.demo["secret_key"])
    client.track_now(event, properties, email=f"{fresh('ada')}@example.com", list_id=live.demo["list_id"])
    client.close()

    stored = live.db.events.find_one({"event": event})
    assert stored["properties"] == properties
    assert {name: type(value) for name, value in stored["properties"].items()} == {
        name: type(value) for name, value in properties.items()
    }
    assert properties_of(live, event) == sorted(properties)


def test_a_verdict_tells_the_visitor_the_external_id_and_whether_an_identify_was_sent(
    live: Live, live_client: footfall.Client
) -> None:
    visitor = uuid4()
    address = f"{fresh('ada')}@example.com"

    def track() -> footfall.Verdict:
        return live_client.track_now("page_view", email=address, id=17, uuid=visitor, list_id=live.demo["list_id"])

    first, second = track(), track()

    assert first == footfall.Verdict("success", str(visitor), "17", identify_event_sent=True)
    assert second == footfall.Verdict("success", str(visitor), "17", identify_event_sent=False)


def test_a_test_event_is_not_tracked_and_leaves_nothing(live: Live, live_client: footfall.Client) -> None:
    event, address = fresh("rehearsal"), f"{fresh('ada')}@example.com"
    properties = {"total": 1}

    verdict = live_client.track_now(event, properties, email=address, list_id=live.demo["list_id"], is_test=True)

    assert (verdict.status, verdict.tracked, verdict.identify_event_sent) == ("success", False, False)
    assert properties == {"total": 1}
    assert live.db.events.find_one({"event": event}) is None
    assert properties_of(live, event) is None


def test_is_test_false_makes_a_real_event_of_one_whose_properties_say_otherwise(
    live: Live, live_client: footfall.Client
) -> None:
    event = fresh("real")

    verdict = live_client.track_now(event, {"isTest": True, "a": 1}, list_id=live.demo["list_id"], is_test=False)

    assert verdict.tracked
    assert live.db.events.find_one({"event": event})["properties"] == {"a": 1}


def test_the_same_event_id_twice_is_a_duplicate_and_stored_once(live: Live, live_client: footfall.Client) -> None:
    event, event_id = fresh("once"), fresh("event")

    first = live_client.track_now(event, list_id=live.demo["list_id"], event_id=event_id)
    second = live_client.track_now(event, list_id=live.demo["list_id"], event_id=event_id)

    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.tracked
    assert [stored["event_id"] for stored in live.db.events.find({"event": event})] == [event_id]


@pytest.mark.parametrize(
    ("event", "arguments", "codes"),
    [
        ("", {}, [5]),
        ("page_view", {"email": "nobody"}, [7]),
        ("", {"email": "nobody"}, [5, 7]),
        ("conversion", {"properties": {"conversion-name": "order"}}, [8, 10]),
        ("page_view", {"list_id": -1}, [4]),
        ("page_view", {"timestamp": "yesterday"}, [16]),
    ],
)
def test_a_refusal_of_the_api_is_an_api_error_with_all_its_codes(
    live_client: footfall.Client, event: str, arguments: dict[str, Any], codes: list[int]
) -> None:
    with pytest.raises(footfall.ApiError) as refusal:
        live_client.track_now(event, **arguments)

    assert refusal.value.status == 422
    assert [code for code, _ in refusal.value.errors] == codes


def test_a_wrong_key_is_an_api_error_that_does_not_tell_the_key(live: Live) -> None:
    with footfall.Client(live.url, "sk_wrong") as client, pytest.raises(footfall.ApiError) as refusal:
        client.track_now("page_view")

    assert refusal.value.status == 401
    assert refusal.value.errors == [(99998, "Authentication failure or session expired")]
    assert "sk_wrong" not in str(refusal.value)


# What is sent


def test_an_event_is_posted_as_json_with_the_key_in_its_header(stub: Stub) -> None:
    with footfall.Client(f"{stub.url}/tracker/", "sk_key") as client:
        client.track_now("Ünï ☃", {"a": "é"}, email=ADA, id="7", uuid=UUID(VISITOR), list_id=3, event_id="e1")

    assert stub.paths == ["/tracker/api/v1/event"]
    assert stub.headers[0]["Authorization"] == "Bearer sk_key"
    assert stub.headers[0]["Content-Type"] == "application/json"
    assert stub.bodies == [
        {
            "Event": "Ünï ☃",
            "EventID": "e1",
            "ListID": 3,
            "Email": ADA,
            "ID": "7",
            "UUID": VISITOR,
            "Properties": {"a": "é"},
        }
    ]


@pytest.mark.parametrize(
    ("timestamp", "sent"),
    [
        (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00+00:00"),  # a naive datetime is UTC
        (datetime(2026, 1, 31, 12, 30, tzinfo=timezone.utc), "2026-01-31T12:30:00+00:00"),
        (datetime(2026, 1, 31, 12, 30, 0, 5, timezone(timedelta(hours=-3))), "2026-01-31T12:30:00.000005-03:00"),
        (1769862600, 1769862600),
        (1769862600.25, 1769862600.25),
        ("2026-01-31T12:30:00Z", "2026-01-31T12:30:00Z"),
    ],
)
def test_a_timestamp_is_sent_as_iso_8601_or_as_an_epoch(
    stub: Stub, client: footfall.Client, timestamp: Any, sent: Any
) -> None:
    client.track_now("page_view", timestamp=timestamp)

    assert stub.bodies[0]["Timestamp"] == sent


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (0.1, 0.1),
        ("\x00 and 😀", "\x00 and 😀"),
        ({"$a.b": {"": [1, "2", None]}}, {"$a.b": {"": [1, "2", None]}}),
        ((1, 2), [1, 2]),
        (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00+00:00"),
        (date(2026, 1, 31), "2026-01-31"),
        (Decimal("19.90"), 19.9),
        (Decimal("20"), 20),
        (UUID(VISITOR), VISITOR),
    ],
)
def test_a_property_is_sent_as_what_it_is_or_as_what_json_has_for_it(
    stub: Stub, client: footfall.Client, value: Any, sent: Any
) -> None:
    client.track_now("page_view", {"value": value})

    received = stub.bodies[0]["Properties"]["value"]
    assert (received, type(received)) == (sent, type(sent))


def nested(levels: int) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for _ in range(levels - 1):
        properties = {"deeper": properties}
    return properties


def within_itself() -> dict[str, Any]:
    properties: dict[str, Any] = {}
    properties["deeper"] = [properties]
    return properties


@pytest.mark.parametrize(
    ("properties", "error", "name"),
    [
        ({"price": object()}, TypeError, "price"),
        ({"price": [{"amount": object()}]}, TypeError, "price"),
        ({"price": {1: 2}}, TypeError, "price"),
        ({1: "price"}, TypeError, "1"),
        (["price"], TypeError, "properties"),
        ({"price": math.nan}, ValueError, "price"),
        ({"price": -math.inf}, ValueError, "price"),
        ({"price": Decimal("NaN")}, ValueError, "price"),
        ({"price": Decimal("1E+999999999")}, ValueError, "price"),
        ({"price": 2**63}, ValueError, "price"),
        ({"price": -(2**63) - 1}, ValueError, "price"),
        ({"price": "\ud800"}, ValueError, "price"),
        ({"price\ud800": 1}, ValueError, "price"),
        (nested(33), ValueError, "deeper"),
        (within_itself(), ValueError, "deeper"),
    ],
)
def test_a_property_that_json_cannot_hold_is_named_and_nothing_is_sent(
    stub: Stub, client: footfall.Client, properties: Any, error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=re.escape(name)):
        client.track_now("page_view", properties)

    assert stub.bodies == []


def test_thirty_two_levels_of_properties_are_sent(stub: Stub, client: footfall.Client) -> None:
    client.track_now("page_view", nested(32))

    assert stub.bodies[0]["Properties"] == nested(32)


def test_a_parameter_that_json_cannot_hold_is_named(client: footfall.Client) -> None:
    with pytest.raises(ValueError, match="Timestamp"):
        client.track_now("page_view", timestamp=math.nan)


def test_the_objects_of_the_caller_stay_as_they_were(stub: Stub, client: footfall.Client) -> None:
    day, tags = date(2026, 1, 31), ("a", "b")
    cart = {"day": day, "tags": tags}
    properties = {"cart": cart, "isTest": False}

    client.track_now("page_view", properties, is_test=True)

    assert stub.bodies[0]["Properties"]["isTest"] is True
    assert properties == {"cart": cart, "isTest": False}
    assert properties["cart"] is cart
    assert (cart["day"], cart["tags"]) == (day, tags)


@pytest.mark.parametrize(
    ("properties", "is_test", "tracked"),
    [
        (None, None, True),
        (None, True, False),
        (None, False, True),
        ({"isTest": True}, None, False),
        ({"isTest": "yes"}, None, False),
        ({"isTest": True}, False, True),
        ({"isTest": False}, True, False),
        *[({"isTest": no}, None, True) for no in (False, 0, None, "", "0", "false")],
    ],
)
def test_a_verdict_says_whether_the_event_was_a_real_one(
    client: footfall.Client, properties: Any, is_test: bool | None, tracked: bool
) -> None:
    assert client.track_now("page_view", properties, is_test=is_test).tracked is tracked


def test_event_ids_have_one_start_a_process_and_count_up_by_one(stub: Stub, client: footfall.Client) -> None:
    before = time.time_ns() // 1_000_000
    with footfall.Client(stub.url, "sk_key") as another:
        for sender in (client, another, client):
            sender.track_now("page_view")

    starts, numbers = zip(*(body["EventID"].rsplit("-", 1) for body in stub.bodies))
    assert len(set(starts)) == 1
    assert re.fullmatch("[0-9a-f]{28}", starts[0])
    assert 0 <= before - int(starts[0][:12], 16) < 3_600_000
    assert [int(number) - int(numbers[0]) for number in numbers] == [0, 1, 2]


# When things go wrong


def test_a_server_that_is_not_there_is_a_network_error_at_once() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()

    with pytest.raises(footfall.NetworkError, match=f"127.0.0.1:{port}") as error:
        footfall.Client(f"http://127.0.0.1:{port}", "sk_key").track_now("page_view")

    assert time.monotonic() - began < 8  # of the 10 s that it has
    assert isinstance(error.value.__cause__, ConnectionRefusedError)


def test_a_silent_server_is_a_network_error_within_the_timeout() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()

        with pytest.raises(footfall.NetworkError):
            footfall.Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "sk_key", timeout=0.3).track_now("page_view")

        assert 0.25 < time.monotonic() - began < 8  # and not the 10 s that it has where nothing is said


def test_threads_behind_a_silent_server_wait_for_one_timeout_and_not_in_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        client = footfall.Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "sk_key", timeout=0.5)
        errors: list[footfall.NetworkError] = []

        def track() -> None:
            try:
                client.track_now("page_view")
            except footfall.NetworkError as error:
                errors.append(error)

        began = time.monotonic()
        in_threads(track, 30)

        assert len(errors) == 30
        assert time.monotonic() - began < 10  # in line it would be 15


def test_verdicts_that_are_awaited_behind_a_silent_server_wait_for_one_timeout_and_not_in_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        client = footfall.Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "sk_key", timeout=0.5)

        async def track() -> list[Any]:
            return await asyncio.gather(*[client.atrack_now("page_view") for _ in range(800)], return_exceptions=True)

        began = time.monotonic()
        with ThreadPoolExecutor(1) as thread:  # this one has pytest-tornado's event loop
            errors = thread.submit(asyncio.run, track()).result()

        assert {type(error) for error in errors} == {footfall.NetworkError}
        assert time.monotonic() - began < 6  # in line it would be 12, with the 32 threads that asyncio has at most


def test_an_answer_that_came_too_late_is_not_taken_for_that_of_the_next_event(stub: Stub) -> None:
    late = {**TAKEN, "uuid": "late"}
    stub.replies = [Reply(content=late, delay=1.5)]
    with footfall.Client(stub.url, "sk_key", timeout=1) as client:
        with pytest.raises(footfall.NetworkError):
            client.track_now("first")
        assert stub.answered.acquire(timeout=60)

        assert client.track_now("second").uuid == VISITOR


def test_one_connection_is_kept_for_all_events_and_threads(stub: Stub, client: footfall.Client) -> None:
    in_threads(lambda: client.track_now("page_view"), 8)

    assert len(stub.bodies) == 8
    assert len({body["EventID"] for body in stub.bodies}) == 8
    assert len(set(stub.connections)) == 1


def test_a_kept_connection_that_the_server_closed_is_replaced_at_once(
    stub: Stub, client: footfall.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.replies = [Reply(hangs_up=True)]
    client.track_now("first")
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    client.track_now("second")

    assert not any(pauses)
    assert [body["Event"] for body in stub.bodies] == ["first", "second"]
    assert len(set(stub.connections)) == 2


def test_an_answer_cut_off_is_asked_for_again_under_the_same_event_id(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(cut=5)]

    assert client.track_now("page_view").uuid == VISITOR

    assert len(stub.bodies) == 2
    assert stub.bodies[0] == stub.bodies[1]


def test_a_connection_that_breaks_twice_is_a_network_error(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(cut=5), Reply(cut=5)]

    with pytest.raises(footfall.NetworkError):
        client.track_now("page_view")

    assert len(stub.bodies) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_collector_is_asked_again_after_what_retry_after_says(
    stub: Stub, client: footfall.Client, status: int
) -> None:
    stub.replies = [Reply(status, BUSY, retry_after="1")]
    began = time.monotonic()

    assert client.track_now("page_view").uuid == VISITOR

    assert time.monotonic() - began >= 1
    assert len(stub.bodies) == 2
    assert stub.bodies[0] == stub.bodies[1]


def test_retry_after_may_be_a_date(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(503, BUSY, retry_after=formatdate(time.time() + 1.5, usegmt=True))]

    assert client.track_now("page_view").uuid == VISITOR


def test_a_collector_that_stays_busy_is_asked_three_times(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(503, BUSY, retry_after="0") for _ in range(5)]

    with pytest.raises(footfall.ApiError) as refusal:
        client.track_now("page_view")

    assert len(stub.bodies) == 3
    assert (refusal.value.status, refusal.value.errors) == (503, [(503, "Temporarily unavailable")])


def test_a_wait_for_which_the_timeout_has_no_room_is_not_begun(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(503, BUSY, retry_after="60")]
    began = time.monotonic()

    with pytest.raises(footfall.ApiError, match="Temporarily unavailable"):
        client.track_now("page_view")

    assert time.monotonic() - began < 4  # of the 5 s that it has
    assert len(stub.bodies) == 1


def test_a_server_fault_is_not_tried_again(stub: Stub, client: footfall.Client) -> None:
    stub.replies = [Reply(500, {"Errors": [{"Code": 500, "Message": "Internal error"}]})]

    with pytest.raises(footfall.ApiError) as refusal:
        client.track_now("page_view")

    assert (refusal.value.status, len(stub.bodies)) == (500, 1)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<h1>It works!</h1>"),
        (200, b""),
        (200, [1]),
        (200, {}),
        (404, b"\xff"),
        (502, {"Errors": "many"}),
        (502, {"Errors": [1, {"Code": "5"}]}),
        (301, b"["),
    ],
)
def test_an_answer_that_is_no_collectors_is_an_api_error_without_reasons(
    stub: Stub, client: footfall.Client, status: int, content: Any
) -> None:
    stub.replies = [Reply(status, content)]

    with pytest.raises(footfall.ApiError, match=f"HTTP {status}: not an answer of a Footfall collector") as refusal:
        client.track_now("page_view")

    assert (refusal.value.status, refusal.value.errors) == (status, [])


def test_a_closed_client_opens_a_connection_again_when_it_is_used(stub: Stub, client: footfall.Client) -> None:
    client.track_now("first")
    client.close()

    client.track_now("second")

    assert len(set(stub.connections)) == 2


def test_a_client_that_nobody_closes_leaves_no_connection_open(stub: Stub) -> None:
    code = "import sys, footfall; client = footfall.Client(sys.argv[1], 'k'); client.track_now('a'); client.track('b')"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code, stub.url]
    ended = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)

    assert ended.stderr == ""


FORKED = """
import os, sys, footfall
client = footfall.Client(sys.argv[1], "sk_key")
client.track_now("parent")
child = os.fork()
if child == 0:
    client.track_now("child")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.track_now("parent")
client.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_forked_child_has_its_own_connection_and_numbering(stub: Stub) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", FORKED, stub.url], check=True, timeout=60)

    parent, child, parent_again = zip(stub.connections, (body["EventID"].rsplit("-", 1) for body in stub.bodies))
    assert [body["Event"] for body in stub.bodies] == ["parent", "child", "parent"]
    assert parent[0] == parent_again[0] != child[0]
    assert parent[1][0] == parent_again[1][0] != child[1][0]
    assert (parent[1][1], child[1][1], parent_again[1][1]) == ("1", "1", "2")


# The package itself


@pytest.mark.parametrize(
    ("url", "key", "timeout", "named"),
    [
        ("footfall.example.com", "sk_key", 10, "url"),
        ("ftp://footfall.example.com", "sk_key", 10, "url"),
        ("http://", "sk_key", 10, "url"),
        ("http://user:secret@footfall.example.com", "sk_key", 10, "url"),
        ("http://footfall.example.com/?a=1", "sk_key", 10, "url"),
        ("http://footfall.example.com/a b", "sk_key", 10, "url"),
        ("http://footfall.example.com:port", "sk_key", 10, "[Pp]ort"),
        ("http://footfall.example.com", "", 10, "key"),
        ("http://footfall.example.com", "sk_key\n", 10, "key"),
        ("http://footfall.example.com", "sk_kéy", 10, "key"),
        ("http://footfall.example.com", "sk_key", 0, "timeout"),
        ("http://footfall.example.com", "sk_key", math.inf, "timeout"),
        ("http://footfall.example.com", "sk_key", math.nan, "timeout"),
    ],
)
def test_a_client_that_could_never_work_is_refused_when_it_is_made(
    url: str, key: str, timeout: float, named: str
) -> None:
    with pytest.raises(ValueError, match=named) as refusal:
        footfall.Client(url, key, timeout=timeout)

    assert key == "" or key not in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_the_errors_are_one_tree_and_survive_pickling() -> None:
    error: footfall.ApiError = pickle.loads(pickle.dumps(footfall.ApiError(422, [(5, "Missing event parameter")])))

    assert issubclass(footfall.ApiError, footfall.FootfallError)
    assert issubclass(footfall.NetworkError, footfall.FootfallError)
    assert (error.status, error.errors) == (422, [(5, "Missing event parameter")])
    assert str(error) == "HTTP 422: Missing event parameter (5)"


def test_a_verdict_cannot_be_changed(client: footfall.Client) -> None:
    with pytest.raises(AttributeError):
        client.track_now("page_view").uuid = "another"  # type: ignore[misc]


def test_importing_the_package_brings_in_the_standard_library_alone() -> None:
    code = "import sys; before = set(sys.modules); import footfall; print(*set(sys.modules) - before)"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)

    brought = {module.split(".")[0] for module in answer.stdout.split()}
    assert {"tornado", "motor", "pymongo"}.isdisjoint(brought)
    if sys.version_info >= (3, 10):
        assert brought - sys.stdlib_module_names == {"footfall"}


def test_all_that_is_public_is_documented() -> None:
    for name in footfall.__all__:
        assert name == "__version__" or getattr(footfall, name).__doc__, name


def in_threads(work: Any, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
