"""Wiring: services in, a Tornado application out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tornado.web import Application

from collector.access.directory import Directory
from collector.access.limits import Limits
from collector.access.passwords import Passwords
from collector.catalog.learner import Learner
from collector.catalog.reader import Reader
from collector.commands.call import Services
from collector.commands.gate import Gate
from collector.commands.openapi import document
from collector.commands.table import COMMANDS
from collector.config import Settings, proxies
from collector.ingest.admission import Admission
from collector.ingest.commit import Committer
from collector.ingest.identity import Resolver
from collector.ingest.persons import Persons
from collector.ingest.readiness import Readiness
from collector.ingest.writer import Writer
from collector.metrics import Metrics
from collector.resources import resource_dir
from collector.storage.connection import Store
from collector.web import ops
from collector.web.api import ApiHandler, Door, InFlight, UnknownRoute
from collector.web.logs import log_request


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector that is ready to listen, and what ending it needs."""

    application: Application
    writer: Writer
    directory: Directory
    in_flight: InFlight

    async def drain(self, seconds: float) -> None:
        """Waits until what is in flight is answered, at most so long, then until nothing waits to be stored."""
        self.in_flight.ending = True
        if self.in_flight.count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.in_flight.idle.wait(), seconds)
        await self.writer.close()
        await self.directory.close()


def utc_now() -> datetime:
    """The time now, to the millisecond, which is what MongoDB keeps of it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


async def build(
    store: Store, settings: Settings, demo_key: Callable[[], str | None], now: Callable[[], datetime] = utc_now
) -> Collector:
    """Puts a collector together.

    Args:
        demo_key: the public key for the demo page, None where there is no demo.
        now: the time now, in UTC.
    """
    metrics = Metrics()
    persons = Persons(await store.meta.secret())
    resolver = Resolver(store.identities, store.events, persons)
    committer = Committer(store, resolver, Learner(store.catalog), metrics)
    writer = Writer(committer, metrics, settings.queue_events)
    services = Services(
        settings=settings,
        store=store,
        directory=Directory(store),
        limits=Limits(lambda: now().timestamp()),
        passwords=Passwords(),
        admission=Admission(persons, now),
        writer=writer,
        reader=Reader(store.catalog),
        metrics=metrics,
        clock=now,
    )
    in_flight = InFlight()
    readiness = Readiness(writer, store, committer.writer)
    application = Application(
        [*_api_routes(_door(services, in_flight)), *_other_routes(settings, metrics, readiness, demo_key)],
        log_function=log_request,
        compress_response=True,
    )
    return Collector(application, writer, services.directory, in_flight)


def _door(services: Services, in_flight: InFlight) -> Door:
    return Door(
        gate=Gate(COMMANDS, services),
        metrics=services.metrics,
        in_flight=in_flight,
        proxies=proxies(services.settings),
        most_bytes=max(command.most_bytes for command in COMMANDS),
    )


def _api_routes(door: Door) -> list[Any]:
    routes: list[Any] = [
        (_exact(command.route), ApiHandler, {"door": door, "command": command, "browsers": command.browsers})
        for command in COMMANDS
    ]
    routes.append((r"/api\.php", ApiHandler, {"door": door, "command": None, "browsers": True}))
    routes.append((r"/api(?:/.*)?", UnknownRoute, {"door": door, "command": None, "browsers": False}))
    return routes


def _other_routes(
    settings: Settings, metrics: Metrics, readiness: Readiness, demo_key: Callable[[], str | None]
) -> list[Any]:
    return [
        (r"/healthz", ops.Health),
        (r"/readyz", ops.Ready, {"ready": readiness.wrong}),
        (r"/metrics", ops.MetricsPage, {"registry": metrics.registry, "token": settings.metrics_token}),
        (r"/openapi\.json", ops.OpenApi, {"document": document(COMMANDS)}),
        (r"/(?:demo)?", ops.Demo, {"demo_key": demo_key}),
        (r"/static/(.*)", ops.Static, {"path": str(resource_dir("static"))}),
        (r".*", ops.NotFound),
    ]


def _exact(route: str) -> str:
    return route.replace(".", r"\.")
