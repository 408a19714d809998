"""The load under which faults happen: singles and batches, of servers and of pages, with people old and new."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.support.live import Live, eventually
from tests.support.traffic import PATH, Sending, Traffic, sending

CLIENTS = 12
PAUSE = 0.05
BATCH = "/api/v1/events"
PAGE = {"Origin": "http://127.0.0.1:8000"}
MOST_IN_BATCH = 40


class Load:
    """What clients send to a demo: of four, one sends events and one batches with the secret key, and one of each with
    the public key. The same seed makes the same events.

    Args:
        live: whose demo.
        seed: decides sizes, addresses and values.
    """

    def __init__(self, live: Live, seed: int) -> None:
        self._demo = live.demo
        self._seed = seed

    def __call__(self, client: int, n: int) -> Sending:
        """A client's n-th request."""
        chance = random.Random(f"{self._seed} {client} {n}")
        is_public, is_batch = client % 2 == 1, client % 4 >= 2
        count = chance.randint(2, MOST_IN_BATCH) if is_batch else 1
        events = [_event(chance, client, n, place) for place in range(count)]
        given = {"Events": events} if is_batch else events[0]
        return Sending(
            tuple(event["EventID"] for event in events),
            json.dumps({**self._key(is_public), **given}),
            BATCH if is_batch else PATH,
            PAGE if is_public else {},
        )

    def _key(self, is_public: bool) -> dict[str, Any]:
        if is_public:
            return {"APIKey": self._demo["public_key"]}
        return {"APIKey": self._demo["secret_key"], "ListID": self._demo["list_id"]}


def _event(chance: random.Random, client: int, n: int, place: int) -> dict[str, Any]:
    """Its address may be one that all name, or one that several clients bring at the same time; and every now and then
    there is a name of an event, or of a property, that nobody has sent before."""
    value = chance.choice([n, f"text {n}", n % 2 == 0, [n], None])
    event = {
        "Event": f"step {n // 40}",
        "EventID": f"{client}-{n}-{place}",
        "UUID": f"v{client}",
        "Properties": {"n": n, f"p{n // 15}": value},
    }
    kind = chance.random()
    if kind < 0.2:
        event["Email"] = f"new{n // 5}@example.com"
    elif kind < 0.3:
        event["Email"] = f"old{chance.randrange(10)}@example.com"
    return event


@contextlib.contextmanager
def loaded(live: Live, chance: random.Random) -> Iterator[Traffic]:
    """The load, until the block ends."""
    with sending([live.url], CLIENTS, Load(live, chance.randrange(10**6)), PAUSE) as traffic:
        more(traffic)
        yield traffic


def more(traffic: Traffic, than: int = 200) -> None:
    """Returns once so many more events are acknowledged."""
    before = len(traffic.acknowledged)
    eventually(lambda: len(traffic.acknowledged) > before + than)
