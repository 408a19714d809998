"""The catalog says what plain Python makes of the stored events, whatever has happened, and so does a rebuild."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from collector.catalog.caps import Caps
from collector.model import Event
from collector.storage.connection import Store
from collector.storage.guard import StoreAway
from tests.support.collectors import Death
from tests.support.counting import NOW, Process, answers, count_all, event, expected, forget, rebuild

CAPS = Caps(events=3, names=3, total=7, slack=1_000)
"""Small, and with so much slack that nothing is left out: what is, is ``test_catalog``'s."""

EVENTS = st.builds(
    lambda name, properties, trust, age, lag, keeps, bot: event(
        name,
        properties,
        trust,
        received=NOW - timedelta(days=age[0], minutes=age[1]),
        time=NOW - timedelta(days=age[0], minutes=age[1] + lag),
        keeps=keeps,
        bot=bot,
    ),
    st.sampled_from(["page_view", "sign_up", "", "d", "$"]),
    st.dictionaries(
        st.sampled_from(["a", "$b", "", "c.d", ":"]),
        st.sampled_from([1, 0.5, "", None, True, [], {"a": 1}]),
        max_size=4,
    ),
    st.sampled_from(["secret", "public"]),
    st.tuples(st.sampled_from([0, 0, 1, 40]), st.integers(0, 3)),  # of those that are not kept, the last has ended
    st.sampled_from([0, 500_000]),
    st.booleans(),
    st.booleans(),
)


@dataclass
class Host:
    """A place where one process follows another. ``heard`` are all that hear of a rebuild."""

    store: Store
    heard: list[Host]

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Another process."""
        self.death = Death()
        self.process = Process(self.store, CAPS, self.death)

    async def act(self, act: str, events: list[Event], n: int) -> None:
        """One thing that happens to it."""
        try:
            if act == "store":
                await self.process.store(*events)
            elif act == "die":
                self.death.arm(n)
                await self.process.store(*events)
                await self.process.rounds(2)
            elif act == "count":
                await self.process.rounds()
            elif act == "lose":
                self.process.ledger.take(n)
            elif act == "renew":
                self.process.ledger.renew()
            elif act == "rebuild":
                death = Death()
                death.arm(n)
                await rebuild(self.store, *(host.process for host in self.heard), caps=CAPS, before=death)
        except StoreAway:
            pass
        if act in ("die", "end"):
            await self.process.ledger.close()
            self.begin()


ACTS = st.tuples(
    st.integers(0, 1),
    st.sampled_from(["store", "store", "store", "count", "count", "die", "end", "lose", "renew", "rebuild"]),
    st.lists(EVENTS, min_size=1, max_size=3),
    st.integers(1, 20),
)


async def _live(store: Store, acts: list[tuple[int, str, list[Event], int]]) -> None:
    hosts: list[Host] = []
    hosts += [Host(store, hosts), Host(store, hosts)]
    for place, act, events, n in acts:
        await hosts[place].act(act, events, n)
    for host in hosts:
        await host.process.ledger.close()
    await count_all(store, CAPS)


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
)
@given(acts=st.lists(ACTS, min_size=4, max_size=14))
def test_whatever_happens_the_catalog_says_what_is_stored_and_so_does_a_rebuild(
    io_loop: IOLoop, store: Store, database: Any, acts: list[tuple[int, str, list[Event], int]]
) -> None:
    forget(database)

    async def compare() -> None:
        await _live(store, acts)
        wanted = expected(database["events"].find(), CAPS)
        assert await answers(store, CAPS) == wanted
        await rebuild(store, caps=CAPS)
        assert await answers(store, CAPS) == wanted

    io_loop.run_sync(compare)
