"""Opening MongoDB: what it must be, how it is written to, and what is kept where."""

from __future__ import annotations

from pymongo.errors import PyMongoError

from collector.errors import StartupError
from collector.storage.catalog import Catalog
from collector.storage.counts import Counts
from collector.storage.events import Events
from collector.storage.guard import Door, StoreAway
from collector.storage.health import Health
from collector.storage.history import History
from collector.storage.identities import Identities
from collector.storage.keys import Keys
from collector.storage.limits import SharedLimits
from collector.storage.lists import Lists
from collector.storage.live import Live
from collector.storage.meta import Meta
from collector.storage.opening import (
    Client,
    Database,
    Deployment,
    Reopening,
    address_of,
    close_client,
    database_of,
    examined,
    is_outage,
    is_standalone,
    make_client,
    reason,
)
from collector.storage.people import People
from collector.storage.questions.reading import Questions
from collector.storage.sessions import Sessions
from collector.storage.users import Users
from collector.storage.versioned import Versioned
from collector.storage.writers import Writers


class Store:
    """All of MongoDB that Footfall uses, a collection an attribute.

    Args:
        client: connects to it.
        database: the database there.
        deployment: what it is, or was when it was seen last.
        seen: whether it is there; if not, nothing but ``probe`` reaches it until it has been looked at.
    """

    def __init__(self, client: Client, database: Database, deployment: Deployment, seen: bool = True) -> None:
        self._client = client
        self._door = Door(seen)
        self._reopening = Reopening(client, database)
        self.deployment = deployment
        self.health = Health()
        self.meta = Meta(database)
        self.users = Users(database)
        self.lists = Lists(database)
        self.keys = Keys(database)
        self.sessions = Sessions(database)
        self.identities = Identities(database)
        self.subscribers = Versioned(database, "subscribers")
        self.visitors = Versioned(database, "visitors")
        self.events = Events(database)
        self.history = History(database)
        self.people = People(database)
        self.live = Live(database)
        self.questions = Questions(database)
        self.catalog = Catalog(database)
        self.counts = Counts(database)
        self.writers = Writers(database)
        self.limits = SharedLimits(database)
        for part in vars(self).values():
            if hasattr(part, "door"):
                part.door = self._door

    async def probe(self) -> None:
        """Returns if MongoDB takes writes. One that was away is looked at first, as when it is opened.

        Raises:
            StoreAway: it does not.
        """
        if self.health.away:
            self.deployment = await self._reopening.look(self.deployment)
            self._door.is_open = True
        await self.meta.touch()

    def require(self) -> None:
        """Spares the wait to those who can do nothing without MongoDB.

        Raises:
            StoreAway: it is known to be away.
        """
        if self.health.away:
            raise StoreAway("it is known to be")

    def close(self) -> None:
        """Closes the connections. Where MongoDB is away it is not waited for."""
        self._reopening.close()
        close_client(self._client)


async def open_store(uri: str, name: str, known: Deployment | None = None) -> Store:
    """Connects, checks version and data, and makes what is missing.

    Args:
        uri: a MongoDB connection string; never shown in an error, since it may hold a password.
        name: the database.
        known: what is known of it from before. Where it cannot be reached, the store is then one that is away:
            ``probe`` opens it when it is back, and nothing else is to use it until then.

    Raises:
        StartupError: unreachable and not known, too old, not let in, or the data are newer than this code.
    """
    client = make_client(uri, retry_writes=True)
    try:
        if standalone := await is_standalone(client):  # which refuses retryable writes
            close_client(client)
            client = make_client(uri, retry_writes=False)
        database = database_of(client, name)
        return Store(client, database, await examined(client, database, address_of(uri, name), standalone))
    except BaseException as error:
        close_client(client)
        if known is not None and is_outage(error):
            return _store_away(uri, name, known)
        if isinstance(error, StoreAway | PyMongoError):
            raise StartupError(reason(error)) from error
        raise


def _store_away(uri: str, name: str, known: Deployment) -> Store:
    client = make_client(uri, retry_writes=not known.standalone)
    store = Store(client, database_of(client, name), known, seen=False)
    store.health.lost("it cannot be reached; this collector starts all the same, with what it knows from before")
    return store
