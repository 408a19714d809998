"""Section 3 of the contract: keys, sessions and logins, and what each may do."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.site import Answer, Site

UNKNOWN = {"Errors": [{"Code": 99998, "Message": "Authentication failure or session expired"}]}
INVALID_LOGIN = {"Errors": [{"Code": 3, "Message": "Invalid login information"}]}
EVENT, PROPERTIES = "/api/v1/event", "/api/v1/website_events.properties"
LOGIN, LOGOUT = "/api/v1/user.login", "/api/v1/user.logout"
STRANGE = "sk_" + "x" * 32


async def login(site: Site) -> str:
    """A new session."""
    answer = await site.call(LOGIN, {"Username": site.user, "Password": site.password})
    assert answer.status == 200, answer
    return str(answer.body["SessionID"])


async def track(site: Site, query: str = "", bearer: str | None = None, **credentials: Any) -> Answer:
    """An event with these credentials and no others."""
    headers = {} if bearer is None else {"Authorization": bearer}
    return await site.call(EVENT + query, {"Event": "e", "ListID": site.list_id, **credentials}, **headers)


@pytest.mark.gen_test(timeout=30)
async def test_a_key_is_known_wherever_it_may_stand(site: Site) -> None:
    key = site.secret
    sent = {
        "body": track(site, APIKey=key),
        "query": track(site, f"?apikey={key}"),
        "form": site.form(EVENT, {"Event": "e", "ListID": str(site.list_id), "APIKey": key}),
        "bearer": track(site, bearer=f"Bearer {key}"),
        "bearer in lower case": track(site, bearer=f"bearer {key}"),
    }
    answers = await asyncio.gather(*sent.values())
    assert {answer.status for answer in answers} == {200}, dict(zip(sent, answers, strict=True))


@pytest.mark.parametrize("place", ["body", "query"])
@pytest.mark.gen_test(timeout=30)
async def test_a_session_is_as_good_as_a_secret_key(site: Site, place: str) -> None:
    session = await login(site)
    given = {"SessionID": session} if place == "body" else {}
    query = f"?SessionID={session}" if place == "query" else ""
    answer = await track(site, query, Email="someone@example.com", **given)
    assert (answer.status, answer.body["identify_event_sent"]) == (200, True)
    assert {row["trust"] for row in site.events()} == {"secret"}


GOOD, BAD, NONE = "good", "bad", "none"
"""``good``, ``bad`` and ``none`` of APIKey, SessionID and Bearer, and whether the caller is known."""


@pytest.mark.parametrize(
    ("key", "session", "bearer", "status"),
    [
        (GOOD, BAD, BAD, 200),
        (BAD, GOOD, GOOD, 401),
        (NONE, GOOD, BAD, 200),
        (NONE, BAD, GOOD, 401),
        (NONE, NONE, GOOD, 200),
        (NONE, NONE, BAD, 401),
        ("null", "null", GOOD, 200),
        ("empty", "empty", GOOD, 200),
        ("zero", GOOD, GOOD, 401),
        ("false", GOOD, GOOD, 401),
        (NONE, "zero", GOOD, 401),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_the_first_credential_that_is_present_decides(
    site: Site, key: str, session: str, bearer: str, status: int
) -> None:
    other: dict[str, Any] = {BAD: STRANGE, "null": None, "empty": "", "zero": 0, "false": False}
    given: dict[str, Any] = {}
    if key != NONE:
        given["APIKey"] = site.secret if key == GOOD else other[key]
    if session != NONE:
        given["SessionID"] = await login(site) if session == GOOD else other[session]
    header = {GOOD: f"Bearer {site.secret}", BAD: f"Bearer {STRANGE}", NONE: None}[bearer]
    assert (await track(site, bearer=header, **given)).status == status


@pytest.mark.gen_test(timeout=30)
async def test_a_key_in_the_query_goes_before_a_session_in_the_body(site: Site) -> None:
    session = await login(site)
    assert (await track(site, f"?APIKey={STRANGE}", SessionID=session)).status == 401


@pytest.mark.gen_test(timeout=60)
async def test_everything_that_is_wrong_with_a_credential_is_answered_alike(site: Site) -> None:
    revoked, row = await site.administration.create_secret_key(site.user)
    await site.administration.revoke_key(row.prefix)
    ended = await login(site)
    assert (await site.call(LOGOUT, {"SessionID": ended})).status == 200
    session, anything = await login(site), [5, 1.5, True, [], ["x"], {}, {"$ne": ""}, "", "x", "x" * 5000, "\0", "ключ"]
    answers = [
        await track(site),
        await track(site, APIKey=revoked),
        await track(site, SessionID=ended),
        await track(site, APIKey=session),
        await track(site, SessionID=site.secret),
        await track(site, APIKey=site.secret.lower()),
        await track(site, APIKey=site.secret[:-1]),
        await track(site, APIKey=f" {site.secret}"),
        *[await track(site, bearer=bearer) for bearer in ("Bearer", "Bearer ", f"Basic {site.secret}", site.secret)],
        await track(site, bearer=f"Bearer {revoked}"),
        *[await track(site, APIKey=value) for value in anything],
        *[await track(site, SessionID=value) for value in anything],
        await site.call(LOGOUT, {"SessionID": ended}),
        await site.call(LOGOUT, {}),
    ]
    assert {(answer.status, str(answer.body)) for answer in answers} == {(401, str(UNKNOWN))}
    shown = {tuple(sorted(set(answer.headers) - {"Access-Control-Expose-Headers"})) for answer in answers[:-2]}
    assert len(shown) == 1
    assert not {"X-Ratelimit-Limit", "Www-Authenticate"} & set(shown.pop())


@pytest.mark.gen_test(timeout=30)
async def test_a_revoked_key_ends_within_five_seconds(site: Site) -> None:
    key, row = await site.administration.create_secret_key(site.user)
    assert (await track(site, APIKey=key)).status == 200
    await site.administration.revoke_key(row.prefix)
    revoked = time.monotonic()
    while (await track(site, APIKey=key)).status == 200 and time.monotonic() - revoked < 5:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # what it waits for has no event
    assert (await track(site, APIKey=key)).status == 401


@pytest.mark.gen_test(timeout=30)
async def test_keys_and_sessions_are_kept_as_hashes_only(site: Site) -> None:
    session = await login(site)
    kept = str([list(site.db[name].find()) for name in site.db.list_collection_names()])
    for text in (site.secret, site.public, session, site.password):
        assert text not in kept
    assert site.secret[:11] in kept  # by which people name it


@pytest.mark.parametrize(
    ("permissions", "tracks", "reads"),
    [
        (["Events.Track", "Subscribers.Get"], 200, 200),
        (["Events.Track"], 200, 403),
        (["Subscribers.Get"], 403, 200),
        ([], 403, 403),
        (None, 200, 200),
    ],
    ids=["both", "track", "get", "none", "all of the user's"],
)
@pytest.mark.gen_test(timeout=30)
async def test_a_key_may_do_what_its_permissions_say(
    site: Site, permissions: list[str] | None, tracks: int, reads: int
) -> None:
    key, _ = await site.administration.create_secret_key(site.user, permissions)
    tracked = await track(site, APIKey=key)
    read = await site.call(PROPERTIES, {"APIKey": key, "ListID": site.list_id})
    assert (tracked.status, read.status) == (tracks, reads)
    for answer, permission in ((tracked, "Events.Track"), (read, "Subscribers.Get")):
        if answer.status == 403:
            message = f"User does not have the required permission ({permission})"
            assert answer.body == {"Errors": [{"Code": 99999, "Message": message}]}


@pytest.mark.gen_test(timeout=30)
async def test_a_key_and_a_session_never_exceed_their_user(site: Site) -> None:
    key, _ = await site.administration.create_secret_key(site.user, ["Subscribers.Get"])
    session = await login(site)
    site.db["users"].update_one({"name": site.user}, {"$set": {"permissions": ["Events.Track"]}})
    for given in ({"APIKey": key}, {"SessionID": session}):
        answer = await site.call(PROPERTIES, {**given, "ListID": site.list_id})
        assert answer.codes == [99999]


@pytest.mark.gen_test(timeout=30)
async def test_permission_is_judged_before_the_content(site: Site) -> None:
    key, _ = await site.administration.create_secret_key(site.user, ["Subscribers.Get"])
    assert (await site.call(EVENT, {"APIKey": key, "Email": 5})).codes == [99999]


@pytest.mark.parametrize("wrong", ["password", "name", "case of the name"])
@pytest.mark.gen_test(timeout=30)
async def test_a_wrong_name_or_password_is_answered_alike(site: Site, wrong: str) -> None:
    given = {"Username": site.user, "Password": site.password}
    given |= {
        "password": {"Password": site.password + "x"},
        "name": {"Username": "nobody"},
        "case of the name": {"Username": site.user.upper()},
    }[wrong]
    answer = await site.call(LOGIN, given)
    assert (answer.status, answer.body) == (401, INVALID_LOGIN)


@pytest.mark.parametrize("name", ["Username", "Password"])
@pytest.mark.gen_test(timeout=30)
async def test_a_login_of_another_shape_is_a_wrong_one(site: Site, name: str) -> None:
    right: dict[str, Any] = {"Username": site.user, "Password": site.password}
    values: list[Any] = [None, "", 5, True, [], {"$ne": ""}, "x" * 2000]
    wrong = [right | {name: value} for value in values]
    wrong.append({other: value for other, value in right.items() if other != name})
    for given in wrong:
        answer = await site.call(LOGIN, given)
        assert (answer.status, answer.body) == (401, INVALID_LOGIN), given


@pytest.mark.gen_test(timeout=30)
async def test_a_login_answers_success_and_a_session_of_its_own(site: Site) -> None:
    given = {"username": site.user, "PASSWORD": site.password}
    answers = [await site.call(LOGIN, given), await site.form(LOGIN, given)]
    assert [list(answer.body) for answer in answers] == [["Success", "SessionID"]] * 2
    assert [answer.body["Success"] for answer in answers] == [True, True]
    assert answers[0].body["SessionID"] != answers[1].body["SessionID"]


@pytest.mark.gen_test(timeout=30)
async def test_a_logout_ends_its_session_at_once_and_no_other(site: Site) -> None:
    ended, other = await login(site), await login(site)
    assert (await track(site, SessionID=ended)).status == 200
    answer = await site.call(LOGOUT, {"SessionID": ended})
    assert (answer.status, answer.body) == (200, {"Success": True})
    assert (await track(site, SessionID=ended)).status == 401
    assert (await track(site, SessionID=other)).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_a_session_that_is_in_use_while_it_ends_stays_ended(site: Site) -> None:
    session = await login(site)
    await asyncio.gather(
        *[track(site, SessionID=session) for _ in range(4)],
        site.call(LOGOUT, {"SessionID": session}),
        *[track(site, SessionID=session) for _ in range(4)],
    )
    assert (await track(site, SessionID=session)).status == 401


@pytest.mark.parametrize(("hours", "status"), [(11.9, 200), (12.1, 401)])
@pytest.mark.gen_test(timeout=30)
async def test_a_session_lasts_twelve_hours(site: Site, clock: Clock, hours: float, status: int) -> None:
    clock.move(hours=-hours)
    session = await login(site)
    clock.move(hours=hours)
    assert (await track(site, SessionID=session)).status == status


@pytest.mark.gen_test(timeout=30)
async def test_a_session_is_forgotten_by_the_database_when_it_ends(site: Site, clock: Clock) -> None:
    await login(site)
    [row] = site.db["sessions"].find().sort("expires", -1).limit(1)
    assert row["expires"] == clock() + timedelta(hours=12)
    indexes = site.db["sessions"].index_information().values()
    assert [index for index in indexes if index["key"] == [("expires", 1)] and "expireAfterSeconds" in index]
