"""A site owner with a list and keys, and requests as they send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from collector.access.administration import Administration
from collector.model import list_scope
from collector.storage.connection import Store

ORIGIN = "https://shop.example.com"


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the JSON, the headers."""

    status: int
    body: Any
    headers: Any

    @property
    def codes(self) -> list[int]:
        """The codes of the errors."""
        return [error["Code"] for error in self.body["Errors"]]


@dataclass(frozen=True)
class Site:
    """One user with one list, one secret and one public key, in a database of the module's own."""

    client: AsyncHTTPClient
    url: str
    store: Store
    db: Any
    user: str
    password: str
    list_id: int
    secret: str
    public: str

    @property
    def scope(self) -> str:
        """The scope of the site's list."""
        return list_scope(self.list_id)

    @property
    def administration(self) -> Administration:
        """Makes more users, lists and keys."""
        return Administration(self.store)

    async def send(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """Any request. Header names take ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response: HTTPResponse = await self.client.fetch(
            self.url + path,
            method=method,
            body=body,
            headers=named,
            raise_error=False,
            allow_nonstandard_methods=True,
            request_timeout=60,
            decompress_response=False,
        )
        is_packed = "Content-Encoding" in response.headers
        is_json = response.body and not is_packed and "/json" in response.headers.get("Content-Type", "")
        return Answer(response.code, json.loads(response.body) if is_json else response.body, response.headers)

    async def call(self, path: str, parameters: dict[str, Any], **headers: str) -> Answer:
        """Parameters as JSON."""
        return await self.send("POST", path, json.dumps(parameters), **{"Content_Type": "application/json", **headers})

    async def form(self, path: str, parameters: dict[str, str] | str, **headers: str) -> Answer:
        """Parameters as a form."""
        body = parameters if isinstance(parameters, str) else urlencode(parameters)
        return await self.send("POST", path, body, Content_Type="application/x-www-form-urlencoded", **headers)

    async def track(self, event: Any = "page_view", **parameters: Any) -> Answer:
        """An event with the secret key, into the list."""
        given = {"APIKey": self.secret, "ListID": self.list_id, "Event": event}
        return await self.call("/api/v1/event", {**given, **parameters})

    async def claim(self, event: Any = "page_view", origin: str | None = ORIGIN, **parameters: Any) -> Answer:
        """An event with the public key, from a page of the site, in a browser that tells nothing of itself."""
        headers = {"User_Agent": "Mozilla/5.0"} | ({} if origin is None else {"Origin": origin})
        return await self.call("/api/v1/event", {"APIKey": self.public, "Event": event, **parameters}, **headers)

    async def properties(self) -> dict[str, list[str]]:
        """What ``website_events.properties`` lists."""
        path = f"/api/v1/website_events.properties?ListID={self.list_id}"
        answer = await self.send("GET", path, Authorization=f"Bearer {self.secret}")
        assert answer.status == 200, answer
        found: dict[str, list[str]] = answer.body["Properties"]
        return found

    def events(self, **query: Any) -> list[dict[str, Any]]:
        """The stored events of the list, in the order of their time."""
        return list(self.db["events"].find({"scope": self.scope, **query}).sort([("time", 1), ("seq", 1)]))

    def subscribers(self) -> list[dict[str, Any]]:
        """The subscribers of the list, in the order in which they were made."""
        return list(self.db["subscribers"].find({"scope": self.scope}).hint([("$natural", 1)]))

    def visitor(self, uuid: str) -> dict[str, Any] | None:
        """A visitor of the list, with its links."""
        found: dict[str, Any] | None = self.db["visitors"].find_one({"_id": f"{self.scope}/{uuid}"})
        return found
