"""``/console/live``: what happens, as server-sent events.

``event`` is an event with its outcome; ``left_out`` says how many were not shown; ``away`` that MongoDB has gone away,
or come back; ``ended`` that the session has; ``ping`` that the line is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from cachetools import FIFOCache
from tornado.iostream import StreamClosedError

from collector.commands.call import Answer, Request
from collector.commands.gate import Gate
from collector.errors import Fault, Refusal
from collector.live.feed import Feed, Item, Stream
from collector.storage.guard import StoreAway
from collector.storage.questions.reading import Cut
from collector.web.clients import Network, client_address
from collector.web.console import Visit
from collector.web.ops import PlainHandler
from collector.web.reading import read_parameters

PING_SECONDS = 15.0
SETTLED_SECONDS = 1.5
"""Until a collector that has asked just before somebody began to watch asks again: what it stored until then is looked
for once more."""
MOST_STREAMS = 20
"""Of one session at one process. Each holds a connection for as long as its reader likes, which no limit of requests
bounds; the page itself opens a few."""
_RETRY_MS = 2_000
_MOST_SHOWN = 1_000
"""Events that are remembered to be shown: far more than are looked for again."""
_FORBIDDEN = 403

Newest = Callable[[str], Awaitable[list[tuple[str, str]]]]


class LivePage(PlainHandler):
    """One reader of a stream."""

    def initialize(self, gate: Gate, feed: Feed, newest: Newest, proxies: Sequence[Network]) -> None:
        """
        Args:
            gate: that of the console.
            feed: where streams are had.
            newest: the newest stored events of a scope.
            proxies: whose word on a client's address is believed.
        """
        self._gate = gate
        self._feed = feed
        self._newest = newest
        self._proxies = proxies
        self._stream: Stream | None = None
        # Whether by a notice, or as it is stored.
        self._shown: FIFOCache[str, bool] = FIFOCache(_MOST_SHOWN)

    async def get(self) -> None:
        """Streams until the reader goes, the session ends, or the collector does."""
        answer, owner = await self._asked(), self._visit().session
        if answer.status == 200 and self._feed.open_of(owner) >= MOST_STREAMS:
            answer = self._gate.refused(Refusal(Fault.TOO_MANY_REQUESTS, retry_after=_RETRY_MS // 1_000))
        if answer.status != 200:
            self._refuse(answer)
            return
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # for proxies that would collect what they pass on
        scopes: list[str] = answer.body["Scopes"]
        self._stream = await self._feed.open(scopes, owner)
        try:
            await self._send(f"retry: {_RETRY_MS}\n\n")
            await self._follow(scopes[0], self._stream)
        except StreamClosedError:
            pass  # they have gone
        finally:
            self._feed.close(self._stream)

    def on_connection_close(self) -> None:
        """The reader has gone."""
        if self._stream:
            self._feed.close(self._stream)

    async def _follow(self, scope: str, stream: Stream) -> None:
        loop = asyncio.get_running_loop()
        await self._look(scope)
        settled, ping = loop.time() + SETTLED_SECONDS, loop.time() + PING_SECONDS
        while not stream.ended:
            items = await stream.take(max(min(settled, ping) - loop.time(), 0.01))
            for item in items:
                await self._show(item)
            back = any(item.away is False for item in items)
            if back or loop.time() >= settled:
                settled = float("inf") if await self._look(scope) else loop.time() + SETTLED_SECONDS
            if loop.time() >= ping:
                ping = loop.time() + PING_SECONDS
                if not await self._may_go_on():
                    await self._send("event: ended\ndata: {}\n\n")
                    return
                await self._send("event: ping\ndata: {}\n\n")

    async def _look(self, scope: str) -> bool:
        """Shows what is stored and was not shown. False: it cannot be had now. Where MongoDB is known to be away it is
        not asked, so that its reader hears of that at once."""
        try:
            found = [] if self._feed.away else await self._newest(scope)
        except (StoreAway, Cut):
            return False
        for key, text in found:
            if key not in self._shown:
                self._shown[key] = False
                await self._send(f"event: event\ndata: {text}\n\n")
        return not self._feed.away

    async def _show(self, item: Item) -> None:
        parts = [f"event: event\ndata: {text}\n\n" for text in item.notices if self._is_news(orjson.loads(text))]
        if item.left_out:
            parts.append(f'event: left_out\ndata: {{"Count": {item.left_out}}}\n\n')
        if item.away is not None:
            parts.append(f'event: away\ndata: {{"Away": {"true" if item.away else "false"}}}\n\n')
        if parts:
            await self._send("".join(parts))

    def _is_news(self, row: dict[str, Any]) -> bool:
        """Whether a notice is of an event that was not shown before, or not with the warnings that are nowhere stored;
        then it is from now on."""
        told = self._shown.get(row["Key"])
        self._shown[row["Key"]] = True
        return told is None or (not told and bool(row["Warnings"]))

    async def _send(self, text: str) -> None:
        self.write(text)
        await self.flush()

    async def _may_go_on(self) -> bool:
        """Whether the session still holds, and the list is still its user's. While that cannot be known, it may."""
        answer = await self._asked()
        return answer.status not in (Fault.AUTHENTICATION.status, Fault.LIST_NOT_FOUND.status, _FORBIDDEN)

    async def _asked(self) -> Answer:
        try:
            return await self._gate.answer(self._visit().own())
        except Refusal as refusal:
            return self._gate.refused(refusal)

    def _visit(self) -> Visit:
        headers, context = self.request.headers, self.request.connection.context  # type: ignore[union-attr]
        request = Request(
            implied="console.live",
            method="GET",
            parameters=read_parameters(b"", "", self.request.query.encode("latin-1"), self._gate.names.fold),
            origin=headers.get("Origin"),
            host=headers.get("Host", ""),
            address=client_address(context.remote_ip or "", headers.get("X-Forwarded-For"), self._proxies),
        )
        return Visit.of(request, headers, context, self._proxies)

    def _refuse(self, answer: Answer) -> None:
        self.set_status(answer.status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.finish(orjson.dumps(answer.body))
