"""Section 8 of the contract: how much a user and a key may ask, in windows of 60 s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from collector.config import Settings
from tests.support.clock import Clock
from tests.support.collectors import collecting, crowd
from tests.support.options import chosen, with_settings
from tests.support.site import ORIGIN, Answer, Site

TOO_MANY = {"Errors": [{"Code": 429, "Message": "Too many requests (rate limit exceeded)"}]}
PROPERTIES, LOGIN = "/api/v1/website_events.properties", "/api/v1/user.login"

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


async def read(site: Site, **credentials: str) -> Answer:
    """A request for the properties of the list."""
    return await site.call(PROPERTIES, {"ListID": site.list_id, **(credentials or {"APIKey": site.secret})})


def level(answer: Answer) -> tuple[int, int, int]:
    """Limit, remaining, reset."""
    limit, remaining, reset = (answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))
    return int(limit), int(remaining), int(reset)


@pytest.mark.gen_test(timeout=30)
async def test_the_limits_are_those_of_the_document(site: Site) -> None:
    assert level(await site.track()) == (5000, 4999, 60)
    assert level(await read(site)) == (100, 99, 60)
    assert level(await site.claim()) == (1000, 999, 60)


@pytest.mark.parametrize(
    ("given", "headers", "status"),
    [
        ({}, {}, 200),
        ({"Event": ""}, {}, 422),
        ({}, {"Origin": "https://evil.com"}, 403),
        ({"ListID": 10**9}, {}, 422),
        ({"Event": "x", "Properties": {"isTest": True}}, {}, 200),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_every_answer_to_a_known_key_says_what_is_left(
    site: Site, given: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    for key in (site.secret, site.public):
        answer = await site.call("/api/v1/event", {"APIKey": key, "Event": "e", **given}, **headers)
        assert (answer.status, len(level(answer))) == (status, 3)


@pytest.mark.gen_test(timeout=30)
async def test_an_answer_to_a_known_key_says_what_is_left_when_the_fault_is_ours(site: Site) -> None:
    site.db["lists"].update_one({"_id": site.list_id}, {"$unset": {"name": True}})  # damaged
    answer = await site.track()
    assert (answer.status, answer.codes, level(answer)) == (500, [500], (5000, 4999, 60))


@with_settings(queue_events=1)
@pytest.mark.gen_test(timeout=30)
async def test_an_answer_to_a_known_key_says_what_is_left_when_too_many_events_wait(site: Site) -> None:
    answers = await asyncio.gather(*[site.track() for _ in range(40)])
    assert {answer.status for answer in answers} == {200, 503}
    assert sorted(level(answer)[1] for answer in answers)[0] == 4960


@pytest.mark.gen_test(timeout=30)
async def test_an_answer_to_a_key_without_the_permission_says_what_is_left(site: Site) -> None:
    answer = await read(site, APIKey=site.public)
    assert (answer.status, level(answer)) == (403, (100, 100, 60))


@pytest.mark.gen_test(timeout=30)
async def test_an_answer_to_a_session_says_what_is_left(site: Site) -> None:
    login = await site.call(LOGIN, {"Username": site.user, "Password": site.password})
    assert level(await read(site, SessionID=login.body["SessionID"])) == (100, 99, 60)


@pytest.mark.gen_test(timeout=30)
async def test_an_answer_to_nobody_known_says_nothing_of_limits(site: Site) -> None:
    answers = [await site.track(APIKey="x"), await site.track(Command="x"), await site.call(LOGIN, {})]
    assert [name for answer in answers for name in answer.headers if name.startswith("X-Ratelimit")] == []


@with_settings(track_limit=3)
@pytest.mark.gen_test(timeout=30)
async def test_the_last_request_of_a_window_passes_and_the_next_does_not(site: Site, clock: Clock) -> None:
    clock.move(seconds=20.5)
    assert [level(await site.track()) for _ in range(3)] == [(3, 2, 40), (3, 1, 40), (3, 0, 40)]
    refused = await site.track()
    assert (refused.status, refused.body, level(refused)) == (429, TOO_MANY, (3, 0, 40))
    assert refused.headers["Retry-After"] == "40"
    assert len(site.events()) == 3


@with_settings(track_limit=1)
@pytest.mark.parametrize("second", [0, 0.001, 20.5, 59, 59.999])
@pytest.mark.gen_test(timeout=30)
async def test_who_waits_as_told_gets_in_and_who_comes_earlier_does_not(
    site: Site, clock: Clock, second: float
) -> None:
    clock.move(seconds=second)
    await site.track()
    wait = int((await site.track()).headers["Retry-After"])
    assert 60 - second <= wait < 61 - second
    clock.move(seconds=60 - second - 0.001)
    assert (await site.track()).status == 429
    clock.move(seconds=wait - (60 - second) + 0.001)
    assert (await site.track()).status == 200


@with_settings(track_limit=2)
@pytest.mark.gen_test(timeout=30)
async def test_what_is_refused_later_has_been_counted_and_what_is_refused_earlier_has_not(site: Site) -> None:
    assert (await site.track(Command="nonsense")).status == 404
    assert (await site.call("/api/v1/event", {"APIKey": site.secret}, Origin="https://evil.com")).status == 403
    assert level(await site.track(event=None)) == (2, 1, 60)
    assert level(await site.track(Properties={"isTest": True})) == (2, 0, 60)
    assert (await site.track()).status == 429


@with_settings(track_limit=2, query_limit=2)
@pytest.mark.gen_test(timeout=30)
async def test_tracking_and_properties_are_limited_each_by_itself(site: Site) -> None:
    assert [(await site.track()).status for _ in range(3)] == [200, 200, 429]
    assert [(await read(site)).status for _ in range(3)] == [200, 200, 429]


@with_settings(track_limit=3)
@pytest.mark.gen_test(timeout=30)
async def test_the_keys_and_sessions_of_a_user_are_counted_together(site: Site) -> None:
    other, _ = await site.administration.create_secret_key(site.user)
    login = await site.call(LOGIN, {"Username": site.user, "Password": site.password})
    await site.track()
    await site.track(APIKey=other)
    await site.track(APIKey=None, SessionID=login.body["SessionID"])
    answers = [await site.track(APIKey=other), await site.claim()]
    assert [answer.status for answer in answers] == [429, 429]


@with_settings(track_limit=1)
def test_a_user_has_nothing_to_do_with_the_requests_of_another(
    site: Site, make_site: Callable[..., Site], io_loop: IOLoop
) -> None:
    assert [io_loop.run_sync(site.track).status for _ in range(2)] == [200, 429]
    assert io_loop.run_sync(make_site().track).status == 200


@with_settings(track_limit=3, query_limit=3)
@pytest.mark.gen_test(timeout=30)
async def test_a_key_with_a_limit_of_its_own_counts_alone(site: Site) -> None:
    own, _ = await site.administration.create_secret_key(site.user, rate_limit=5)
    public, _ = await site.administration.create_public_key(site.user, site.list_id, [ORIGIN], 2)
    assert [level(await site.track(APIKey=own))[:2] for _ in range(5)] == [(5, left) for left in (4, 3, 2, 1, 0)]
    assert (await site.track(APIKey=own)).status == 429
    assert level(await read(site, APIKey=own)) == (5, 4, 60)
    assert [(await site.claim(APIKey=public)).status for _ in range(3)] == [200, 200, 429]
    assert level(await site.track()) == (3, 2, 60)  # the user's own is untouched


@with_settings(track_limit=3, query_limit=3)
@pytest.mark.gen_test(timeout=30)
async def test_two_collectors_count_together(site: Site, clock: Clock, settings: Settings) -> None:
    async with collecting(site, clock, settings=replace(settings, spool_mb=0)) as other:
        assert [level(await one.track())[1] for one in (site, other, site)] == [2, 1, 0]
        refused = [await one.track() for one in (other, site)]
        assert [(answer.status, level(answer)) for answer in refused] == [(429, (3, 0, 60))] * 2
        assert [(await read(one)).status for one in (other, site, site, other)] == [200, 200, 200, 429]
        clock.move(seconds=60)
        assert (await other.track()).status == 200


@with_settings(track_limit=200)
@pytest.mark.gen_test(timeout=60)
async def test_two_collectors_that_are_asked_at_once_let_exactly_the_limit_pass(
    site: Site, clock: Clock, settings: Settings
) -> None:
    async with collecting(site, clock, settings=replace(settings, spool_mb=0)) as other:
        with crowd(site) as many:
            sites = (many, replace(many, url=other.url))
            answers = await asyncio.gather(*[one.track(Properties={"isTest": True}) for one in sites * 120])
    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (200, 40)
    assert {level(answer)[1] for answer in answers if answer.status == 429} == {0}


@with_settings(track_limit=100)
@pytest.mark.gen_test(timeout=60)
async def test_the_metrics_tell_how_often_the_store_was_asked_and_how_many_were_refused(site: Site) -> None:
    with crowd(site) as many:
        await asyncio.gather(*[many.track(Properties={"isTest": True}) for _ in range(105)])
    lines = (await site.send("GET", "/metrics")).body.decode().splitlines()
    samples = [line.rpartition(" ") for line in lines if line.startswith("footfall_limiter_")]
    found = {name: float(value) for name, _, value in samples}
    assert {name: value for name, value in found.items() if name.endswith(("denials_total", "outages_total"))} == {
        "footfall_limiter_denials_total": 5,
        "footfall_limiter_outages_total": 0,
    }
    assert 1 <= found["footfall_limiter_asks_total"] <= 100
    assert found["footfall_limiter_entries"] >= 1
