"""Days in time zones: when they begin, where clocks are changed or a day is left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from collector.zones import day_edges, zone_named


def _hours(zone: str, last: str, days: int) -> list[float]:
    found = zone_named(zone)
    assert found
    edges = [edge.astimezone(UTC) for edge in day_edges(date.fromisoformat(last), days, found)]
    return [(end - begin) / timedelta(hours=1) for begin, end in pairwise(edges)]


@pytest.mark.parametrize(
    ("zone", "last", "hours"),
    [
        ("UTC", "2026-03-30", [24, 24, 24]),
        ("Europe/Berlin", "2026-03-30", [24, 23, 24]),
        ("Europe/Berlin", "2026-10-26", [24, 25, 24]),
        ("Australia/Lord_Howe", "2026-04-06", [24, 24.5, 24]),
        ("Australia/Lord_Howe", "2026-10-05", [24, 23.5, 24]),
        ("Asia/Kathmandu", "2026-03-30", [24, 24, 24]),
        ("America/Sao_Paulo", "2018-11-05", [24, 23, 24]),  # from 0:00 to 1:00: there is no midnight
        ("America/Sao_Paulo", "2018-02-18", [24, 25, 24]),  # from 0:00 back to 23:00
        ("America/Havana", "2026-11-02", [24, 25, 24]),  # from 1:00 back to 0:00: there are two
        ("Pacific/Apia", "2011-12-31", [24, 0, 24]),  # the 30th was left out
    ],
)
def test_a_day_has_the_hours_that_its_zone_gives_it(zone: str, last: str, hours: list[float]) -> None:
    assert _hours(zone, last, 3) == hours


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Europe/Berlin", datetime(2026, 7, 1, 22, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 7, 1, 18, 15, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 7, 1, 18, 30, tzinfo=UTC)),
        ("Pacific/Chatham", datetime(2026, 7, 1, 11, 15, tzinfo=UTC)),
        ("America/St_Johns", datetime(2026, 7, 2, 2, 30, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_its_midnight(zone: str, begins: datetime) -> None:
    found = zone_named(zone)
    assert found
    assert day_edges(date(2026, 7, 2), 1, found)[0] == begins


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+5", "America/Argentina/Ushuaia", "Asia/Calcutta"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    found = zone_named(name)
    assert found and found.key == name


@pytest.mark.parametrize(
    "name",
    ["", "berlin", "europe/berlin", "Europe", "Europe/", "/etc/localtime", "../UTC", "UTC\0", "+01:00", 1, None, []],
)
def test_what_is_no_name_is_none(name: object) -> None:
    assert zone_named(name) is None
