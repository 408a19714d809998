"""What is not the API: health, metrics, the OpenAPI document, the demo page, static files."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from collector.ingest.readiness import Verdict
from collector.resources import resource_dir
from collector.web.clients import is_forwarded, is_loopback
from collector.web.logs import log_fault

_DEMO_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'"


Page = Callable[[], Awaitable[bytes | None]]
"""What ``/metrics`` shows, in Prometheus' text format; None where it cannot be had."""


def own_page(registry: CollectorRegistry) -> Page:
    """What this process has counted, as a collector of one process shows it."""

    async def page() -> bytes:
        return generate_latest(registry)

    return page


class PlainHandler(RequestHandler):
    """A page that is no part of the API."""

    known_path = True

    def set_default_headers(self) -> None:
        """Headers of all answers."""
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One word, no trace."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{self._reason}\n")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """As the API logs it."""
        log_fault(typ, value, tb)


class Health(PlainHandler):
    """``/healthz``: the process answers."""

    def get(self) -> None:
        """Says so."""
        self.write({"status": "ok"})

    head = get


class Ready(PlainHandler):
    """``/readyz``: the write path works."""

    def initialize(self, ready: Callable[[], Awaitable[Verdict]]) -> None:
        """
        Args:
            ready: whether an event would be acknowledged.
        """
        self._ready = ready

    async def get(self) -> None:
        """200 when an event would be acknowledged now, ``degraded`` where it would wait in the spool; else 503."""
        found = await self._ready()
        self.set_status(200 if found.takes else 503)
        status = "unavailable" if not found.takes else "degraded" if found.reason else "ready"
        self.write({"status": status, "reason": found.reason} if found.reason else {"status": status})

    head = get


class MetricsPage(PlainHandler):
    """``/metrics``, for this machine, or with the token of the settings."""

    def initialize(self, page: Page, token: str) -> None:
        """
        Args:
            page: what is shown.
            token: opens it to other machines; empty: nothing does.
        """
        self._page = page
        self._token = token

    async def get(self) -> None:
        """The metrics in Prometheus' text format."""
        if not (self._is_here() or self._has_token()):
            self.send_error(403)
            return
        page = await self._page()
        if page is None:
            self.send_error(503)
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.write(page)

    head = get

    def _is_here(self) -> bool:
        return is_loopback(self.request.remote_ip or "") and not is_forwarded(self.request.headers)

    def _has_token(self) -> bool:
        scheme, _, given = self.request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        return bool(self._token) and scheme.lower() == "bearer" and right


class OpenApi(PlainHandler):
    """``/openapi.json``."""

    def initialize(self, document: dict[str, Any]) -> None:
        """
        Args:
            document: the OpenAPI document.
        """
        self._document = document

    def get(self) -> None:
        """The document, for any page: it holds no secret."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.write(orjson.dumps(self._document))

    head = get


class Demo(PlainHandler):
    """``/demo``: a page with the tag in it."""

    def initialize(self, demo_key: Callable[[], str | None]) -> None:
        """
        Args:
            demo_key: the demo's public key, None before there is one.
        """
        self._demo_key = demo_key

    def get(self) -> None:
        """The page, with the demo's public key in its tag."""
        key = self._demo_key()
        if key is None:
            self.set_status(404)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish("There is no demo yet: run footfall bootstrap\n")
            return
        self.set_header("Content-Security-Policy", _DEMO_POLICY)
        page = (resource_dir("static") / "demo.html").read_text(encoding="utf-8")
        self.write(page.replace("{{public_key}}", key))

    head = get


class Static(StaticFileHandler):
    """``/static/…``: the browser SDK and the demo's parts, with ETag; compressed where the client can take it."""

    def set_default_headers(self) -> None:
        """Headers of all answers."""
        self.clear_header("Server")

    def set_extra_headers(self, path: str) -> None:
        """Kept for an hour: long enough to be cheap, short enough for a fix to arrive."""
        fixed = not path.startswith("console/")  # parts that must fit together are asked for each time, by their ETag
        self.set_header("Cache-Control", "public, max-age=3600" if fixed else "no-cache")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("X-Content-Type-Options", "nosniff")

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """The path, where it is a file's in ``root``; a name that no file can have is not found either."""
        try:
            return super().validate_absolute_path(root, absolute_path)
        except (OSError, ValueError) as error:
            raise HTTPError(404) from error

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A file that does not exist is no fault of ours."""
        log_fault(typ, value, tb)


class NotFound(PlainHandler):
    """Anything else."""

    known_path = False

    def prepare(self) -> None:
        """404."""
        self.send_error(404)
