"""Real servers for the apps of the SDK's tests."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import footfall
import pytest

from tests.support.live import free_port

PAGE = "<html><head><title>\n Blue &amp; white\n shoes</title></head></html>"
BODY = PAGE.encode()
TITLE = "Blue & white shoes"
VISITOR = "550e8400-e29b-41d4-a716-446655440000"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def wsgi_server(app: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def asgi_server(app: Any) -> Iterator[str]:
    uvicorn = pytest.importorskip("uvicorn")
    port = free_port()
    config = uvicorn.Config(app, port=port, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextmanager
def tornado_server(app: Any) -> Iterator[str]:
    port, ready = free_port(), threading.Event()
    ends: list[Any] = []

    async def serve() -> None:
        end = asyncio.Event()
        server = app.listen(port, "127.0.0.1")
        ends.extend([asyncio.get_running_loop(), end])
        ready.set()
        await end.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    yield f"http://127.0.0.1:{port}"
    ends[0].call_soon_threadsafe(ends[1].set)
    thread.join()


def django_handler(client: footfall.Client, event: str, monkeypatch: pytest.MonkeyPatch, is_async: bool) -> Any:
    pytest.importorskip("django")
    settings = import_module("django.conf").settings
    urls = import_module("django.urls")
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop_urls", LOGGING_CONFIG=None, USE_TZ=True)
        import_module("django").setup()
    middleware = ["django.middleware.gzip.GZipMiddleware", "footfall.django.FootfallMiddleware"]
    monkeypatch.setattr(settings, "MIDDLEWARE", middleware, raising=False)
    monkeypatch.setattr(settings, "FOOTFALL", {"identify": lambda request: request.GET.get("me")}, raising=False)

    def shoes(_: Any, name: str) -> Any:
        client.track(event, {"name": name})
        return import_module("django.http").HttpResponse(PAGE)

    async def shoes_async(request: Any, name: str) -> Any:
        await asyncio.sleep(0)
        return shoes(request, name)

    shop: Any = ModuleType("shop_urls")
    shop.urlpatterns = [urls.path("shoes/<name>", shoes_async if is_async else shoes)]
    monkeypatch.setitem(sys.modules, "shop_urls", shop)
    urls.clear_url_caches()
    if is_async:
        return asgi_server(import_module("django.core.asgi").get_asgi_application())
    return wsgi_server(import_module("django.core.wsgi").get_wsgi_application())
