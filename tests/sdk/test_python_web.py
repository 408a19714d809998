"""Events tracked within a web request know its page: real apps, real servers, the real collector."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import footfall
import pytest
from footfall._page import MASKED, TitleScan, mask
from footfall.asgi import FootfallMiddleware as Asgi
from footfall.flask import Footfall
from footfall.tornado import install
from footfall.wsgi import FootfallMiddleware as Wsgi

from tests.support.live import Live, free_port

PAGE = "<html><head><title>\n Blue &amp; white\n shoes</title></head></html>"
BODY = PAGE.encode()
TITLE = "Blue & white shoes"
VISITOR = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
def event() -> str:
    return f"seen_{uuid4().hex}"


@pytest.fixture
def client(live: Live) -> Iterator[footfall.Client]:
    with footfall.Client(live.url, live.demo["secret_key"]) as client:
        yield client


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


def get(address: str, method: str = "GET", **headers: str) -> bytes:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request(
        method, f"{parts.path}?{parts.query}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    body = connection.getresponse().read()
    connection.close()
    return body


def stored(live: Live, client: footfall.Client, event: str) -> list[dict[str, Any]]:
    assert client.flush()
    return list(live.db.events.find({"event": event}))


# The frameworks


def flask_app(client: footfall.Client, event: str) -> Any:
    app = pytest.importorskip("flask").Flask("shop")
    Footfall(app, identify=lambda request: request.args.get("me"))

    def shoes(name: str) -> str:
        client.track(event, {"name": name})
        return PAGE

    app.add_url_rule("/shoes/<name>", view_func=shoes)

    return wsgi_server(app)


def fastapi_app(client: footfall.Client, event: str) -> Any:
    fastapi = pytest.importorskip("fastapi")
    from fastapi.responses import HTMLResponse

    app = fastapi.FastAPI()
    app.add_middleware(Asgi, identify=lambda request: request.query_params.get("me"))

    def shoes(name: str) -> str:
        client.track(event, {"name": name})
        return PAGE

    app.add_api_route("/shoes/{name}", shoes, response_class=HTMLResponse)

    return asgi_server(app)


def tornado_app(client: footfall.Client, event: str) -> Any:
    from tornado.web import Application, RequestHandler

    class Shoes(RequestHandler):
        async def get(self, name: str) -> None:
            await asyncio.sleep(0)
            client.track(event, {"name": name})
            self.finish(PAGE)

    app = Application([("/shoes/(.*)", Shoes)], compress_response=True)
    install(app, identify=lambda request: request.arguments["me"][0].decode())
    return tornado_server(app)


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


@pytest.mark.parametrize("framework", ["flask", "fastapi", "tornado", "django", "django async"])
def test_each_framework_fills_in_address_title_and_subscriber(
    framework: str, live: Live, client: footfall.Client, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = {"flask": flask_app, "fastapi": fastapi_app, "tornado": tornado_app}
    make = apps.get(framework)
    server = make(client, event) if make else django_handler(client, event, monkeypatch, framework == "django async")
    me = f"{uuid4().hex}@example.com"

    with server as url:
        get(
            f"{url}/shoes/blue?size=4&token=s3cret&me={me}",
            Cookie=f"a=b; footfall_visitor={VISITOR}",
            Accept_Encoding="gzip",
        )
        (found,) = stored(live, client, event)

    assert found["properties"] == {
        "name": "blue",
        "$current_url": f"{url}/shoes/blue?size=4&token=***&me={me}",
        "$page_title": TITLE,
    }
    assert (found["email"], found["uuid"]) == (me, VISITOR)


# The rules, at a WSGI app


def serve(client: footfall.Client, event: str, chunks: Any = (BODY,), *, headers: Any = (), **web: Any) -> Any:
    """An app that tracks *event* and answers *chunks*."""

    def app(environ: Any, start_response: Any) -> Any:
        client.track(event)
        start_response("200 OK", list(headers) or [("Content-Type", "text/html; charset=utf-8")])
        return list(chunks) if isinstance(chunks, tuple) else chunks()

    return wsgi_server(Wsgi(app, client, **web))


def properties(live: Live, client: footfall.Client, event: str) -> dict[str, Any]:
    (found,) = stored(live, client, event)
    return dict(found["properties"])


@pytest.mark.parametrize(
    ("headers", "trusts", "address"),
    [
        (
            {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "shop.example.com"},
            True,
            "https://shop.example.com/a?b=1",
        ),
        ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "shop.example.com"}, False, "{url}/a?b=1"),
        ({"HX_Current_URL": "https://x.example.com/p?code=1#top"}, False, "https://x.example.com/p?code=***"),
        (
            {"X_Requested_With": "XMLHttpRequest", "Referer": "https://x.example.com/p"},
            False,
            "https://x.example.com/p",
        ),
        ({"Referer": "https://x.example.com/p"}, False, "{url}/a?b=1"),
        ({"HX_Current_URL": "javascript:1"}, False, "{url}/a?b=1"),
    ],
)
def test_the_address_is_that_of_the_page(
    live: Live, client: footfall.Client, event: str, headers: Any, trusts: bool, address: str
) -> None:
    with serve(client, event, trust_proxy=trusts) as url:
        get(f"{url}/a?b=1", **headers)

    assert properties(live, client, event)["$current_url"] == address.format(url=url)


def test_the_title_that_the_page_sent_along_comes_before_that_of_the_answer(
    live: Live, client: footfall.Client, event: str
) -> None:
    with serve(client, event) as url:
        get(f"{url}/a", X_Footfall_Title="Caf%C3%A9")

    assert properties(live, client, event)["$page_title"] == "Café"


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ([("Content-Type", "application/json")], "GET"),
        ([("Content-Type", "text/html"), ("Content-Encoding", "br")], "GET"),
        ([("Content-Type", "text/html")], "HEAD"),
    ],
)
def test_other_answers_give_no_title(
    live: Live, client: footfall.Client, event: str, headers: Any, method: str
) -> None:
    with serve(client, event, headers=headers) as url:
        body = get(f"{url}/a", method)

    assert list(properties(live, client, event)) == ["$current_url"]
    assert body == (b"" if method == "HEAD" else PAGE.encode())


def test_a_stream_stays_one_and_gives_its_title(live: Live, client: footfall.Client, event: str) -> None:
    with serve(client, event, lambda: iter([PAGE[:30].encode(), PAGE[30:].encode()])) as url:
        assert get(f"{url}/a") == PAGE.encode()

    assert properties(live, client, event)["$page_title"] == TITLE


def test_page_views_of_an_app_without_settings_cost_it_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footfall._default._clients", [])
    for name in ("FOOTFALL_URL", "FOOTFALL_KEY"):
        monkeypatch.delenv(name, raising=False)

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [BODY]

    with wsgi_server(Wsgi(app, page_views=True)) as url:
        assert get(f"{url}/a") == BODY


@pytest.mark.parametrize("is_async", [False, True])
def test_a_verdict_asked_for_in_a_request_is_of_an_event_that_knows_its_page(
    live: Live, client: footfall.Client, event: str, is_async: bool
) -> None:
    verdicts = []

    def app(environ: Any, start_response: Any) -> Any:
        with client.test_mode(environ["PATH_INFO"] == "/test"):
            now = client.track_now
            verdicts.append(asyncio.run(client.atrack_now(event)) if is_async else now(event))
        start_response("200 OK", [("Content-Type", "text/html")])
        return [BODY]

    with wsgi_server(Wsgi(app)) as url:
        get(f"{url}/a?token=x", Cookie=f"footfall_visitor={VISITOR}")
        get(f"{url}/test")
        get(f"{url}/refused", DNT="1")

    assert properties(live, client, event) == {"$current_url": f"{url}/a?token=***"}
    assert [verdict.tracked for verdict in verdicts] == [True, False, False]
    assert (verdicts[0].uuid, verdicts[2].status) == (VISITOR, "privacy")


def test_more_events_than_a_request_may_hold_do_not_wait_for_its_title(
    live: Live, client: footfall.Client, event: str
) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        for _ in range(1001):
            client.track(event)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [BODY]

    with wsgi_server(Wsgi(app)) as url:
        get(f"{url}/a")

    titles = [found["properties"].get("$page_title") for found in stored(live, client, event)]
    assert (titles.count(TITLE), titles.count(None)) == (1000, 1)


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("", False),
        ("footfall_consent=1", True),
        ("a=b; footfall_consent=1; c=d", True),
        ("footfall_consent=0", False),
        ("footfall_consent=10", False),
        ("not_footfall_consent=1", False),
        ("footfall_consent=1; footfall_ignore=1", False),
        ("footfall_visitor=550e8400-e29b-41d4-a716-446655440000", True),
        ("footfall_visitor=", False),
        ("footfall_visitor=550e8400-e29b-41d4-a716-446655440000; footfall_consent=0", False),
    ],
)
def test_where_consent_is_required_its_cookie_decides(
    live: Live, client: footfall.Client, event: str, cookie: str, kept: bool
) -> None:
    with serve(client, event, consent_required=True) as url:
        get(f"{url}/a", Cookie=cookie)

    assert len(stored(live, client, event)) == kept


@pytest.mark.parametrize("headers", [{"Sec_GPC": "1"}, {"DNT": "1"}, {"Cookie": "footfall_consent=0"}])
def test_who_refuses_is_not_tracked(live: Live, client: footfall.Client, event: str, headers: Any) -> None:
    with serve(client, event) as url:
        get(f"{url}/a", **headers)

    assert stored(live, client, event) == []
    assert client.stats().dropped == {"privacy": 1}


def test_page_views_are_tracked_on_request(live: Live, event: str) -> None:
    with footfall.Client(live.url, live.demo["secret_key"]) as client:
        with serve(client, event, page_views=True) as url:
            get(f"{url}/viewed/{event}")
        (view,) = [
            found for found in stored(live, client, "page_view") if event in found["properties"].get("$current_url", "")
        ]

    assert view["properties"]["$page_title"] == TITLE


def test_an_explicit_page_beats_the_request_and_a_thread_can_be_bound_to_it(
    live: Live, client: footfall.Client, event: str
) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        footfall.set_page(title="Said")
        track = footfall.bind_context(lambda: client.track(event, {"$current_url": "mine"}))
        thread = threading.Thread(target=track)
        thread.start()
        thread.join()
        start_response("200 OK", [("Content-Type", "text/html")])
        return [PAGE.encode()]

    with wsgi_server(Wsgi(app)) as url:
        get(f"{url}/a")

    assert properties(live, client, event) == {"$current_url": "mine", "$page_title": "Said"}


def test_outside_of_a_request_nothing_is_filled_in(live: Live, client: footfall.Client, event: str) -> None:
    client.track(event, {"a": 1})

    assert properties(live, client, event) == {"a": 1}


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<TITLE lang=en>A</TITLE >", "A"),
        (b"<title></title>", ""),
        (b"<p>none", None),
        (b"x" * (65536 - 20) + b"<title>abcde</title>", "abcde"),
        (b"x" * (65536 - 19) + b"<title>abcde</title>", None),
        ("<title>Größe</title>".encode("latin-1"), "Größe"),
    ],
)
@pytest.mark.parametrize("step", [7, 100_000])
def test_a_title_is_found_in_the_first_64_kib_however_they_come(page: bytes, title: str | None, step: int) -> None:
    scan = TitleScan("latin-1")

    any(scan.feed(page[start : start + step]) for start in range(0, len(page), step))

    assert scan.title == title


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("http://a/b#c", "http://a/b"),
        ("http://a/?Token=x&to%6ben=y&tokens=z&code", "http://a/?Token=***&to%6ben=***&tokens=z&code"),
        ("http://a/?access_token=x&zip-code=y&xcode=z", "http://a/?access_token=***&zip-code=***&xcode=z"),
    ],
)
def test_secrets_in_a_query_are_masked(address: str, masked: str) -> None:
    assert mask(address, {"token", "code"}) == masked


def test_the_masked_names_are_those_of_the_browser_sdk() -> None:
    shared = Path(__file__).parents[2] / "sdk" / "secrets.json"

    assert set(json.loads(shared.read_text())) == MASKED
