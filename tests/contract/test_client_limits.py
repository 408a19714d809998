"""Section 8 of the contract: how much one client's address may ask with a public key, and how often it may log in."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from collector.config import Settings
from tests.support.clock import Clock
from tests.support.collectors import collecting, watched
from tests.support.options import BEHIND_A_PROXY, chosen, with_settings
from tests.support.site import ORIGIN, Answer, Site

TOO_MANY = {"Errors": [{"Code": 429, "Message": "Too many requests (rate limit exceeded)"}]}
LOGIN = "/api/v1/user.login"
_unused = itertools.count()

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Those of ``with_settings``."""
    return chosen(request)


async def seen(site: Site, client: str, **parameters: Any) -> Answer:
    """An event in a page, of a client that our proxy names."""
    given = {"APIKey": site.public, "Event": "e", **parameters}
    return await site.call("/api/v1/event", given, Origin=ORIGIN, X_Forwarded_For=client)


def level(answer: Answer) -> tuple[int, int, int]:
    """Limit, remaining, reset."""
    limit, remaining, reset = (answer.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset"))
    return int(limit), int(remaining), int(reset)


@with_settings(public_limit=3, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_one_visitor_cannot_use_up_the_events_of_a_public_key(site: Site) -> None:
    assert [level(await seen(site, "192.0.2.1"))[:2] for _ in range(3)] == [(3, 2), (3, 1), (3, 0)]
    refused = await seen(site, "192.0.2.1")
    assert (refused.status, level(refused), refused.headers["Retry-After"]) == (429, (3, 0, 60), "60")
    assert (await seen(site, "192.0.2.2")).status == 200
    assert level(await site.track())[:2] == (5000, 4995)  # what is refused for an address costs the user nothing


@with_settings(public_limit=1, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_the_address_of_a_client_limits_no_secret_key(site: Site) -> None:
    given = {"APIKey": site.secret, "Event": "e"}
    answers = [await site.call("/api/v1/event", given, X_Forwarded_For="192.0.2.1") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]


@with_settings(public_limit=2, track_limit=3, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_what_is_told_is_the_tightest_limit(site: Site) -> None:
    assert level(await seen(site, "192.0.2.1"))[:2] == (2, 1)
    assert level(await seen(site, "192.0.2.2"))[:2] == (3, 1)
    assert level(await seen(site, "192.0.2.3"))[:2] == (3, 0)
    assert (await seen(site, "192.0.2.4")).status == 429


CLIENTS = [
    ("192.0.2.1", "192.0.2.1", True),
    ("192.0.2.1", "192.0.2.2", False),
    ("2001:db8:1:2::1", "2001:DB8:1:2:ffff::9", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("::ffff:192.0.2.1", "192.0.2.1", True),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ("192.0.2.1:4711", "192.0.2.1:4712", True),
    ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::2", True),
    ("192.0.2.9, 192.0.2.1", "192.0.2.8,192.0.2.1", True),
    ("192.0.2.1, 192.0.2.8", "192.0.2.1, 192.0.2.9", False),
    ("192.0.2.1, 10.1.2.3", "192.0.2.1, 10.9.9.9, 10.1.2.3", True),
    ("192.0.2.1, 10.1.2.3", "192.0.2.2, 10.1.2.3", False),
    ("10.1.2.3", "10.1.2.4", False),
    ("nonsense", "rubbish", True),
    ("192.0.2.1, unknown", "192.0.2.2, unknown", True),
    ("", " , ", True),
]
"""Two values of ``X-Forwarded-For``, and whether they are one client."""


@with_settings(public_limit=1, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_a_client_is_the_last_hop_that_is_no_proxy_of_ours(site: Site, clock: Clock) -> None:
    told = []
    for first, second, _ in CLIENTS:
        assert (await seen(site, first)).status == 200
        told.append((first, second, (await seen(site, second)).status == 429))
        clock.move(seconds=60)
    assert told == CLIENTS


@with_settings(public_limit=1, trusted_proxies="10.0.0.0/8")
@pytest.mark.gen_test(timeout=30)
async def test_nobody_but_a_proxy_of_ours_is_believed(site: Site) -> None:
    assert [(await seen(site, f"192.0.2.{number}")).status for number in range(2)] == [200, 429]


@with_settings(**BEHIND_A_PROXY)
def test_no_forwarding_header_is_a_fault_of_ours(site: Site, io_loop: IOLoop) -> None:
    @examples(max_examples=60)
    @given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.sampled_from("[]:.,%/"), max_size=40))
    def holds(header: str) -> None:
        assert io_loop.run_sync(lambda: seen(site, header)).status == 200

    holds()


def claims(site: Site, **query: Any) -> list[str | None]:
    """The addresses on the stored events, automatic ones left out."""
    return [row.get("email") for row in site.events(event="e", **query)]


@with_settings(**BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_beyond_twenty_addresses_an_event_is_stored_without_its_claim(site: Site) -> None:
    await site.track("e", Email="known@example.com", UUID="server")
    for number in range(19):
        await seen(site, "192.0.2.1", Email=f"a{number}@example.com", UUID="shared")
    answers = [
        await seen(site, "192.0.2.1", Email=email, UUID=uuid, ID=uuid)
        for email, uuid in [
            ("known@example.com", "twentieth"),
            ("A0@Example.com ", "again"),
            ("new@example.com", "beyond"),
            ("other@example.com", "beyond too"),
        ]
    ]
    body = {"status": "success", "identify_event_sent": True}
    assert [answer.body for answer in answers] == [
        {**body, "uuid": uuid, "external_id": uuid} for uuid in ("twentieth", "again", "beyond", "beyond too")
    ]
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1
    assert claims(site, uuid={"$in": ["twentieth", "again"]}) == ["known@example.com", "a0@example.com"]
    assert claims(site, uuid={"$in": ["beyond", "beyond too"]}) == [None, None]
    assert {
        row["_id"] for row in site.events() if row.get("email") in ("new@example.com", "other@example.com")
    } == set()
    assert len(site.subscribers()) == 20
    assert [site.visitor(uuid) is not None for uuid in ("twentieth", "again")] == [True, True]


@with_settings(public_emails=2, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_each_client_address_claims_for_itself_and_anew_in_each_window(site: Site, clock: Clock) -> None:
    async def claimed(client: str) -> bool:
        uuid = f"u{next(_unused)}"
        assert (await seen(site, client, Email=f"{uuid}@example.com", UUID=uuid)).status == 200
        return claims(site, uuid=uuid) != [None]

    assert [await claimed("2001:db8::1"), await claimed("2001:db8::2"), await claimed("2001:db8::3")] == [
        True,
        True,
        False,
    ]
    assert await claimed("2001:db8:1::1")
    clock.move(seconds=60)
    assert await claimed("2001:db8::1")


@with_settings(public_emails=1, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=30)
async def test_a_test_event_uses_up_no_claim(site: Site) -> None:
    await seen(site, "192.0.2.1", Email="a@example.com", Properties={"isTest": True})
    await seen(site, "192.0.2.1", Email="b@example.com")
    assert claims(site) == ["b@example.com"]


@with_settings(public_emails=1)
@pytest.mark.gen_test(timeout=30)
async def test_a_secret_key_names_as_many_as_it_likes(site: Site) -> None:
    for name in "abc":
        await site.track("e", Email=f"{name}@example.com")
    assert claims(site) == ["a@example.com", "b@example.com", "c@example.com"]


async def tried(site: Site, client: str, name: str, password: str = "wrong") -> int:
    """The status of a login."""
    return (await site.call(LOGIN, {"Username": name, "Password": password}, X_Forwarded_For=client)).status


@with_settings(**BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_an_address_has_ten_logins(site: Site, clock: Clock) -> None:
    assert [await tried(site, "192.0.2.1", f"name {number}") for number in range(11)] == [401] * 10 + [429]
    assert await tried(site, "192.0.2.1", site.user, site.password) == 429
    assert await tried(site, "192.0.2.2", site.user, site.password) == 200
    clock.move(seconds=60)
    assert await tried(site, "192.0.2.1", site.user, site.password) == 200


@with_settings(login_limit=3, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_a_name_has_its_logins_from_all_addresses_together(site: Site, clock: Clock) -> None:
    names = [site.user, site.user.upper(), f" {site.user}", site.user]
    assert [await tried(site, f"192.0.2.{number}", name) for number, name in enumerate(names)] == [401, 401, 401, 429]
    answer = await site.call(LOGIN, {"Username": site.user, "Password": site.password}, X_Forwarded_For="192.0.2.9")
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (429, TOO_MANY, "60")
    clock.move(seconds=60)
    assert await tried(site, "192.0.2.9", site.user, site.password) == 200


@with_settings(login_limit=2, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_a_login_that_is_refused_for_an_address_takes_none_from_the_name(site: Site) -> None:
    assert [await tried(site, "192.0.2.1", "somebody") for _ in range(2)] == [401, 401]
    assert [await tried(site, "192.0.2.1", site.user) for _ in range(5)] == [429] * 5
    assert await tried(site, "192.0.2.2", site.user, site.password) == 200


@with_settings(public_limit=3, public_emails=2, login_limit=3, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_two_collectors_count_a_client_together(site: Site, clock: Clock, settings: Settings) -> None:
    async with collecting(site, clock, settings=replace(settings, spool_mb=0)) as other:
        answers = [
            await seen(one, "192.0.2.1", Email=f"{number}@example.com", UUID=f"{number}")
            for number, one in enumerate((site, other, other, site))
        ]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert sorted(map(str, claims(site))) == ["0@example.com", "1@example.com", "None"]
        assert (await seen(other, "192.0.2.2")).status == 200
        tries = [await tried(one, "192.0.2.1", f"name {number}") for number, one in enumerate((site, other) * 2)]
        assert tries == [401, 401, 401, 429]
        tries = [await tried(one, f"192.0.2.{number}", "a name") for number, one in enumerate((site, other) * 2, 3)]
        assert tries == [401, 401, 401, 429]


@with_settings(public_emails=3, **BEHIND_A_PROXY)
@pytest.mark.gen_test(timeout=60)
async def test_the_limits_ask_the_same_of_mongodb_for_known_and_unknown_addresses(
    site: Site, clock: Clock, settings: Settings
) -> None:
    asked: Counter[str] = Counter()

    async def count(name: str) -> None:
        asked[name] += name.startswith("limits.")

    await site.track("e", Email="known@example.com")
    told = []
    mine = replace(site, store=watched(site.store, count, "limits"))
    async with collecting(mine, clock, settings=replace(settings, spool_mb=0)) as other:
        for client, email in [("192.0.2.1", "known@example.com"), ("192.0.2.2", "unknown@example.com")]:
            for _ in range(2):
                await seen(other, client, Email=email)
                told.append(asked["limits.claim"])
    assert told == [1, 1, 2, 2]
    assert asked.total() == 2
