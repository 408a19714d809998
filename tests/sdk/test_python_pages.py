"""What a request and its answer tell of the page: its address, its title, its view."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import footfall
import pytest
from footfall._page import MASKED, mask
from footfall._title import TitleScan
from footfall.asgi import FootfallMiddleware as Asgi
from footfall.testing import RecordingClient
from footfall.tornado import install
from footfall.wsgi import FootfallMiddleware as Wsgi

from tests.sdk.serving import BODY, TITLE, VISITOR, django_handler, tornado_server
from tests.sdk.waiting import eventually


@pytest.mark.parametrize(
    ("headers", "status", "views"),
    [
        ({}, "200 OK", 1),
        ({}, "404 Not Found", 0),
        ({"Accept": "text/html,*/*"}, "304 Not Modified", 1),
        ({"Accept": "image/avif,*/*"}, "304 Not Modified", 0),
        ({"HX-Request": "true"}, "200 OK", 0),
        ({"HX-Request": "true", "HX-Boosted": "true"}, "200 OK", 1),
        ({"X-Requested-With": "XMLHttpRequest"}, "200 OK", 0),
        ({"Sec-Fetch-Dest": "empty"}, "200 OK", 0),
        ({"Sec-Fetch-Dest": "document"}, "200 OK", 1),
        ({}, "200 Compressed", 1),
        ({}, "200 Data", 0),
    ],
)
def test_a_page_view_is_one_of_a_page_also_where_the_browser_has_kept_it(
    headers: dict[str, str], status: str, views: int
) -> None:
    client = RecordingClient()
    kind = [] if status.startswith("304") else [("Content-Type", "text/plain" if "Data" in status else "text/html")]
    kind += [("Content-Encoding", "gzip")] if "Compressed" in status else []
    app = Wsgi(lambda _, start: [start(status, kind), [BODY]][1], client, page_views=True)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "HTTP_HOST": "shop"}
    environ.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()})

    list(app(environ, lambda *_: None))

    assert [seen["Properties"]["$current_url"] for seen in client.events] == ["http://shop/a"] * views


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_stream_of_django_tracks_is_of_its_request(is_async: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    client = RecordingClient()
    django_handler(client, "", monkeypatch, is_async)
    http = import_module("django.http")

    def chunks() -> Iterator[bytes]:
        yield BODY
        client.track("streamed")

    async def chunks_async() -> Any:
        for chunk in chunks():
            yield chunk

    def view(_: Any) -> Any:
        return http.StreamingHttpResponse(chunks_async() if is_async else chunks())

    async def view_async(request: Any) -> Any:
        return view(request)

    request = import_module("django.test").RequestFactory().get("/a")
    middleware = import_module("footfall.django").FootfallMiddleware

    async def whole() -> bytes:
        return b"".join([chunk async for chunk in await middleware(view_async)(request)])

    body = asyncio.run(whole()) if is_async else b"".join(middleware(view)(request))

    assert body == BODY
    client.assert_tracked("streamed", {"$current_url": "http://testserver/a", "$page_title": TITLE})


def test_a_file_of_django_stays_one_for_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    django_handler(RecordingClient(), "", monkeypatch, False)
    (tmp_path / "file.csv").write_bytes(b"a,b")

    def view(_: Any) -> Any:
        return import_module("django.http").FileResponse((tmp_path / "file.csv").open("rb"))

    request = import_module("django.test").RequestFactory().get("/a")
    with closing(import_module("footfall.django").FootfallMiddleware(view)(request)) as response:
        assert response.file_to_stream.read() == b"a,b"


def asked_of_asgi(client: footfall.Client, path: str, root: str, *headers: tuple[bytes, bytes]) -> None:
    """One request to an ASGI app that tracks."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        client.track("seen")
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async def nothing(*_: Any) -> Any:
        return None

    connection = {"type": "http", "path": path, "root_path": root, "headers": [(b"host", b"shop"), *headers]}
    asyncio.run(Asgi(app)(connection, nothing, nothing))


@pytest.mark.parametrize(
    ("path", "root", "address"),
    [
        ("/a", "", "http://shop/a"),
        ("/api/a", "/api", "http://shop/api/a"),
        ("/a", "/api", "http://shop/api/a"),
        ("/apiary", "/api", "http://shop/api/apiary"),
        ("/api", "/api", "http://shop/api"),
    ],
)
def test_the_prefix_of_a_mounted_app_is_part_of_the_address_once(path: str, root: str, address: str) -> None:
    client = RecordingClient()
    asked_of_asgi(client, path, root)

    client.assert_tracked("seen", {"$current_url": address})


def test_an_address_is_cut_at_2048_characters() -> None:
    client = RecordingClient()
    for length in (2048, 2049):
        asked_of_asgi(client, "/" + "a" * (length - len("http://shop/")), "")

    assert [len(seen["Properties"]["$current_url"]) for seen in client.events] == [2048, 2048]


def started(headers: Any, *_: Any) -> None:
    """What a WSGI server gives an app to begin its answer with."""


def test_an_identify_that_fails_costs_neither_the_event_nor_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    client = RecordingClient()
    app = Wsgi(lambda *_: [client.track("seen").encode()], identify=lambda environ: environ["nobody"])

    assert list(app({"HTTP_HOST": "shop"}, started))

    client.assert_tracked("seen")
    assert caplog.text.count("identify failed") == 1


