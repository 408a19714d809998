"""The console's side of HTTP: a session in a cookie, and what keeps the pages of others from using it.

The cookie goes to ``/console`` alone and with no request that another site has made (``SameSite=Strict``). A POST must
carry a header that a page of another origin cannot set unasked, and an ``Origin``, where it has one, that is the host's
own: a neighbour on the same domain is the same site to a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any

from tornado.httputil import HTTPHeaders

from collector.access.origins import same_site
from collector.commands.call import Answer, Request
from collector.commands.gate import CREDENTIALS
from collector.config import Settings
from collector.errors import Fault, Refusal
from collector.web.clients import Network, is_encrypted
from collector.web.scripts import Bundle

COOKIE = "footfall_session"
MARK = "X-Footfall-Console"
_OWN_FETCHES = ("", "same-origin", "none")
"""What a browser says of a request of the page itself, or of an address typed in; older ones say nothing."""
_ENDED = 401


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of the console's page, as HTTP has it: whether it came by https, under which host, with which session;
    ``own`` is what the gate is asked."""

    request: Request
    encrypted: bool
    session: str
    marked: bool
    fetched: str

    @classmethod
    def of(cls, request: Request, headers: HTTPHeaders, context: Any, proxies: Sequence[Network]) -> Visit:
        """Reads it from a request.

        Args:
            context: of Tornado's connection: the peer and the scheme.
        """
        forwarded = headers.get("X-Forwarded-Proto")
        return cls(
            request,
            is_encrypted(getattr(context, "protocol", "http"), context.remote_ip or "", forwarded, proxies),
            _session(headers.get("Cookie", "")),
            headers.get(MARK) == "1",
            headers.get("Sec-Fetch-Site", ""),
        )

    @property
    def url(self) -> str:
        """The collector's address as the browser has it."""
        return f"{'https' if self.encrypted else 'http'}://{self.request.host}"

    def own(self) -> Request:
        """The request with the credential of its cookie, and no other.

        Raises:
            Refusal: 403, another page may have sent it.
        """
        request = self.request
        foreign = request.origin and not same_site(request.origin.lower(), request.host)
        if foreign or self.fetched not in _OWN_FETCHES or (request.method == "POST" and not self.marked):
            raise Refusal(Fault.NOT_THE_CONSOLE)
        given = {name: value for name, value in request.parameters.items() if name not in CREDENTIALS}
        return replace(request, parameters={**given, "SessionID": self.session}, bearer=None)


Dress = Callable[[Answer, Visit], None]
"""What becomes of a command's answer before the page has it."""


def as_it_is(answer: Answer, _visit: Visit) -> None:
    """Nothing more than that nobody is to guess at it."""
    answer.headers["X-Content-Type-Options"] = "nosniff"


class Session:
    """The session, as the page has it: begun, shown, ended.

    Args:
        settings: of the collector.
        bundle: the browser SDK, for the tags that the page shows.
    """

    def __init__(self, settings: Settings, bundle: Bundle) -> None:
        self._settings = settings
        self._bundle = bundle

    def begun(self, answer: Answer, visit: Visit) -> None:
        """A login: the session goes into the cookie, and not where a script could read it."""
        as_it_is(answer, visit)
        if "SessionID" in answer.body:
            session = answer.body["SessionID"]
            answer.headers["Set-Cookie"] = _cookie(session, self._settings.session_hours * 3_600, visit)
            answer.body = {"User": visit.request.parameters["Username"]}

    def ended(self, answer: Answer, visit: Visit) -> None:
        """A logout: the cookie goes, also where the session had ended before."""
        as_it_is(answer, visit)
        if answer.status in (200, _ENDED):
            answer.status, answer.body = 200, {"Success": True}
            answer.headers["Set-Cookie"] = _cookie("", 0, visit)

    def shown(self, answer: Answer, visit: Visit) -> None:
        """The session: with what a tag for a page of the lists is made of. That there is none is an answer too, not a
        fault, which a browser's console would show to everybody who is about to log in."""
        as_it_is(answer, visit)
        if answer.status == _ENDED:
            answer.status, answer.body = 200, {"User": None}
        elif answer.status == 200:
            answer.body |= {
                "Url": visit.url,
                "Script": self._settings.script_path or "/static/footfall.js",
                "EventPath": self._settings.event_path or None,
                "Pinned": {"Script": self._bundle.path, "Integrity": self._bundle.integrity},
            }


def _session(header: str) -> str:
    """The session of a ``Cookie`` header; empty where there is none."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _cookie(value: str, seconds: int, visit: Visit) -> str:
    secure = "; Secure" if visit.encrypted else ""
    return f"{COOKIE}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
