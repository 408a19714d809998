"""Section 3 of the contract: what a login costs, and whom."""

from __future__ import annotations

import asyncio
import threading
import time
from statistics import median

import pytest
from argon2 import PasswordHasher

from tests.contract.test_access import LOGIN, login
from tests.support.clock import Clock
from tests.support.live import Live
from tests.support.site import Site


def test_of_a_password_a_hash_is_kept_that_takes_memory_and_time(live: Live) -> None:
    kept = live.db["users"].find_one({"name": live.demo["user"]})["password"]
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords take what they take where people run a collector."""
    monkeypatch.setattr("collector.access.passwords.PasswordHasher", PasswordHasher)


@pytest.mark.usefixtures("costly")
@pytest.mark.gen_test(timeout=60)
async def test_an_unknown_name_takes_the_work_of_a_wrong_password(site: Site, clock: Clock) -> None:
    hashed = PasswordHasher().hash(site.password)
    site.db["users"].update_one({"name": site.user}, {"$set": {"password": hashed}})

    async def seconds(name: str) -> float:
        clock.move(seconds=60)  # out of the reach of the limit on tries
        began = time.process_time()  # which is the work, whatever else this machine does meanwhile
        assert (await site.call(LOGIN, {"Username": name, "Password": "wrong"})).status == 401
        return time.process_time() - began

    await seconds("the first try does more")
    known, unknown = [], []
    for number in range(5):
        known.append(await seconds(site.user))
        unknown.append(await seconds(f"nobody {number}"))
    assert 0.5 < median(unknown) / median(known) < 2


@pytest.mark.gen_test(timeout=90)
async def test_a_login_holds_up_nobody_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One password is verified at a time, as long as it may take; another login waits for that, and nobody else."""
    free, verified = threading.Event(), list[bool]()

    def held(*_: object) -> bool:
        verified.append(free.wait(20))
        return verified[-1]

    monkeypatch.setattr("argon2.PasswordHasher.verify", held)
    logins = asyncio.gather(*[login(site) for _ in range(2)])
    for _ in range(20):
        assert (await site.track()).status == 200
    assert (verified, logins.done()) == ([], False)
    free.set()
    await logins
    assert verified == [True, True]
