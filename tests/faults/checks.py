"""What must hold after every fault, by what MongoDB holds."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.support.books import read_books
from tests.support.live import Live, eventually
from tests.support.traffic import Traffic, connection, send
from tests.support.wire import ask

Row = dict[str, Any]


def drained(live: Live) -> dict[str, float]:
    """The books once nothing waits; they balance at any moment."""

    def at_rest() -> dict[str, float] | None:
        books = read_books(live.url)
        return None if books["footfall_events_in_flight"] + books["footfall_spool_events"] else books

    found: dict[str, float] = eventually(at_rest)
    return found


def stored(live: Live) -> list[Row]:
    """The events that were sent, as they are stored."""
    return list(live.db["events"].find({"automatic": {"$exists": False}}))


def check(live: Live, traffic: Traffic, lost: int = 0, counted: float = 0.0) -> None:
    """All that was acknowledged is there once, all else at most once, and what was never sent not at all; and what
    follows from the events: people, the catalog, the books.

    Args:
        lost: how many that were acknowledged were destroyed, where they waited. One whose first insertion MongoDB took
            after all, when it was no longer waited for, is there all the same.
        counted: seconds for which the statistics are waited for; 0: they are not looked at.
    """
    books = drained(live)
    found = Counter(row["event_id"] for row in stored(live))
    assert found
    assert max(found.values()) == 1
    missing = len(set(traffic.acknowledged) - found.keys())
    assert missing <= lost
    assert found.keys() <= {*traffic.acknowledged, *traffic.unknown}
    assert (traffic.wrong, traffic.statuses <= {200, 503}) == ([], True)
    print(
        f"{len(traffic.acknowledged)} acknowledged, {len(traffic.unknown)} unknown of which {_there(traffic, found)} "
        f"are stored, {found.total()} stored, {missing} missing, slowest {traffic.slowest:.2f} s; {_told(books)}"
    )
    _send_again(live, traffic, found)
    assert len(stored(live)) == len(traffic.acknowledged) + len(traffic.unknown) - missing
    drained(live)
    _check_people(live)
    _check_names(live)
    if counted:
        eventually(lambda: _statistics(live) == _named(live), counted)
        eventually(lambda: _rolled(live) == _timed(live), counted)


def check_books(live: Live) -> None:
    """What one process has counted, that lived all the time, is what is stored. An event that was refused since nobody
    knew whether it is stored may be."""
    books = drained(live)
    assert books["stored"] <= len(stored(live)) <= books["stored"] + books.get("refused", 0)


def _there(traffic: Traffic, found: Counter[str]) -> int:
    return len(set(traffic.unknown) & found.keys())


def _told(books: dict[str, float]) -> str:
    names = ("stored", "duplicate", "refused", "set_aside", "damaged")
    return ", ".join(f"{name} {books[name]:.0f}" for name in names if name in books)


def _send_again(live: Live, traffic: Traffic, found: Counter[str]) -> None:
    """Of what was not acknowledged, that is a duplicate which is stored, and all else is stored now."""
    with contextlib.closing(connection(live.url)) as on:
        for sent in traffic.unanswered:
            status, _, answer = send(on, sent)
            results = answer.get("results", [answer])
            assert status == 200, answer
            told = {event_id: "duplicate" in result for event_id, result in zip(sent.ids, results, strict=True)}
            assert told == {event_id: event_id in found for event_id in sent.ids}, answer


def _check_people(live: Live) -> None:
    """Every address is one subscriber, announced by one automatic identify, and no event of it is without either."""
    named = [row for row in stored(live) if "email" in row]
    addresses = {row["email"]: row["subscriber"] for row in named}
    assert len({(row["email"], row["subscriber"]) for row in named}) == len(addresses) > 1
    announced = Counter(row["email"] for row in live.db["events"].find({"automatic": True}))
    assert announced == dict.fromkeys(addresses, 1)
    assert {row["email"]: row["_id"] for row in live.db["subscribers"].find()} == addresses


def _check_names(live: Live) -> None:
    """The catalog lists the names of the events, and no other."""
    path = f"/api/v1/website_events.properties?ListID={live.demo['list_id']}"
    found = ask(f"{live.url}{path}", Authorization=f"Bearer {live.demo['secret_key']}").json["Properties"]
    names: dict[str, set[str]] = {}
    for row in stored(live):
        names.setdefault(row["event"], set()).update(row["properties"])
    assert found == {event: sorted(own) for event, own in names.items()}


def _named(live: Live) -> Counter[tuple[str, str | None]]:
    """How often each event, and each name of it, is stored."""
    found: Counter[tuple[str, str | None]] = Counter()
    for row in stored(live):
        found.update((row["event"], name) for name in [None, *row["properties"]])
    return found


def _statistics(live: Live) -> Counter[tuple[str, str | None]]:
    """The same as it has been counted."""
    rows = live.db["catalog_counts"].find({"generation": _generation(live)})
    # What pages send here, no browser sends: it is a bot's, and counted apart.
    return Counter({(row["event"], row["name"]): row["n"] + row["bots"] for row in rows})


def _timed(live: Live) -> Counter[tuple[str | None, datetime]]:
    """How often each event, and any, is stored in each quarter of an hour."""
    found: Counter[tuple[str | None, datetime]] = Counter()
    for row in stored(live):
        slot = row["time"].replace(minute=row["time"].minute // 15 * 15, second=0, microsecond=0)
        found.update([(row["event"], slot), (None, slot)])
    return found


def _rolled(live: Live) -> Counter[tuple[str | None, datetime]]:
    """The same as it has been counted."""
    found: Counter[tuple[str | None, datetime]] = Counter()
    for row in live.db["rollups"].find({"generation": _generation(live)}):
        for number, (n, bots) in enumerate(zip(row["events"], row["bots"], strict=True)):
            found[row["event"], row["day"] + number * timedelta(minutes=15)] += n + bots
    return +found


def _generation(live: Live) -> int:
    fold = live.db["writers"].find_one({"leader": {"$exists": True}}) or {}
    return int(fold.get("generation", 0))
