"""Replica sets of a test's own, whose members may be killed one by one."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from collector.embedded.mongod import find_mongod
from collector.embedded.state import is_free
from tests.support.live import PATIENCE, eventually, free_port

_NAME = "faults"
_SETTINGS = {"electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 250, "heartbeatTimeoutSecs": 1}
"""Another primary is elected after a second, not ten."""


class Member:
    """A mongod.

    Args:
        place: where its data are.
    """

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; it must be killed."""
        host, _, port = self.address.partition(":")
        options = ["--dbpath", str(self._place), "--logpath", str(self._place / "log"), "--logappend", "--quiet"]
        options += ["--bind_ip", host, "--port", port, "--replSet", _NAME, "--oplogSize", "100"]
        options += ["--wiredTigerCacheSizeGB", "0.25", "--setParameter", "enableTestCommands=1"]
        self._process = subprocess.Popen(
            [str(find_mongod()), *options], start_new_session=True, stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Kills it."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(PATIENCE)


class ReplicaSet:
    """Mongods that are one MongoDB.

    Args:
        members: which run.
    """

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        hosts = ",".join(member.address for member in members)
        self.uri = f"mongodb://{hosts}/?replicaSet={_NAME}"

    def initiate(self) -> None:
        """Makes them one; returns once there is a primary."""
        hosts = [member.address for member in self.members]
        members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
        config = {"_id": _NAME, "members": members, "settings": _SETTINGS}
        first = self.members[0].address
        eventually(lambda: not any(is_free(int(address.rpartition(":")[2])) for address in hosts))
        with MongoClient[dict[str, Any]](f"mongodb://{first}/?directConnection=true") as client:
            client.admin.command("replSetInitiate", config)
        eventually(self.primary)

    def primary(self) -> Member | None:
        """The member that takes writes, by its own word; None where there is none now."""
        return next((member for member in self.members if _takes_writes(member)), None)


def _takes_writes(member: Member) -> bool:
    uri = f"mongodb://{member.address}/?directConnection=true&timeoutMS=1000"
    with MongoClient[dict[str, Any]](uri) as client, contextlib.suppress(PyMongoError):
        return bool(client.admin.command("hello")["isWritablePrimary"])
    return False


@contextlib.contextmanager
def replica_set(place: Path, members: int) -> Iterator[ReplicaSet]:
    """A replica set, ended in the end."""
    made = [Member(place / f"member {number}") for number in range(members)]
    try:
        for member in made:
            member.start()
        found = ReplicaSet(made)
        found.initiate()
        yield found
    finally:
        for member in made:
            member.kill()
