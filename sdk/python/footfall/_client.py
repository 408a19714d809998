"""The client: events in, and what the collector says of them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any, Callable
from weakref import finalize

from ._drops import PRIVACY, Drops, OnDrop, logger
from ._ids import event_ids
from ._limits import Limits, Stats
from ._options import Options, Others, address_of, fitting, is_on, spool_in
from ._queue import Event
from ._rehearsal import is_kept, marked, test_mode
from ._retry import delivery
from ._scope import Scope, current_scope, release_held
from ._sender import Sender
from ._transport import Endpoint, Transport
from ._values import body_of, encoded, with_title
from ._verdict import Verdict, verdict_of
from ._worker import Worker

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from uuid import UUID

    from typing_extensions import Unpack

PATH = "/api/v1/event"
MAX_BYTES = 72 << 10
"""An event above this is over the collector's 64 KiB of properties, and is not queued."""


class Client:
    """Sends events to one collector with one key, from a thread of its own. Threads may share it, and so may forks.

    Args:
        url: The collector's address, like ``https://footfall.example.com``; a path in it is kept. By default
            ``FOOTFALL_URL``.
        key: A secret key (``sk_…``) with the permission ``Events.Track``. By default ``FOOTFALL_KEY``.
        timeout: The seconds that one request may take, the retries of ``track_now`` included.
        is_test: Whether its events are test events, where a call does not say. By default ``FOOTFALL_TEST``.
        disabled: Whether it sends nothing at all. ``FOOTFALL_DISABLED`` disables every client.
        debug: Whether a mistake in a call raises TypeError or ValueError; else it is settled or counted.
        on_drop: Called with an event's id and a reason when it is lost.
        limits: How much waits and is sent at once.
        spool: The folder in which events are kept until the collector has them, so that a later process sends what this
            one could not. By default ``FOOTFALL_SPOOL``; empty: none.
        spool_mb: The mebibytes that *spool* may hold.
        transport: What sends in place of connections of its own, like ``footfall.httpx2.HttpxTransport``.

    Raises:
        ValueError: *url*, *key*, *timeout* or what is in *limits* cannot be one.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        is_test: bool | None = None,
        disabled: bool = False,
        debug: bool = False,
        on_drop: OnDrop | None = None,
        limits: Limits | None = None,
        spool: str | os.PathLike[str] | None = None,
        spool_mb: float = 64.0,
        transport: Transport | None = None,
    ) -> None:
        if not 0 < timeout <= TIMEOUT_MAX:
            raise ValueError("timeout: a number of seconds above 0")
        self._disabled = disabled or is_on("FOOTFALL_DISABLED")
        url, key = address_of(url, key, self._disabled)
        self._endpoint, self._timeout = Endpoint(url, key, transport), timeout
        if transport is None:  # which other clients might use too
            finalize(self, self._endpoint.close)
        self._is_public = key.startswith("pk_")
        self._debug, self._drops = debug, Drops(on_drop)
        self._is_test = (is_on("FOOTFALL_TEST") or None) if is_test is None else is_test
        kept = None if self._disabled else spool_in(spool, spool_mb, url, key)
        self._worker = Worker(
            Sender(Endpoint(url, key, transport), timeout), self._drops, fitting(limits or Limits(), key), kept
        )

    def track(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        email: str | None = None,
        id: str | int | None = None,
        uuid: str | UUID | None = None,
        list_id: int | None = None,
        timestamp: datetime | float | str | None = None,
        event_id: str | None = None,
        is_test: bool | None = None,
    ) -> str:
        """Have one event sent, and return its identifier at once. Raises nothing, unless the client is in ``debug``.

        Args:
            event: Its name, like ``page_view``, ``conversion`` or one of your own.
            properties: Values under names of your choice, copied as they are now. What JSON has no type for becomes
                one that it has: a datetime an ISO 8601 string, a Decimal a number, a set a list, a dataclass an object.
            email: The subscriber's address.
            id: The subscriber's identifier in your system.
            uuid: The visitor.
            list_id: The list of the event, where it is not the key's own.
            timestamp: When it happened, if that was not now: a datetime (a naive one is UTC), an epoch in seconds or
                milliseconds, or an ISO 8601 string.
            event_id: What identifies the event, so that sending it again stores it once; made if it is not given.
            is_test: True checks the event as any other and keeps nothing, False makes it a real one. Otherwise
                ``isTest`` in *properties*, the client or ``test_mode`` decides.
        """
        event_id = event_id or event_ids.next()
        if timestamp is None:
            timestamp = time.time_ns() // 1_000_000
        try:
            who = {"email": email, "id": id, "uuid": uuid}
            body = self._body(event, properties, who, list_id, timestamp, event_id, is_test)
            self._put(Event(event_id, encoded(body, self._debug)), body)
        except Exception as fault:
            if self._debug:
                raise
            logger.debug("An event could not be read: %s", fault)
            self._drops.add(event_id, "invalid")
        return event_id

    def track_now(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        email: str | None = None,
        id: str | int | None = None,
        uuid: str | UUID | None = None,
        list_id: int | None = None,
        timestamp: datetime | float | str | None = None,
        event_id: str | None = None,
        is_test: bool | None = None,
    ) -> Verdict:
        """Send one event, and wait for the collector's verdict: once this returns, the event is safe.

        Takes what ``track`` does. The verdict of a disabled client, and of a web request whose visitor is not to be
        tracked, is one of an event that was not: its status is ``disabled`` or ``privacy``.

        Raises:
            ApiError: The collector did not take the event.
            NetworkError: No answer came.
            TypeError, ValueError: A value that JSON cannot hold; the message names it.
        """
        who = {"email": email, "id": id, "uuid": uuid}
        event_id = event_id or event_ids.next()
        return self._prepared(self._body(event, properties, who, list_id, timestamp, event_id, is_test))()

    async def atrack_now(
        self, event: str, properties: Mapping[str, Any] | None = None, **options: Unpack[Options]
    ) -> Verdict:
        """``track_now`` without holding up the event loop. The properties are copied before it first waits."""
        import asyncio  # noqa: PLC0415 (25 ms that only those pay who have it imported already)

        given: dict[str, Any] = dict(options)
        who = {name: given.pop(name, None) for name in ("email", "id", "uuid")}
        list_id, timestamp, is_test = (given.pop(name, None) for name in ("list_id", "timestamp", "is_test"))
        event_id = given.pop("event_id", None) or event_ids.next()
        if given:
            raise TypeError(f"atrack_now() got an unexpected keyword argument {next(iter(given))!r}")
        body = self._body(event, properties, who, list_id, timestamp, event_id, is_test)
        return await asyncio.to_thread(self._prepared(body))

    def page(
        self,
        url: str | None = None,
        title: str | None = None,
        properties: Mapping[str, Any] | None = None,
        **who: Unpack[Options],
    ) -> str:
        """Track a ``page_view`` of *url*, titled *title*. Takes what ``track`` does."""
        about = {"$current_url": url, "$page_title": title}
        return self._with("page_view", {name: value for name, value in about.items() if value}, properties, who)

    def identify(self, email: str | None = None, traits: Mapping[str, Any] | None = None, **who: Unpack[Others]) -> str:
        """Tell who a visitor is, with the subscriber's *traits*. Takes what ``track`` does."""
        return self.track("identify", traits, email=email, **who)

    def conversion(
        self,
        conversion_id: Any,
        name: str,
        value: Any,
        properties: Mapping[str, Any] | None = None,
        **who: Unpack[Options],
    ) -> str:
        """Track a ``conversion``: its identifier, name and value. Takes what ``track`` does."""
        about = {"conversion-id": conversion_id, "conversion-name": name, "conversion-value": value}
        return self._with("conversion", about, properties, who)

    def test_mode(self, on: bool = True) -> AbstractContextManager[None]:
        """Within it, in this thread or task, the events of all clients are test events."""
        return test_mode(on)

    def flush(self, timeout: float = 10.0) -> bool:
        """Send what waits now; whether all of it was settled within *timeout* seconds.

        Events that wait for the title of their page are sent without it.
        """
        release_held()
        return self._worker.flush(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Flush within *timeout* seconds and close the connections. A later call opens them again."""
        release_held()
        flushed = self._worker.close(timeout)
        self._endpoint.close()
        return flushed

    def stats(self) -> Stats:
        """What this client has sent and lost."""
        return self._worker.stats()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _with(self, event: str, about: dict[str, Any], properties: Any, who: Options) -> str:
        try:
            about = {**({} if properties is None else properties), **about}
        except Exception:  # also of the mapping's own methods
            if self._debug:
                raise
        return self.track(event, about, **who)

    def _body(
        self,
        event: str,
        properties: Any,
        who: dict[str, Any],
        list_id: Any,
        timestamp: Any,
        event_id: str,
        is_test: bool | None,
    ) -> dict[str, Any]:
        """The parameters of one event, completed by what its web request tells."""
        given, scope = marked(properties, is_test, self._is_test), current_scope()
        if scope is not None:
            given, who = scope.filled(given, who)
        uuid = self._visitor(who["uuid"], event_id)
        return body_of(event, event_id, list_id, who["email"], who["id"], uuid, timestamp, given)

    def _prepared(self, body: dict[str, Any]) -> Callable[[], Verdict]:
        """What sends one event as it is now, and waits."""
        text, scope = encoded(body, True), current_scope()
        untracked = "disabled" if self._disabled else PRIVACY if scope is not None and scope.refused else ""
        if untracked:
            id = body.get("ID")
            verdict = Verdict(
                untracked, str(body.get("UUID") or ""), None if id is None else str(id), False, False, False
            )
            return lambda: verdict
        tracked, answered = is_kept(body["Properties"]), delivery(self._endpoint, PATH, text, self._timeout)
        return lambda: verdict_of(answered(), tracked)

    def _visitor(self, uuid: Any, event_id: str) -> Any:
        """With a public key an event is unique within its visitor alone (section 5): one without is of its own."""
        return event_id if uuid is None and self._is_public else uuid

    def _put(self, event: Event, body: dict[str, Any]) -> None:
        name, scope = body["Event"], current_scope()
        if not isinstance(name, str) or not name.strip():
            raise ValueError("event: a name")
        if len(event.text) > MAX_BYTES:
            if self._debug:
                raise ValueError("properties: over 64 KiB")
            self._drops.add(event.id, "too large")
        elif scope is not None and scope.refused:
            self._drops.add(event.id, PRIVACY)
        elif not self._disabled:
            self._queue(event, None if "$page_title" in body["Properties"] else scope)

    def _queue(self, event: Event, scope: Scope | None) -> None:
        """Have *event* sent, now or when *scope* knows its title."""
        if scope is None:
            self._worker.put(event)
            return

        def release(title: str | None) -> None:
            self._worker.put(event if title is None else event._replace(text=with_title(event.text, title)))

        if not scope.hold(release):
            self._worker.put(event)
