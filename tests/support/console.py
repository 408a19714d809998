"""The console's page, as its browser asks: a cookie, and the header that a page of another origin cannot set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.site import Answer, Site

MARK = {"X_Footfall_Console": "1"}
LOGIN, LOGOUT, SESSION = "/console/login", "/console/logout", "/console/session"


@dataclass(frozen=True)
class Console:
    """A site's owner at the console."""

    site: Site
    session: str

    @property
    def cookie(self) -> dict[str, str]:
        """The header by which the page is known."""
        return {"Cookie": f"footfall_session={self.session}"}

    async def ask(self, command: str, **parameters: Any) -> Answer:
        """A command, as the page asks it."""
        return await self.site.call(f"/console/api/{command}", parameters, **MARK, **self.cookie)

    async def get(self, path: str, **headers: str) -> Answer:
        """A GET with the cookie."""
        return await self.site.send("GET", path, **{**self.cookie, **headers})

    async def post(self, path: str, parameters: dict[str, Any], **headers: str) -> Answer:
        """A POST with the cookie, and with the headers that are given alone."""
        return await self.site.call(path, parameters, **self.cookie, **headers)


async def log_in(site: Site, **headers: str) -> Answer:
    """A login, as the page sends it."""
    return await site.call(LOGIN, {"Username": site.user, "Password": site.password}, **{**MARK, **headers})


async def at_console(site: Site) -> Console:
    """The owner of a site, logged in."""
    answer = await log_in(site)
    assert answer.status == 200, answer
    return Console(site, cookie_of(answer)["footfall_session"])


def cookie_of(answer: Answer) -> dict[str, str]:
    """The cookie of an answer: its value, and its attributes in lower case."""
    first, *rest = (part.strip() for part in answer.headers["Set-Cookie"].split(";"))
    name, _, value = first.partition("=")
    attributes = (part.partition("=") for part in rest)
    return {name: value, **{attribute.lower(): text for attribute, _, text in attributes}}


def as_json(answer: Answer) -> Any:
    """The body of an answer whose type does not say JSON."""
    return json.loads(answer.body)
