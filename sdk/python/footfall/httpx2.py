"""The extra ``httpx2``: ``Client(transport=HttpxTransport())``, for its proxies, authorities, or HTTP/2."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx2

from ._answer import Answer


class HttpxTransport:
    """Sends by httpx2. Takes the arguments of ``httpx2.Client``, like ``proxy``, ``verify`` and ``http2``."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._client: httpx2.Client | None = None
        self._pid = 0

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send *body* to *url*, once. Raises what httpx2 does."""
        answer = self._own().post(url, content=body, headers=headers, timeout=timeout)
        return Answer(answer.status_code, answer.content, answer.headers.get("Retry-After", ""))

    def close(self) -> None:
        """Close the connections; a later ``post`` opens them again."""
        client, self._client = self._client, None
        if client is not None and self._pid == os.getpid():
            client.close()

    def _own(self) -> httpx2.Client:
        if self._client is None or self._pid != os.getpid():  # a forked child shares no connection
            self._client, self._pid = httpx2.Client(**self._options), os.getpid()
        return self._client
