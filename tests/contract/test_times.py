"""When an event happened: a wrong clock set right, nothing in the future, all that was said kept (section 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.site import Site

pytestmark = pytest.mark.gen_test(timeout=60)

NOW = datetime(2026, 5, 4, 3, 2, 1, 250_000, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def clock() -> Clock:
    """A moment that is easy to reckon with."""
    return Clock(NOW)


def moment(**ago: float) -> str:
    """A moment before now, as clients write it."""
    return (NOW - timedelta(**ago)).isoformat()


async def stored(site: Site, send: str, **parameters: Any) -> dict[str, Any]:
    """What is stored of these parameters, sent with a secret key (``track``) or a public one (``claim``)."""
    answer = await getattr(site, send)(send, UUID="v", **parameters)
    assert answer.status == 200, answer
    (row,) = site.events(event=send)
    return row


async def stored_by_both(site: Site, **parameters: Any) -> list[dict[str, Any]]:
    """What is stored of the same with either key."""
    return [await stored(site, send, **parameters) for send in ("track", "claim")]


async def test_an_event_without_a_time_happened_when_it_was_received(site: Site) -> None:
    for row in await stored_by_both(site):
        assert (row["time"], row["received"]) == (NOW, NOW)
        assert not {"timestamp", "sent_at"} & row.keys()


@pytest.mark.parametrize("ago", [0, 0.001, 3600, 6 * 86_400])
async def test_an_event_happened_at_its_timestamp(site: Site, ago: float) -> None:
    for row in await stored_by_both(site, Timestamp=moment(seconds=ago)):
        assert (row["time"], row["received"]) == (NOW - timedelta(seconds=ago), NOW)


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "ago"),
    [
        pytest.param(moment(hours=2), moment(hours=1), timedelta(hours=1), id="an hour slow"),
        pytest.param(moment(hours=-4), moment(hours=-5), timedelta(hours=1), id="five hours fast"),
        pytest.param(moment(days=3650), moment(days=3649), timedelta(days=1), id="its battery was empty"),
        pytest.param(moment(seconds=10), moment(), timedelta(seconds=10), id="right"),
        pytest.param(moment(minutes=1), moment(minutes=1), timedelta(), id="sent at once"),
        pytest.param(moment(hours=-4), moment(hours=-3), timedelta(), id="sent before it happened"),
        pytest.param(moment(hours=4), moment(hours=5), timedelta(), id="slow, and sent before it happened"),
    ],
)
async def test_a_wrong_clock_is_corrected_by_what_it_said_when_the_event_left(
    site: Site, timestamp: str, sent_at: str, ago: timedelta
) -> None:
    for row in await stored_by_both(site, Timestamp=timestamp, SentAt=sent_at):
        assert row["time"] == NOW - ago


async def test_the_moment_of_sending_alone_says_nothing(site: Site) -> None:
    for row in await stored_by_both(site, SentAt=moment(hours=1)):
        assert (row["time"], row["sent_at"]) == (NOW, moment(hours=1))


@pytest.mark.parametrize("ahead", [0.001, 86_400, 86_400 * 365 * 50])
async def test_a_time_in_the_future_is_now(site: Site, ahead: float) -> None:
    for row in await stored_by_both(site, Timestamp=moment(seconds=-ahead)):
        assert (row["time"], row["timestamp"]) == (NOW, moment(seconds=-ahead))


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        (1_777_800_000, 1_777_863_720.5),
        (1_777_800_000_123, "1777863720500"),
        ("2026-05-03T12:00:00+05:30", " 2026-05-04T03:02:00Z "),
        ("20260503", "2026-05-04"),
    ],
)
async def test_what_the_client_said_is_kept_as_it_was_said(site: Site, timestamp: Any, sent_at: Any) -> None:
    for row in await stored_by_both(site, Timestamp=timestamp, SentAt=sent_at):
        assert (row["timestamp"], row["sent_at"]) == (timestamp, sent_at)
        assert isinstance(row["timestamp"], type(timestamp))
        assert isinstance(row["sent_at"], type(sent_at))
        assert row["time"] < row["received"] == NOW


@pytest.mark.parametrize(
    ("ago", "kept"),
    [
        (WEEK - timedelta(milliseconds=1), WEEK - timedelta(milliseconds=1)),
        (WEEK, WEEK),
        (WEEK + timedelta(milliseconds=1), WEEK),
        (timedelta(days=3650), WEEK),
    ],
    ids=str,
)
async def test_a_public_key_reaches_back_seven_days_and_no_further(site: Site, ago: timedelta, kept: timedelta) -> None:
    row = await stored(site, "claim", Timestamp=(NOW - ago).isoformat())
    assert (row["time"], row["timestamp"]) == (NOW - kept, (NOW - ago).isoformat())


async def test_the_seven_days_of_a_public_key_are_counted_in_corrected_time(site: Site) -> None:
    row = await stored(site, "claim", Timestamp=moment(days=30), SentAt=moment(days=29))
    assert row["time"] == NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        ("1999-12-31", datetime(1999, 12, 31, tzinfo=UTC)),
        (-86_400, datetime(1969, 12, 31, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
async def test_a_secret_key_reaches_back_as_far_as_it_says(site: Site, timestamp: Any, time: datetime) -> None:
    row = await stored(site, "track", Timestamp=timestamp)
    assert (row["time"], row["timestamp"]) == (time, timestamp)


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "known", "claimed"),
    [
        ("0001-01-01", "9999-12-31", datetime(1, 1, 1, tzinfo=UTC), NOW - WEEK),
        ("9999-12-31", "0001-01-01", NOW, NOW),
        ("0001-01-01", "0001-01-01", NOW, NOW),
        ("9999-12-31", "9999-12-31", NOW, NOW),
    ],
)
async def test_moments_at_the_ends_of_the_calendar_are_corrected_as_far_as_it_goes(
    site: Site, timestamp: str, sent_at: str, known: datetime, claimed: datetime
) -> None:
    rows = await stored_by_both(site, Timestamp=timestamp, SentAt=sent_at)
    assert [row["time"] for row in rows] == [known, claimed]


async def test_the_automatic_identify_and_the_link_are_of_the_corrected_time(site: Site) -> None:
    row = await stored(site, "track", Email="jane@example.com", Timestamp=moment(days=2), SentAt=moment(days=1))
    (identify,) = site.events(automatic=True)
    assert row["time"] == identify["time"] == NOW - timedelta(days=1)
    visitor = site.visitor("v")
    assert visitor is not None
    assert visitor["links"][0]["since"] == row["time"]


async def test_an_event_without_an_event_id_is_placed_by_when_it_came_not_by_its_time(site: Site, clock: Clock) -> None:
    await site.track("first", Timestamp=moment(days=1))
    clock.move(seconds=1)
    await site.track("second", Timestamp=moment(days=2))
    rows = list(site.db["events"].find({"scope": site.scope}).sort("_id", 1))
    assert [row["event"] for row in rows] == ["first", "second"]
