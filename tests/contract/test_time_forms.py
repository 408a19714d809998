"""Section 4 of the contract, code 16: the ways to write a time, and that the original is kept beside what it means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.shop import Shop, new_name, open_shop
from tests.support.verdicts import assert_refused

shop = pytest.fixture(scope="module")(open_shop)

TEN = datetime(2024, 1, 31, 10, tzinfo=UTC)
HALF = TEN.replace(microsecond=500_000)
EPOCH = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)

FORMS: list[tuple[Any, datetime]] = [
    ("2024-01-31T10:00:00Z", TEN),
    ("2024-01-31T10:00:00", TEN),
    ("2024-01-31T10:00", TEN),
    ("2024-01-31T10", TEN),
    ("2024-01-31 10:00:00", TEN),
    ("2024-01-31t10:00:00z", TEN),
    (" 2024-01-31T10:00:00Z\n", TEN),
    ("2024-01-31T12:00:00+02:00", TEN),
    ("2024-01-31T12:00:00+0200", TEN),
    ("2024-01-31T12:00:00+02", TEN),
    ("2024-01-31 12:00:00 +02:00", TEN),
    ("2024-01-31T04:30:00-05:30", TEN),
    ("2024-02-01T00:00:00+14:00", TEN),
    ("2024-01-31T10:00:00.5Z", HALF),
    ("2024-01-31T10:00:00,5Z", HALF),
    ("2024-01-31T10:00:00.500999999Z", HALF),
    ("20240131T100000Z", TEN),
    ("2024-W05-3T10:00Z", TEN),
    ("2024-01-31", TEN.replace(hour=0)),
    ("20240131", TEN.replace(hour=0)),
    (1700000000, EPOCH),
    (1700000000.0, EPOCH),
    (1700000000000, EPOCH),
    (1700000000000.9, EPOCH),
    ("1700000000", EPOCH),
    ("1700000000000", EPOCH),
    (" 1700000000 ", EPOCH),
    ("1700000000.5", EPOCH.replace(microsecond=500_000)),
    (1700000000.5, EPOCH.replace(microsecond=500_000)),
    (0, datetime(1970, 1, 1, tzinfo=UTC)),
    (-86400, datetime(1969, 12, 31, tzinfo=UTC)),
    ("-1700000000", datetime(1916, 2, 18, 1, 46, 40, tzinfo=UTC)),
    (100_000_000_000, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
    ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("value", "moment"), FORMS, ids=lambda value: repr(value)[:30])
def test_a_time_may_be_written_in_many_ways(shop: Shop, value: Any, moment: datetime) -> None:
    name = new_name()
    assert shop.track(name, Timestamp=value).status == 200
    row = shop.stored(event=name)
    assert row["time"] == moment
    assert row["timestamp"] == value
    assert type(row["timestamp"]) is type(value) or isinstance(value, int)


@pytest.mark.parametrize(("value", "moment"), FORMS, ids=lambda value: repr(value)[:30])
def test_the_time_of_sending_may_be_written_in_the_same_ways(shop: Shop, value: Any, moment: datetime) -> None:
    """Sent when it happened: by the collector's clock that is when it came."""
    name = new_name()
    assert shop.track(name, Timestamp=moment.isoformat(), SentAt=value).status == 200
    row = shop.stored(event=name)
    assert (row["time"], row["sent_at"]) == (row["received"], value)


@pytest.mark.parametrize("value", [99_999_999_999, "99999999999", 2 * 10**14, "9999-12-31T23:59:59Z"], ids=repr)
def test_a_time_to_come_is_a_time(shop: Shop, value: Any) -> None:
    name = new_name()
    assert shop.track(name, Timestamp=value).status == 200
    row = shop.stored(event=name)
    assert (row["time"], row["timestamp"]) == (row["received"], value)


@pytest.mark.parametrize("value", ["1700000000", "1700000000000", "2023-11-14T22:13:20Z", "2023-11-14+22:13:20"])
def test_a_time_may_stand_in_a_form(shop: Shop, value: str) -> None:
    name = new_name()
    assert shop.track_form(f"Event={name}&Timestamp={value}").status == 200
    assert shop.stored(event=name)["time"] == EPOCH


BAD_TIMES: list[Any] = [
    True,
    False,
    [],
    {},
    [1700000000],
    "yesterday",
    "2024",
    "2024-13-01",
    "2024-02-30",
    "2024-01-31T25:00",
    "2024-01-31T10:00:00+25:00",
    "2024-01-31x10:00",
    "2024-01-31👋10:00",
    "2024-01-31+10:00",
    "2024-01-31-10",
    "31.01.2024",
    "Wed, 31 Jan 2024 10:00:00 GMT",
    "NaN",
    "1e10",
    "1_700_000_000",
    "+1700000000",
    "--1700000000",
    "17000000.00.0",
    "\u0661" * 10,
    "0001-01-01T00:00:00+14:00",
    1e300,
    -1e300,
    10**17,
    10**300,
    2**63,
    " " * 200 + "2024-01-31",
    "2024-01-31" + " " * 100_000,
]


@pytest.mark.parametrize("value", BAD_TIMES, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["Timestamp", "SentAt"])
def test_16_a_time_is_iso_8601_or_an_epoch(shop: Shop, value: Any, name: str) -> None:
    assert_refused(shop, {name: value}, 16)


def test_16_two_wrong_times_are_one_error(shop: Shop) -> None:
    assert_refused(shop, {"Timestamp": "x", "SentAt": []}, 16)
