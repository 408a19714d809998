"""``event.batch`` (section 6 of the contract): a verdict on each event, in order, and the events stored as a set."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import pytest

from collector.storage.guard import StoreAway
from tests.support.books import balance
from tests.support.clock import Clock
from tests.support.collectors import collecting
from tests.support.site import ORIGIN, Answer, Site

ROUTE = "/api/v1/events"


async def batch(site: Site, events: Any, **more: Any) -> Answer:
    """Events with the secret key, into the list."""
    return await site.call(ROUTE, {"APIKey": site.secret, "ListID": site.list_id, "Events": events, **more})


async def claims(site: Site, events: Any, **more: Any) -> Answer:
    """Events with the public key, from its page."""
    return await site.call(ROUTE, {"APIKey": site.public, "Events": events, **more}, Origin=ORIGIN)


def views(count: int, **more: Any) -> list[dict[str, Any]]:
    """So many events that differ."""
    return [{"Event": "view", "EventID": f"e{n}", "UUID": f"v{n}", **more} for n in range(count)]


def verdicts(answer: Answer) -> list[Any]:
    """Of each event: success, duplicate, or the codes of its errors."""
    return [
        [error["Code"] for error in result["Errors"]]
        if result["status"] == "error"
        else "duplicate"
        if result.get("duplicate")
        else "success"
        for result in answer.body["results"]
    ]


@pytest.mark.gen_test(timeout=60)
async def test_each_event_is_answered_in_order_like_event_track(site: Site) -> None:
    events = [
        {"Event": "view", "UUID": "v1"},
        {"event": "identify", "email": "Jane@Example.com", "ID": 7, "Properties": {"plan": "pro"}},
        {"Event": "view", "Email": "joe@example.com", "UUID": "v2", "Properties": {"$page_title": "Hi"}},
    ]
    answer = await batch(site, events)
    assert (answer.status, answer.body["status"], answer.body["accepted"]) == (200, "success", 3)
    results = answer.body["results"]
    assert list(results[0]) == ["status", "uuid", "external_id", "identify_event_sent"]
    assert results[0] == {"status": "success", "uuid": "v1", "external_id": None, "identify_event_sent": False}
    assert (results[1]["external_id"], results[1]["identify_event_sent"]) == ("7", True)
    assert (results[2]["uuid"], results[2]["identify_event_sent"]) == ("v2", True)
    assert [row["event"] for row in site.events(automatic=None)] == ["view", "identify", "view"]
    assert [row["email"] for row in site.events(automatic=True)] == ["joe@example.com"]
    assert await site.properties() == {"identify": ["plan"], "view": ["$page_title"]}


@pytest.mark.gen_test(timeout=60)
async def test_one_bad_event_never_costs_its_neighbours(site: Site) -> None:
    events: list[Any] = [
        {"Event": "view"},
        {"Event": ""},
        {"Event": "view", "Email": "nobody", "UUID": 5},
        {"Event": "conversion", "Properties": {"conversion-id": "1"}},
        {"Event": "view", "ListID": 999_999},
        {"Event": "view", "event": "again"},
        "view",
        None,
        {"Event": "view", "Properties": {"n": 2**63}},
        {"Event": "view", "Properties": {"isTest": True}},
        {"Event": "last"},
    ]
    answer = await batch(site, events)
    assert (answer.status, answer.body["status"], answer.body["accepted"]) == (200, "partial", 3)
    expected = ["success", [5], [7, 12], [9, 10], [4], [100000], [17], [17], [11], "success", "success"]
    assert verdicts(answer) == expected
    assert [row["event"] for row in site.events()] == ["view", "last"]
    received, became = balance((await site.send("GET", "/metrics")).body.decode())
    assert received == became == len(events)


@pytest.mark.gen_test(timeout=60)
async def test_a_batch_of_refused_events_alone_is_partial(site: Site) -> None:
    answer = await batch(site, [{}, {"Event": None}])
    assert (answer.status, answer.body["status"], answer.body["accepted"]) == (200, "partial", 0)
    assert verdicts(answer) == [[5], [5]]


@pytest.mark.parametrize("events", [None, [], "view", {"0": {"Event": "view"}}, 5, ...], ids=repr)
@pytest.mark.gen_test(timeout=60)
async def test_events_that_are_absent_empty_or_no_array_are_error_17(site: Site, events: Any) -> None:
    answer = await site.call(ROUTE, {"APIKey": site.secret, **({} if events is ... else {"Events": events})})
    assert (answer.status, answer.codes) == (422, [17])


@pytest.mark.gen_test(timeout=60)
async def test_list_and_sent_at_beside_the_events_serve_those_that_have_none(site: Site, clock: Clock) -> None:
    other = await site.administration.create_list("Another", site.user)
    sent_at = (clock().timestamp() - 3600) * 1000
    events = [
        {"Event": "a", "Timestamp": sent_at - 5_000},
        {"Event": "b", "ListID": other.id, "Timestamp": sent_at - 5_000, "SentAt": clock().timestamp()},
    ]
    assert verdicts(await batch(site, events, SentAt=sent_at)) == ["success"] * 2
    a, b = (site.db["events"].find_one({"event": name}) for name in "ab")
    assert (a["list_id"], (clock() - a["time"]).total_seconds()) == (site.list_id, 5)
    assert (b["list_id"], (clock() - b["time"]).total_seconds()) == (other.id, 3605)


@pytest.mark.gen_test(timeout=60)
async def test_two_thousand_events_pass_and_one_more_does_not(site: Site) -> None:
    assert verdicts(await batch(site, views(2_000))) == ["success"] * 2_000
    assert len(site.events()) == 2_000
    answer = await batch(site, views(2_001))
    assert (answer.status, answer.codes) == (413, [413])
    assert verdicts(await batch(site, views(2_000))) == ["duplicate"] * 2_000


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
@pytest.mark.gen_test(timeout=60)
async def test_five_mebibytes_pass_and_one_byte_more_does_not_zipped_or_not(site: Site, over: int, status: int) -> None:
    body = json.dumps({"APIKey": site.secret, "ListID": site.list_id, "Events": [{"Event": "view"}]})
    body += " " * (5 * 2**20 + over - len(body))
    for data, headers in ((body.encode(), {}), (gzip.compress(body.encode()), {"Content_Encoding": "gzip"})):
        answer = await site.send("POST", ROUTE, data, Content_Type="application/json", **headers)
        assert answer.status == status


@pytest.mark.gen_test(timeout=60)
async def test_an_event_id_twice_in_a_batch_is_one_event_and_one_duplicate(site: Site) -> None:
    events = [{"Event": "view", "EventID": name, "Email": "jane@example.com"} for name in ("1", "2", "1")]
    answer = await batch(site, events)
    assert verdicts(answer) == ["success", "success", "duplicate"]
    assert [result["identify_event_sent"] for result in answer.body["results"]] == [True, False, False]
    assert len(site.events(event="view")) == 2
    assert len(site.events(event="identify")) == 1


@pytest.mark.gen_test(timeout=60)
async def test_a_batch_counts_its_events_against_the_limit_of_a_client_with_a_public_key(site: Site) -> None:
    first = await claims(site, views(60))
    assert first.headers["X-RateLimit-Remaining"] == str(1_000 - 60)
    secret = await batch(site, views(60))
    assert int(secret.headers["X-RateLimit-Remaining"]) == 5_000 - 2  # the user's: both were a request


@pytest.mark.parametrize(("count", "padding", "status"), [(100, 0, 200), (101, 0, 413), (1, 0, 200), (1, 1, 413)])
@pytest.mark.gen_test(timeout=60)
async def test_a_public_key_sends_a_hundred_events_and_256_kib_a_batch(
    site: Site, count: int, padding: int, status: int
) -> None:
    body = json.dumps({"APIKey": site.public, "Events": views(count)})
    if count == 1:
        body += " " * (256 * 1024 + padding - len(body))
    answer = await site.send("POST", ROUTE, body, Content_Type="text/plain", Origin=ORIGIN)
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.gen_test(timeout=60)
async def test_with_a_public_key_the_answers_tell_nothing_and_claims_end_at_twenty_addresses(site: Site) -> None:
    await site.track(Email="p0@example.com")
    answer = await claims(site, [{"Event": "view", "Email": f"p{n}@example.com"} for n in range(25)])
    results = answer.body["results"]
    assert [result["identify_event_sent"] for result in results] == [True] * 25
    assert len({result["uuid"] for result in results}) == 25
    assert len(site.events(trust="public", event="view", email={"$exists": True})) == 20


@pytest.mark.gen_test(timeout=60)
async def test_the_number_of_round_trips_does_not_grow_with_the_batch(site: Site, clock: Clock) -> None:
    seen: Counter[str] = Counter()

    async def count(name: str) -> None:
        seen[name] += 1

    found = []
    async with collecting(site, clock, count) as other:
        for size in (4, 2, 200):  # the first brings the names, which are new once
            events = [
                {
                    "Event": ("view", "identify")[n % 2],
                    "EventID": f"{size}-{n}",
                    "UUID": f"v{n}",
                    "Email": f"{size}-{n}@example.com",
                    "Properties": {"n": n},
                }
                for n in range(size)
            ]
            # Again with another on each browser, so that links end as well.
            others = [{**one, "EventID": f"x{one['EventID']}", "Email": f"z{size}@example.com"} for one in events]
            for again in (events, others):
                seen.clear()
                assert set(verdicts(await batch(other, again))) == {"success"}
                # Which catalog is the present one is asked again every two seconds, whatever comes.
                found.append({name: times for name, times in seen.items() if name != "catalog.generation"})
    assert found[2] == found[4]
    assert found[3] == found[5]


@pytest.mark.gen_test(timeout=60)
async def test_events_that_are_to_be_sent_again_say_so_one_by_one(site: Site, clock: Clock) -> None:
    async def away(name: str) -> None:
        if name == "events.insert":
            raise StoreAway(name)

    async with collecting(site, clock, away) as other:
        answer = await batch(other, [{"Event": "view"}, {}, {"Event": "view", "Properties": {"isTest": 1}}])
    assert (answer.status, answer.body["status"], answer.body["accepted"]) == (200, "partial", 1)
    assert verdicts(answer) == [[503], [5], "success"]
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.gen_test(timeout=60)
async def test_a_form_and_the_legacy_route_take_a_batch_too(site: Site) -> None:
    answer = await site.call(
        "/api.php", {"Command": "Event.Batch", "APIKey": site.secret, "ListID": site.list_id, "Events": views(2)}
    )
    assert verdicts(answer) == ["success", "success"]
    form = f"APIKey={site.secret}&ListID={site.list_id}&Events[][Event]=view"
    assert verdicts(await site.form(ROUTE, form)) == ["success"]
