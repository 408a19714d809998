"""``footfall serve``: the life of a collector, from its settings to its last answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from collector import __version__
from collector.app import Collector, build
from collector.cli.database import PATIENCE, embedded_mongo
from collector.cli.demo import Demo, bootstrap, read_demo
from collector.config import Settings
from collector.embedded import DataDirectory
from collector.errors import StartupError
from collector.storage.connection import open_store
from collector.web.logs import set_up_logging
from collector.web.server import Server, listen

log = logging.getLogger("collector")

DRAIN_SECONDS = 20.0

T = TypeVar("T")


async def serve(settings: Settings, demo: bool, as_json: bool) -> None:
    """Runs until SIGINT or SIGTERM, then stops accepting, answers what is in flight, stores what waits, and ends.

    Args:
        demo: make the demo user, list and keys where there are none, and print how to use them.
        as_json: print the address, and the demo, as one line of JSON.

    Raises:
        StartupError: it cannot start.
    """
    set_up_logging(settings.log_json)
    stop = _stop_on_signals()
    async with contextlib.AsyncExitStack() as stack:
        started = await _unless(stop, _start(settings, demo, as_json, stack))
        if started is None:
            return
        collector, server = started
        await stop.wait()
        log.info("stopping")
        server.stop()
        await collector.drain(DRAIN_SECONDS)
        await server.close()


async def _start(
    settings: Settings, demo: bool, as_json: bool, stack: contextlib.AsyncExitStack
) -> tuple[Collector, Server]:
    sockets = listen(settings.address, settings.port)
    for socket in sockets:
        stack.callback(socket.close)
    uri = await _database(settings, stack)
    store = await open_store(uri, settings.database)
    stack.callback(store.close)
    made = await bootstrap(store, settings.data_dir) if demo else None
    collector = await build(store, settings, lambda: _demo_key(settings.data_dir))
    server = Server(collector.application, sockets)
    _greet(_base_url(settings.address, sockets[0].getsockname()[1]), made, as_json)
    return collector, server


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` returns; None where it is told to stop first, and ``work`` has been undone."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.wait((working,))
    return None


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    directory = DataDirectory(settings.data_dir)
    await directory.acquire("serve", PATIENCE)
    stack.callback(directory.release)
    if settings.mongodb_uri:
        return settings.mongodb_uri
    mongo = embedded_mongo(settings)
    stack.push_async_callback(mongo.stop)
    return await mongo.start()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _demo_key(data_dir: Path) -> str | None:
    with contextlib.suppress(StartupError):
        found = read_demo(data_dir)
        return found.public_key if found else None
    return None


def _base_url(address: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(address, address)  # noqa: S104 # only compared
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greet(base: str, demo: Demo | None, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"url": base, **(asdict(demo) if demo else {})}), flush=True)
        return
    text = f"Footfall {__version__} is running on {base}. Ctrl-C stops it."
    print(f"{text}\n{_invitation(base, demo)}" if demo else text, flush=True)


def _invitation(base: str, demo: Demo) -> str:
    body = json.dumps(
        {
            "Command": "event.track",
            "APIKey": demo.secret_key,
            "Event": "page_view",
            "ListID": demo.list_id,
            "Email": "subscriber@example.com",
            "ID": "user-12345",
            "Properties": {"$page_title": "Product Page", "$current_url": "https://example.com/products/item-1"},
        }
    )
    return f"""
  Demo page  {base}/demo
  Log in as  {demo.user}, password {demo.password}
  Track one  curl -X POST {base}/api/v1/event -H 'Content-Type: application/json' -d '{body}'
  See it     curl '{base}/api/v1/website_events.properties?ListID={demo.list_id}' \
-H 'Authorization: Bearer {demo.secret_key}'
"""
