"""Wiring: services in, a Tornado application out."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.access.directory import Directory
from collector.access.known import Known
from collector.access.limits import Limits
from collector.access.passwords import Passwords
from collector.catalog.caps import Caps
from collector.catalog.reader import Reader
from collector.catalog.rollups import Rollups
from collector.commands.call import Services
from collector.commands.console import CONSOLE, LIVE, LOGIN, LOGOUT, SESSION
from collector.commands.gate import Gate
from collector.commands.openapi import document
from collector.commands.showing import Showing
from collector.commands.table import COMMANDS
from collector.config import Settings, proxies
from collector.ingest.admission import Admission
from collector.ingest.agents import Agents
from collector.ingest.engine import Engine, start_engine
from collector.ingest.persons import Persons
from collector.ingest.readiness import Readiness
from collector.live.feed import Feed
from collector.live.teller import Teller
from collector.metrics import Metrics
from collector.resources import resource_dir
from collector.storage.connection import Store
from collector.web import ops
from collector.web.api import Door, Front, Route
from collector.web.console import Dress, Session, as_it_is
from collector.web.console_page import ConsolePage
from collector.web.inflight import InFlight
from collector.web.live import LivePage
from collector.web.logs import log_request
from collector.web.pixel import EVENT, PATHS, SUFFIX
from collector.web.scripts import Bundle, Script


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector that is ready to listen, and what ending it needs."""

    application: Front
    engine: Engine
    directory: Directory
    limits: Limits
    in_flight: InFlight
    teller: Teller
    feed: Feed

    async def drain(self, seconds: float) -> None:
        """Waits until what is in flight is answered, at most so long, then until nothing waits to be stored."""
        self.in_flight.ending = True
        await self.feed.end()
        if self.in_flight.count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.in_flight.idle.wait(), seconds)
        await self.engine.close()
        await self.teller.close()
        await self.directory.close()
        await self.limits.close()


def utc_now() -> datetime:
    """The time now, to the millisecond, which is what MongoDB keeps of it."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1_000, UTC)


async def build(
    store: Store,
    settings: Settings,
    demo_key: Callable[[], str | None],
    place: Path,
    now: Callable[[], datetime] = utc_now,
    metrics: Metrics | None = None,
    page: ops.Page | None = None,
    caps: Caps | None = None,
) -> Collector:
    """Puts a collector together.

    Args:
        demo_key: the public key for the demo page, None where there is no demo.
        place: the directory of what this process keeps for itself.
        now: the time now, in UTC.
        metrics: what this process counts.
        page: what ``/metrics`` shows; this process alone where absent.
        caps: how much of a catalog is shown.
    """
    metrics, caps = metrics or Metrics(), caps or Caps()
    page = page or ops.own_page(metrics.registry)
    persons = Persons(lambda: store.deployment.secret)
    engine = await start_engine(store, persons, place, settings, caps, metrics)
    services = _services(store, settings, place, now, metrics, caps, engine, persons)
    in_flight = InFlight()
    door, feed = _door(services, in_flight), Feed(store.live)
    application = Front(
        door,
        _api_routes(settings),
        [_live(door, feed, services), *_pages(settings, page, engine.readiness, demo_key)],
        log_function=log_request,
        compress_response=True,
    )
    return Collector(application, engine, services.directory, services.limits, in_flight, services.teller, feed)


def _services(
    store: Store,
    settings: Settings,
    place: Path,
    now: Callable[[], datetime],
    metrics: Metrics,
    caps: Caps,
    engine: Engine,
    persons: Persons,
) -> Services:
    known = Known(place, store.deployment, settings.known_hours, now)
    known.load()
    return Services(
        settings=settings,
        store=store,
        directory=Directory(store, known, breaks=settings.spool_mb > 0),
        limits=Limits(
            time.time if now is utc_now else lambda: now().timestamp(),
            lambda: store.deployment.secret,
            store.limits,
            store.health,
            metrics,
            lambda: engine.ledger.processes,
        ),
        passwords=Passwords(),
        admission=Admission(persons),
        agents=Agents(),
        writer=engine.writer,
        reader=Reader(store.catalog, store.counts, store.writers, caps),
        rollups=Rollups(store.catalog, store.slots, store.writers, caps),
        teller=Teller(store.live, store.health),
        metrics=metrics,
        clock=now,
        pending=engine.spooling.on_host,
    )


def _door(services: Services, in_flight: InFlight) -> Door:
    return Door(
        gate=Gate(COMMANDS, services),
        console=Gate(CONSOLE, services),
        metrics=services.metrics,
        in_flight=in_flight,
        proxies=proxies(services.settings),
        most_bytes=max(command.most_bytes for command in COMMANDS),
    )


def _api_routes(settings: Settings) -> dict[str, Route]:
    routes = {command.route: Route(command, command.browsers) for command in COMMANDS}
    routes[EVENT + SUFFIX] = replace(routes[EVENT], image=True)
    if settings.event_path:
        for suffix in ("", "s", SUFFIX):
            routes[settings.event_path + suffix] = routes[EVENT + suffix]
    return {**routes, **_console_routes(settings), "/api.php": Route(browsers=True)}


def _console_routes(settings: Settings) -> dict[str, Route]:
    session = Session(settings, Bundle(resource_dir("static")))
    dressed: dict[str, Dress] = {LOGIN: session.begun, LOGOUT: session.ended, SESSION: session.shown}
    rows = [row for row in CONSOLE if row.route != LIVE]  # which is a stream, and no answer
    return {row.route: Route(row, console=dressed.get(row.route, as_it_is)) for row in rows}


def _live(door: Door, feed: Feed, services: Services) -> Any:
    given = {"gate": door.console, "feed": feed, "newest": Showing(services).newest, "proxies": door.proxies}
    return (LIVE, LivePage, given)


def _pages(settings: Settings, page: ops.Page, readiness: Readiness, demo_key: Callable[[], str | None]) -> list[Any]:
    static = resource_dir("static")
    bundle = Bundle(static)
    renamed = [(re.escape(settings.script_path), Script, {"bundle": bundle})] if settings.script_path else []
    return [
        *renamed,
        (r"/healthz", ops.Health),
        (r"/readyz", ops.Ready, {"ready": readiness.verdict}),
        (r"/metrics", ops.MetricsPage, {"page": page, "token": settings.metrics_token}),
        (r"/openapi\.json", ops.OpenApi, {"document": document(COMMANDS, PATHS)}),
        (r"/console(?:/.*)?", ConsolePage, {"directory": static / "console"}),
        (r"/(?:demo)?", ops.Demo, {"demo_key": demo_key}),
        (r"/static/footfall\.js", Script, {"bundle": bundle}),
        (re.escape(bundle.path), Script, {"bundle": bundle, "immutable": True}),
        (r"/static/(.*)", ops.Static, {"path": str(static)}),
        (r".*", ops.NotFound),
    ]