def test_an_identify_that_tracks_is_not_asked_for_that() -> None:
    client = RecordingClient()
    app = Wsgi(
        lambda *_: [client.track("seen").encode()], identify=lambda _: client.track("asked") and "ada@example.com"
    )

    assert list(app({"HTTP_HOST": "shop"}, started))

    assert [(event["Event"], event.get("Email")) for event in client.events] == [
        ("asked", None),
        ("seen", "ada@example.com"),
    ]


def test_what_waits_for_a_title_that_does_not_come_leaves_within_a_second() -> None:
    client = RecordingClient()

    def app(*_: Any) -> list[bytes]:
        client.track("seen")
        assert client.events == []
        eventually(lambda: client.events, 20)
        return []

    began = time.monotonic()
    list(Wsgi(app)({"HTTP_HOST": "shop"}, started))

    assert time.monotonic() - began > 0.9


def test_a_file_of_wsgi_stays_one_for_its_server() -> None:
    client = RecordingClient()

    def app(*_: Any) -> Any:
        client.track("seen")
        return FileWrapper(io.BytesIO(BODY))

    assert isinstance(Wsgi(app)({"HTTP_HOST": "shop", "wsgi.file_wrapper": FileWrapper}, started), FileWrapper)
    client.assert_tracked("seen")


def test_cookies_may_come_one_by_one_as_in_http_2() -> None:
    client = RecordingClient()
    asked_of_asgi(client, "/a", "", (b"cookie", b"footfall_visitor=" + VISITOR.encode()), (b"cookie", b"a=b"))

    client.assert_tracked("seen", UUID=VISITOR)


def test_a_socket_of_tornado_is_outside_of_a_request() -> None:
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler, websocket_connect

    client = RecordingClient()

    class Socket(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            client.track("said")
            await self.write_message(message)

    app = Application([("/socket", Socket)])
    install(app)

    async def talk(url: str) -> None:
        connection = await websocket_connect(url.replace("http", "ws") + "/socket")
        await connection.write_message("a")
        assert await connection.read_message() == "a"
        connection.close()

    with tornado_server(app) as url:
        asyncio.run(talk(url))

    assert client.events[0]["Properties"] == {}


def test_a_bound_function_is_part_of_test_mode_in_any_number_of_threads() -> None:
    client, both = RecordingClient(), threading.Barrier(2)
    with client.test_mode():
        track = footfall.bind_context(lambda: (both.wait(10), client.track("bound"), both.wait(10)))
    threads = [threading.Thread(target=track) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [seen["Properties"] for seen in client.events] == [{"isTest": True}] * 2


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


LATIN = "<title>Größe</title>".encode("latin-1")


@pytest.mark.parametrize(
    ("page", "charset", "title"),
    [
        (b"<!-- <title>old</title> --><title>new</title>", "", "new"),
        (b"<script>'<title>js</title>'</SCRIPT><title>new</title>", "", "new"),
        (b"<svg><title>icon</title></svg><title>new</title>", "", "new"),
        (b"<svg><title>icon</title></svg>", "", None),
        (b'<title data-x="a>b">new</title>', "", "new"),
        (b"<titles>no</titles><title>new</title>", "", "new"),
        (b"<title>&lt;a&gt; &#8217;&euro;&nbsp;</title>", "", "<a> ’€"),
        (b'<meta charset="ISO-8859-1">' + LATIN, "", "Größe"),
        (b'<meta http-equiv=Content-Type content="text/html; charset=latin1">' + LATIN, "", "Größe"),
        (b'<meta charset="ascii"><title>\xe6\x97\xa5</title>', "utf-8", "日"),
        (b"<title>a\xff</title>", "nonsense", "a�"),
        (b"<title>a\xff</title>", "idna", "a�"),  # which cannot replace
    ],
)
@pytest.mark.parametrize("step", [7, 100_000])
def test_a_title_is_that_of_the_page_in_the_encoding_that_it_has(
    page: bytes, charset: str, title: str | None, step: int
) -> None:
    scan = TitleScan(charset)

    any(scan.feed(page[start : start + step]) for start in range(0, len(page), step))

    assert scan.title == title


@pytest.mark.parametrize("piece", [b"<title>", b"</title", b"<title></titl", b"<script></title", b"<title '>"])
def test_no_page_holds_its_answer_up(piece: bytes) -> None:
    began = time.process_time()
    scan = TitleScan("")
    for start in range(0, 65536, 4096):
        scan.feed((piece * 10_000)[start : start + 4096])
    scan.feed(b"</title")

    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("https://me:secret@a/b?c=@", "https://a/b?c=@"),
        ("http://a/b#c", "http://a/b"),
        ("http://a/?Token=x&to%6ben=y&tokens=z&code", "http://a/?Token=***&to%6ben=***&tokens=z&code"),
        ("http://a/?access_token=x&zip-code=y&xcode=z", "http://a/?access_token=***&zip-code=***&xcode=z"),
    ],
)
def test_secrets_in_a_query_are_masked(address: str, masked: str) -> None:
    assert mask(address, {"token", "code"}) == mask(address, {"Token", "CODE"}) == masked


def test_one_masked_name_may_stand_alone() -> None:
    assert mask("http://a/?token=x&n=y", "token") == "http://a/?token=***&n=y"


def test_the_masked_names_are_those_of_the_browser_sdk() -> None:
    shared = Path(__file__).parents[2] / "sdk" / "secrets.json"

    assert set(json.loads(shared.read_text())) == MASKED
