"""However many clients come, the limits take little memory, and what is forgotten of them is still counted."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.access.contact import Contact
from collector.access.emails import Emails
from collector.access.leases import Budget, Leases
from collector.access.tally import Tally
from collector.access.windows import Window
from collector.metrics import Metrics
from collector.storage.connection import Store
from collector.storage.health import Health
from tests.support.limits import Watched

VERY_MANY = """
from pathlib import Path
from collector.access.limits import Budget, Limits
from collector.metrics import Metrics
from collector.storage.health import Health

def peak():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

limits = Limits(lambda: 6000.0, lambda: bytes(32), None, Health(), Metrics())
before = peak()
passed = sum(limits.try_spend([Budget(f"public/pk_12345678/{number:024x}", 1_000)]) for number in range(500_000))
print(passed, peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a process is read from /proc")
def test_a_million_clients_in_a_window_take_less_than_20_mib_and_no_round_trip() -> None:
    """Half as many are asked for: they have the last of the tables made, which has room for the others."""
    run = subprocess.run([sys.executable, "-c", VERY_MANY], capture_output=True, text=True, timeout=60, check=True)
    passed, mebibytes = run.stdout.split()
    assert int(passed) == 500_000
    assert 1 < float(mebibytes) < 20


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 300), st.integers(0, 300))))
def test_a_tally_counts_as_a_dictionary_does(steps: list[tuple[int, int, int]]) -> None:
    tally, wanted = Tally([16, 64]), Counter[str]()
    for number, cost, most in steps:
        name = f"name {number}"
        fits = wanted[name] + cost <= min(most, 255)
        assert tally.add(name, cost, most) is fits
        wanted[name] += cost * fits
        assert tally.count(name) == wanted[name]


def test_a_tally_takes_back_what_it_has_counted() -> None:
    tally = Tally([16])
    assert [tally.add("a", 3, 4), tally.add("a", 2, 4)] == [True, False]
    tally.take_back("a", 3)
    assert [tally.count("a"), tally.add("a", 4, 4), tally.count("b")] == [0, True, 0]


def test_a_tally_that_is_full_goes_on_counting_those_whom_it_knows() -> None:
    tally = Tally([16, 32])
    assert [tally.add(f"{number}", 1, 9) for number in range(37)] == [True] * 36 + [False]
    assert [tally.add(f"{number}", 1, 9) for number in range(36)] == [True] * 36
    assert {tally.count(f"{number}") for number in range(36)} == {2}
    assert (tally.count("36"), tally.names) == (0, 36)


WINDOW = Window(1_000, lambda: bytes(32))


def _contact(limits: Watched, health: Health | None = None) -> Contact:
    return Contact(limits, health or Health(), lambda: 1, Metrics())  # type: ignore[arg-type]


async def _spend(leases: Leases, budget: Budget) -> bool:
    while not leases.take(budget):
        if leases.remaining(budget) < budget.cost:
            return False
        await leases.fill([budget])
    return True


@pytest.mark.gen_test(timeout=30)
async def test_clients_for_whom_there_is_no_room_are_counted_all_the_same(store: Store) -> None:
    watched = Watched(store)
    leases = Leases(WINDOW, _contact(watched), lambda: 60_000.0, Tally([4]), most=1)
    names = [f"client {number}" for number in range(4)]
    passed = [name for _ in range(205) for name in names if await _spend(leases, Budget(name, 200))]
    assert Counter(passed) == dict.fromkeys(names, 200)
    assert len(leases) == 3 + 1


@pytest.mark.gen_test(timeout=30)
async def test_what_is_forgotten_can_be_given_back_all_the_same(store: Store) -> None:
    health, one, other = Health(), Budget("one", 100), Budget("other", 100)
    health.away = True
    leases = Leases(WINDOW, _contact(Watched(store), health), lambda: 60_000.0, Tally([4]), most=1)
    assert [leases.take(one), leases.take(one), leases.take(other), leases.take(other)] == [True] * 4
    for _ in range(2):
        leases.give_back(one)
    assert leases.remaining(one) == 100


@pytest.mark.gen_test(timeout=30)
async def test_a_busy_budget_keeps_its_large_leases_among_clients_for_whom_there_is_no_room(store: Store) -> None:
    watched, user = Watched(store), Budget("user/1/track", 5_000)
    leases = Leases(WINDOW, _contact(watched), lambda: 60_000.0, Tally([4]), most=8)
    passed = sum([await _spend(leases, user) for _ in range(60)])
    for number in range(300):
        assert await _spend(leases, Budget(f"client {number}", 100))
        for _ in range(10):
            passed += await _spend(leases, user)
    assert passed == 3_060
    assert watched.operations < 300 + 3_000 / 20


@pytest.mark.gen_test(timeout=30)
async def test_claims_of_clients_for_whom_there_is_no_room_are_counted_all_the_same(store: Store) -> None:
    emails = Emails(WINDOW, _contact(Watched(store)), lambda: 60_000.0, most_clients=2)
    claimed = [
        (client, email)
        for email in "abcabd"
        for client in ("one", "two", "three")
        if await emails.allowed(client, [email], 3)
    ]
    assert claimed == [(client, email) for email in "abcab" for client in ("one", "two", "three")]
    assert len(emails) == 2
