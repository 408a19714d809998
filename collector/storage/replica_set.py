"""Making a lone mongod a replica set of one node, with a user of its own: what the embedded MongoDB needs done inside.

MongoDB lets a connection from the same machine in without a password until the first user exists (its "localhost
exception"), for just this: to initiate or reconfigure the replica set, and to create that user.
"""

from __future__ import annotations

import asyncio
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from collector.errors import StartupError
from collector.model import Document

_POLL_SECONDS = 0.02
_TIMEOUT_MS = 5_000

# Server codes, from MongoDB's error_codes.yml.
_UNAUTHORIZED, _AUTHENTICATION_FAILED = 13, 18
_ALREADY_INITIALIZED, _NOT_A_MEMBER, _NOT_INITIALIZED = 23, 93, 94
_USER_EXISTS = 51003

_PASSING = frozenset({_ALREADY_INITIALIZED, _UNAUTHORIZED, 91, 109, 189, 10107, 11600, 11602, 13435, 13436})
"""Not a failure, but a node that is on its way: loading its configuration, electing itself, stepping up."""


class ReplicaSet:
    """The replica set of one node at a port of 127.0.0.1.

    Args:
        name: of the replica set.
        port: where the node listens.
        user: the user that is to exist, with all rights.
        password: the user's.
    """

    def __init__(self, name: str, port: int, user: str, password: str) -> None:
        self._name = name
        self._port = port
        self._user = user
        self._password = password

    async def settle(self, timeout: float) -> None:  # noqa: ASYNC109 - one limit over many steps, with a text of its own
        """Waits until the node is the primary and the user exists, doing whatever that takes.

        Every step follows from what the node says, so this continues wherever an earlier try was cut short, and also
        when the node listens on another port than its configuration says.

        Args:
            timeout: seconds.

        Raises:
            StartupError: that time is over, or the data belong to another password.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._finish()
        except TimeoutError:
            raise StartupError(f"The embedded MongoDB did not become ready in {timeout:.0f} s") from None
        except PyMongoError as error:
            raise StartupError(f"The embedded MongoDB could not be set up: {type(error).__name__}") from error

    async def _finish(self) -> None:
        while True:
            # Clients of their own each time: one that was refused once would be of no use for the next 10 s.
            anonymous, known = self._client(), self._client(self._user, self._password)
            try:
                if await self._step(anonymous, known):
                    return
            except ConnectionFailure:
                pass  # it is not there yet, or overwhelmed; the caller's time runs
            finally:
                anonymous.close()
                known.close()
            await asyncio.sleep(_POLL_SECONDS)

    async def _step(self, anonymous: AsyncIOMotorClient[Document], known: AsyncIOMotorClient[Document]) -> bool:
        """One look at the node, and what it calls for. Returns whether nothing is left to do."""
        primary = bool((await anonymous.admin.command("hello")).get("isWritablePrimary"))
        admitted = await _is_admitted(known)
        if not primary:
            await self._configure(known if admitted else anonymous)
        elif not admitted:
            await self._create_user(anonymous)
        return primary and admitted

    async def _configure(self, client: AsyncIOMotorClient[Document]) -> None:
        state = await _failure(client, "replSetGetStatus", 1)
        config: Document = {"_id": self._name, "members": [{"_id": 0, "host": f"127.0.0.1:{self._port}"}]}
        if state == _NOT_INITIALIZED:  # or its configuration is not loaded yet: then it refuses, as initialized
            await _failure(client, "replSetInitiate", config)
        elif state == _NOT_A_MEMBER:  # its configuration names another port; by force, since there is no primary to ask
            await _failure(client, "replSetReconfig", config | {"version": 1}, force=True)

    async def _create_user(self, client: AsyncIOMotorClient[Document]) -> None:
        try:
            await client.admin.command("createUser", self._user, pwd=self._password, roles=["root"])
        except OperationFailure as error:
            if error.code not in (_UNAUTHORIZED, _USER_EXISTS):
                raise
            raise StartupError("The data of the embedded MongoDB belong to another password") from error

    def _client(self, username: str | None = None, password: str | None = None) -> AsyncIOMotorClient[Document]:
        return AsyncIOMotorClient(
            host="127.0.0.1",
            port=self._port,
            directConnection=True,
            appname="footfall-setup",
            serverSelectionTimeoutMS=_TIMEOUT_MS,
            connectTimeoutMS=_TIMEOUT_MS,
            socketTimeoutMS=_TIMEOUT_MS,
            username=username,
            password=password,
        )


async def _is_admitted(known: AsyncIOMotorClient[Document]) -> bool:
    try:
        await known.admin.command("ping")
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            return False
        raise
    return True


async def _failure(client: AsyncIOMotorClient[Document], command: str, value: Any, **more: Any) -> int | None:
    """Runs a command. Returns the code of a refusal that is the node's state and no failure; None where it worked."""
    try:
        await client.admin.command(command, value, **more)
    except OperationFailure as error:
        if error.code in _PASSING | {_NOT_A_MEMBER, _NOT_INITIALIZED}:
            return error.code
        raise
    return None
