"""Opening MongoDB: what it must be, how it is written to, and what is kept where."""

from __future__ import annotations

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from collector.errors import StartupError
from collector.model import Document
from collector.storage.catalog import Catalog
from collector.storage.events import Events
from collector.storage.identities import Identities
from collector.storage.indexes import ensure_indexes
from collector.storage.keys import Keys
from collector.storage.lists import Lists
from collector.storage.meta import Meta
from collector.storage.sessions import Sessions
from collector.storage.users import Users
from collector.storage.versioned import Versioned

OLDEST = (6, 0)
"""The oldest MongoDB that works: pipelines here use what 6.0 brought."""
_NEEDED = "Footfall needs {}.{} or newer".format(*OLDEST)

_CONNECT_MS = 2_000
_OPERATION_MS = 5_000
_REACH_SECONDS = 5.0
"""How long the first contact may take: enough for a distant server, short enough for who mistyped the address."""
_GOODBYE_SECONDS = 1.0
_INDEX_SECONDS = 3_600.0
"""An upgrade may bring an index over all events there are."""


class Store:
    """All of MongoDB that Footfall uses, a collection an attribute."""

    def __init__(self, client: AsyncIOMotorClient[Document], database: AsyncIOMotorDatabase[Document]) -> None:
        self._client = client
        self.meta = Meta(database)
        self.users = Users(database)
        self.lists = Lists(database)
        self.keys = Keys(database)
        self.sessions = Sessions(database)
        self.identities = Identities(database)
        self.subscribers = Versioned(database, "subscribers")
        self.visitors = Versioned(database, "visitors")
        self.events = Events(database)
        self.catalog = Catalog(database)

    def close(self) -> None:
        """Closes the connections. Where MongoDB is away it is not waited for."""
        with pymongo.timeout(_GOODBYE_SECONDS):
            self._client.close()


async def open_store(uri: str, name: str) -> Store:
    """Connects, checks version and data, and makes what is missing.

    Args:
        uri: a MongoDB connection string; never shown in an error, since it may hold a password.
        name: the database.

    Raises:
        StartupError: unreachable, too old, not let in, or the data are newer than this code.
    """
    client = None
    try:
        client = await _connect(uri)
        store = Store(client, _database(client, name))
        await store.meta.check_version()
        with pymongo.timeout(_INDEX_SECONDS):
            await ensure_indexes(_database(client, name))
    except BaseException as error:
        if client is not None:
            client.close()
        if isinstance(error, PyMongoError):
            raise StartupError(_reason(error)) from error
        raise
    return store


async def _connect(uri: str) -> AsyncIOMotorClient[Document]:
    client = _client(uri, retry_writes=True)
    try:
        with pymongo.timeout(_REACH_SECONDS):
            hello = await client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            # A standalone server refuses retryable writes.
            client.close()
            client = _client(uri, retry_writes=False)
        await _check_age(client)
    except BaseException:
        client.close()
        raise
    return client


def _client(uri: str, retry_writes: bool) -> AsyncIOMotorClient[Document]:
    try:
        return AsyncIOMotorClient(
            uri,
            tz_aware=True,
            appname="footfall",
            retryWrites=retry_writes,
            connectTimeoutMS=_CONNECT_MS,
            timeoutMS=_OPERATION_MS,
        )
    except OSError as error:  # certificates
        raise StartupError(f"A file that the MongoDB address names cannot be read: {error.strerror}") from error
    except (PyMongoError, ValueError, TypeError) as error:
        raise StartupError("The MongoDB address is not a valid connection string (mongodb://…)") from error


async def _check_age(client: AsyncIOMotorClient[Document]) -> None:
    version = (await client.server_info())["version"]
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StartupError(f"MongoDB {version} is too old: {_NEEDED}")


def _database(client: AsyncIOMotorClient[Document], name: str) -> AsyncIOMotorDatabase[Document]:
    return client.get_database(
        name,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )


def _reason(error: PyMongoError) -> str:
    if isinstance(error, ConfigurationError) and "reports wire version" in str(error):
        return f"MongoDB is too old, even for the driver: {_NEEDED}"
    if (
        isinstance(error, ConnectionFailure | ConfigurationError) or error.timeout
    ):  # a name unknown to DNS is the latter
        return "MongoDB cannot be reached at the address given"
    if isinstance(error, OperationFailure) and error.code in (13, 18):
        return "MongoDB does not let this user in: check the name and password in its address, and the user's roles"
    return f"MongoDB refused to start work: {type(error).__name__}"
