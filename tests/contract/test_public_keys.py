"""Section 3 of the contract: what the key that stands in a page may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.site import ORIGIN, Site

INVALID_LIST = {"Errors": [{"Code": 4, "Message": "Invalid ListID parameter"}]}
NO_READING = {"Errors": [{"Code": 99999, "Message": "User does not have the required permission (Subscribers.Get)"}]}


@pytest.mark.parametrize("given", ["absent", None, "", "own", "own as text"])
@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_tracks_into_its_own_list(site: Site, given: Any) -> None:
    named = {"own": site.list_id, "own as text": str(site.list_id)}
    parameters: dict[str, Any] = {} if given == "absent" else {"ListID": named.get(given, given)}
    assert (await site.claim(**parameters)).status == 200
    assert [(row["list_id"], row["trust"], row["key"]) for row in site.events()] == [
        (site.list_id, "public", site.public[:11])
    ]


def test_a_public_key_is_refused_another_list(
    io_loop: Any, site: Site, make_site: Callable[..., Site], database: Any
) -> None:
    stranger = make_site()
    second = io_loop.run_sync(lambda: site.administration.create_list("Second", site.user))
    for other in (stranger.list_id, second.id, 10**6, 0, -1, True, 1.5, "x", [], [site.list_id]):
        answer = io_loop.run_sync(lambda other=other: site.claim(ListID=other))
        assert (answer.status, answer.body) == (422, INVALID_LIST), other
    assert site.events() == stranger.events() == []
    assert database["events"].count_documents({"list_id": second.id}) == 0


@pytest.mark.parametrize("path", ["/api/v1/website_events.properties", "/api.php"])
@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_cannot_read(site: Site, path: str) -> None:
    await site.claim()
    given = {"Command": "website_events.properties", "APIKey": site.public, "ListID": site.list_id}
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.com"}):
        answer = await site.call(path, given, **headers)
        assert (answer.status, answer.body) == (403, NO_READING), headers


@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_gains_nothing_with_its_user(site: Site) -> None:
    kept = site.db["keys"].find_one({"prefix": site.public[:11]})
    assert kept["permissions"] == ["Events.Track"]
    assert (await site.claim()).status == 200


@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_of_a_user_who_may_not_track_tracks_nothing(site: Site) -> None:
    site.db["users"].update_one({"name": site.user}, {"$set": {"permissions": ["Subscribers.Get"]}})
    assert (await site.claim()).codes == [99999]
    assert site.events() == []


@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_that_was_revoked_is_answered_like_one_that_never_was(site: Site) -> None:
    await site.administration.revoke_key(site.public[:11])
    revoked = await site.claim()
    never = await site.call("/api/v1/event", {"APIKey": "pk_" + "x" * 32, "Event": "e"}, Origin=ORIGIN)
    assert (revoked.status, revoked.body) == (never.status, never.body) == (401, never.body)


@pytest.mark.gen_test(timeout=30)
async def test_a_public_key_is_known_for_what_it_is_wherever_it_stands(site: Site) -> None:
    key, path, evil = site.public, "/api/v1/event", {"Origin": "https://evil.com"}
    beacon = f'{{"Event": "e", "APIKey": "{key}"}}'
    answers = [
        await site.call(f"{path}?APIKey={key}", {"Event": "e"}, **evil),
        await site.call(path, {"Event": "e"}, Authorization=f"Bearer {key}", **evil),
        await site.form(path, {"Event": "e", "APIKey": key}, **evil),
        await site.send("POST", path, beacon, Content_Type="text/plain", **evil),
        await site.send("GET", f"/api.php?Command=event.track&Event=e&APIKey={key}", **evil),
    ]
    assert [(answer.status, answer.codes) for answer in answers] == [(403, [403])] * 5
