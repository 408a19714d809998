"""Opening MongoDB: reaching it, what it must be, and what must be known of it to go on while it is away."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import logging
import time
from dataclasses import dataclass, field

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from collector.errors import StartupError
from collector.model import Document
from collector.storage.guard import StoreAway, is_away
from collector.storage.indexes import ensure_indexes
from collector.storage.meta import Meta

log = logging.getLogger("collector.storage")

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
_LOOK_SECONDS = 2.0
_TOLD_EVERY = 60.0
_NOT_LET_IN = (13, 18)

Client = AsyncIOMotorClient[Document]
Database = AsyncIOMotorDatabase[Document]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What must be known of a MongoDB to go on while it is away.

    ``address`` is a hash of its hosts and the database's name (``address_of``), ``secret`` the 32 bytes that make a
    person's uuid: they name the database, wherever it is. ``standalone``: it is no replica set, and refuses retryable
    writes.
    """

    address: str
    secret: bytes = field(repr=False)
    standalone: bool


def address_of(uri: str, name: str) -> str:
    """Where a database is, as a hash in which neither hosts nor the password can be read."""
    scheme, _, rest = uri.partition("://")
    hosts = rest.partition("?")[0].partition("/")[0].rpartition("@")[2].lower().split(",")
    if scheme == "mongodb":
        hosts = [host if host.rpartition("]")[2].count(":") else f"{host}:27017" for host in hosts]
    text = "\n".join([scheme, name, *sorted(hosts)])
    return hashlib.sha256(text.encode()).hexdigest()


def make_client(uri: str, retry_writes: bool) -> Client:
    """A client, which connects when it is used.

    Raises:
        StartupError: the connection string is none, or names files that cannot be read.
    """
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


def close_client(client: Client) -> None:
    """Closes the connections. Where MongoDB is away it is not waited for."""
    with pymongo.timeout(_GOODBYE_SECONDS):
        client.close()


def database_of(client: Client, name: str) -> Database:
    """The database, read and written as durably as an acknowledgement promises."""
    return client.get_database(
        name,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )


async def is_standalone(client: Client) -> bool:
    """Whether it is neither a replica set nor a sharded cluster. The first contact."""
    with pymongo.timeout(_REACH_SECONDS):
        hello = await client.admin.command("hello")
    return "setName" not in hello and hello.get("msg") != "isdbgrid"


async def examined(client: Client, database: Database, address: str, standalone: bool) -> Deployment:
    """All that is asked of a MongoDB before it is used: its age, the version of its data, what is missing in them.

    Raises:
        StartupError: it is too old, or its data are newer than this code.
        PyMongoError, StoreAway: it does not answer, or does not let one in.
    """
    version = (await client.server_info())["version"]
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StartupError(f"MongoDB {version} is too old: {_NEEDED}")
    meta = Meta(database)
    await meta.check_version()
    with pymongo.timeout(_INDEX_SECONDS):
        await ensure_indexes(database)
    return Deployment(address, await meta.secret(), standalone)


class Reopening:
    """Looks at a MongoDB that is back before anything uses it: it may be another by now, or one that was never seen.

    The look goes on beside those who wait for it, since the making of an index may take long.

    Args:
        client: connects to it.
        database: the database there.
    """

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._looking: asyncio.Task[Deployment] | None = None
        self._told = -_TOLD_EVERY

    async def look(self, known: Deployment) -> Deployment:
        """What it is now, where it can be used.

        Raises:
            StoreAway: it is not back, it is still being looked at, or it cannot be used, which is logged now and then.
        """
        if self._looking is None:
            # Not within the limit of who asks first.
            self._looking = asyncio.create_task(self._look(known), context=contextvars.Context())
        looking = self._looking
        done, _ = await asyncio.wait((looking,), timeout=_LOOK_SECONDS)
        if not done:
            raise StoreAway("it is still being looked at")
        if self._looking is looking:
            self._looking = None
        return looking.result()

    def close(self) -> None:
        """Ends a look that goes on."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self, known: Deployment) -> Deployment:
        try:
            standalone = await is_standalone(self._client)
            if standalone and not known.standalone:
                raise StartupError("MongoDB is no replica set any more: the collector must be started again")
            found = await examined(self._client, self._database, known.address, standalone)
        except (StartupError, StoreAway, PyMongoError) as error:
            if not is_outage(error):
                self._tell(reason(error))
            raise StoreAway(type(error).__name__) from error
        if found.secret != known.secret:
            log.error(
                "MongoDB is back with another database than the one served before: what waits is stored there all the "
                "same, and people have other uuids from now on, as on every host of this database"
            )
        return found

    def _tell(self, text: str) -> None:
        if time.monotonic() - self._told >= _TOLD_EVERY:
            self._told = time.monotonic()
            log.error("MongoDB cannot be used, and counts as away: %s", text)


def is_outage(error: BaseException) -> bool:
    """Whether an error of the opening passes by itself: MongoDB does not answer, or takes nothing now."""
    cause = error.__cause__ if isinstance(error, StoreAway) else error
    if not isinstance(cause, PyMongoError) or getattr(cause, "code", None) in _NOT_LET_IN:
        return False
    return is_away(cause) or (isinstance(cause, ConfigurationError) and not _is_ancient(cause))


def reason(error: BaseException) -> str:
    """Why MongoDB cannot be opened, for the operator, without its address."""
    cause = error.__cause__ if isinstance(error, StoreAway) else error
    if isinstance(cause, StartupError):
        return str(cause)
    if _is_ancient(cause):
        return f"MongoDB is too old, even for the driver: {_NEEDED}"
    if isinstance(cause, ConnectionFailure | ConfigurationError) or getattr(cause, "timeout", False):
        return "MongoDB cannot be reached at the address given"  # ConfigurationError: a name unknown to DNS
    if isinstance(cause, OperationFailure) and cause.code in _NOT_LET_IN:
        return "MongoDB does not let this user in: check the name and password in its address, and the user's roles"
    return f"MongoDB refused to start work: {type(cause).__name__}"


def _is_ancient(error: BaseException | None) -> bool:
    return isinstance(error, ConfigurationError) and "reports wire version" in str(error)
