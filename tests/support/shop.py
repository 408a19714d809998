"""A site owner on the running collector, with a client that blocks: for tables too long for a collector each, and for
hypothesis, which does not mix with asynchronous tests."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import bson
from bson.raw_bson import RawBSONDocument

from collector.access.administration import Administration
from collector.model import READ, TRACK, list_scope
from collector.storage.connection import open_store
from tests.support.live import Live, eventually
from tests.support.site import ORIGIN, Answer

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
EVENT = "/api/v1/event"
EVENTS_PROPERTIES = "/api/v1/website_events.properties"

_MANY = 1_000_000
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Shop:
    """A user with two lists and keys of a limit that no test reaches. ``secret`` has all permissions, ``tracker`` and
    ``reader`` one each; ``public`` is bound to the list; ``foreign`` is another user's list."""

    connection: http.client.HTTPConnection
    db: Any
    name: str
    password: str
    list_id: int
    foreign: int
    secret: str
    tracker: str
    reader: str
    public: str
    revoked: str

    def send(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """Any request. Header names take ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else body
        self.connection.request(method, path, data, named)
        response = self.connection.getresponse()
        text = response.read()
        is_json = text and response.headers["Content-Type"] == JSON
        return Answer(response.status, json.loads(text) if is_json else text, response.headers)

    def json(self, path: str, body: Any, **headers: str) -> Answer:
        """A body as JSON; bytes and text as they are."""
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.send("POST", path, raw, **{"Content_Type": JSON, **headers})

    def form(self, path: str, body: str, **headers: str) -> Answer:
        """A form that is written out already."""
        return self.send("POST", path, body, **{"Content_Type": FORM, **headers})

    def track(self, event: Any = "page_view", **parameters: Any) -> Answer:
        """An event with the secret key, into the list."""
        return self.json(EVENT, {"APIKey": self.secret, "ListID": self.list_id, "Event": event, **parameters})

    def track_form(self, rest: str) -> Answer:
        """An event as a form: the key, the list, and ``rest``."""
        return self.form(EVENT, f"APIKey={self.secret}&ListID={self.list_id}&{rest}")

    def stored(self, **query: Any) -> dict[str, Any]:
        """The one event of the list that a query finds, its ``properties`` exactly as they are stored. It may have gone
        by way of the spool, where MongoDB stood still for a while."""
        events, wanted = self.db["events"], {"scope": list_scope(self.list_id), **query}
        (row,) = eventually(lambda: list(events.find(wanted)))
        return {**row, "properties": self.exactly("events", row["_id"], "properties")}

    def count(self, **query: Any) -> int:
        """How many events of the list a query finds."""
        return int(self.db["events"].count_documents({"scope": list_scope(self.list_id), **query}))

    def listed(self) -> dict[str, list[str]]:
        """What ``website_events.properties`` lists."""
        answer = self.json(EVENTS_PROPERTIES, {"APIKey": self.secret, "ListID": self.list_id})
        assert answer.status == 200, answer
        found: dict[str, list[str]] = answer.body["Properties"]
        return found

    def with_new_list(self, live: Live) -> Shop:
        """The same shop with an empty list."""
        return replace(self, list_id=_run(_new_list(live, self.name)))

    def key_for(self, live: Live, *origins: str) -> str:
        """A public key of the list for pages of these origins."""
        return str(_run(_new_key(live, self, origins)))

    def exactly(self, collection: str, key: Any, field: str) -> Any:
        """A field of a document, without the driver's reading of ``$ref`` and ``$id`` as a reference."""
        options = bson.CodecOptions(document_class=RawBSONDocument)
        (row,) = self.db[collection].with_options(options).find({"_id": key}, {field: 1})
        return plain(row[field])


def new_name(kind: str = "event") -> str:
    """A name that nothing else has, to find what a request has stored."""
    return f"{kind} {next(_numbers)}"


def plain(value: Any) -> Any:
    """BSON as dicts and lists, to all depths."""
    if isinstance(value, RawBSONDocument):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def open_shop(live: Live) -> Iterator[Shop]:
    """The body of a fixture: ``shop = pytest.fixture(scope="module")(open_shop)``."""
    place = urlsplit(live.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    yield Shop(connection, live.db, **_run(_made(live)))
    connection.close()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: ``asyncio.run`` ends the event loop that pytest-tornado keeps for this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _made(live: Live) -> dict[str, Any]:
    store = await open_store(live.uri, live.db.name)
    try:
        administration, name = Administration(store), f"shop {next(_numbers)}"
        other = f"{name}, next door"
        _, password = await administration.create_user(name)
        await administration.create_user(other)
        mine = await administration.create_list("Customers", name)
        revoked, key = await administration.create_secret_key(name)
        await administration.revoke_key(key.prefix)
        made: dict[str, Any] = {"name": name, "password": password, "list_id": mine.id, "revoked": revoked}
        made["foreign"] = (await administration.create_list("Others", other)).id
        for role, permissions in {"secret": None, "tracker": [TRACK], "reader": [READ]}.items():
            made[role], _ = await administration.create_secret_key(name, permissions, rate_limit=_MANY)
        made["public"], _ = await administration.create_public_key(name, mine.id, [ORIGIN], rate_limit=_MANY)
        return made
    finally:
        store.close()


async def _new_list(live: Live, name: str) -> int:
    store = await open_store(live.uri, live.db.name)
    try:
        return (await Administration(store).create_list("More", name)).id
    finally:
        store.close()


async def _new_key(live: Live, shop: Shop, origins: Sequence[str]) -> str:
    store = await open_store(live.uri, live.db.name)
    try:
        return (await Administration(store).create_public_key(shop.name, shop.list_id, origins, _MANY))[0]
    finally:
        store.close()
