"""The way to the collector: proxies, certificate authorities, and transports that the app hands in."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import footfall
import pytest

from tests.sdk.conftest import LIMITS
from tests.sdk.stub import TAKEN, Reply, Stub, handler
from tests.sdk.waiting import eventually

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine itself uses is not what these tests are about."""
    for name in [*PROXIES, *AUTHORITIES, "SSL_CERT_DIR", "REQUEST_METHOD"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Proxy(ThreadingHTTPServer):
    """A proxy: tunnels for https, and passes on what comes with a whole address. Keeps what it was asked for."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Proxied)
        self.asked: list[tuple[str, str, str]] = []  # method, address, credentials
        self.refuses = False
        self.address = f"127.0.0.1:{self.server_port}"


class _Proxied(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self._note()
        if self.server.refuses:
            self.send_error(407)
            return
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(upstream, self.connection))
            back.start()
            _pump(self.connection, upstream)
            back.join()

    def do_POST(self) -> None:
        self._note()
        host = self.path.split("/")[2]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = HTTPConnection(host, timeout=10)
        path = self.path.split(host, 1)[1]
        connection.request("POST", path, body, {k: v for k, v in self.headers.items() if k != "Proxy-Authorization"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _note(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))

    def log_message(self, *_: Any) -> None:
        pass


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serving(server: ThreadingHTTPServer) -> Iterator[Any]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    yield from serving(Proxy())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of its own, ca.pem, and the certificate that it gave to localhost."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout"
    for command in (
        f"{new} ca.key -x509 -days 2 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE "
        "-addext keyUsage=critical,keyCertSign -out ca.pem",
        f"{new} site.key -subj /CN=localhost -out site.csr",
        "openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -days 2 -extfile names -out site.pem",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def secure(authority: Path) -> Iterator[Stub]:
    """The stub over TLS."""
    stub = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(stub))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "site.pem", authority / "site.key")
    # Not in accept(), where a client that turns away would hold up the next.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    stub.url = f"https://localhost:{server.server_port}"
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    for _ in serving(server):
        yield stub


def verdict(url: str, **options: Any) -> footfall.Verdict:
    with footfall.Client(url, "sk_key", **{"timeout": 20, **options}) as client:
        return client.track_now("page_view")


# Certificate authorities


@pytest.mark.parametrize("name", AUTHORITIES)
def test_the_environment_names_the_certificate_authorities(
    secure: Stub, authority: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(authority / "ca.pem"))

    assert verdict(secure.url).status == "success"


def test_a_certificate_of_nobody_is_a_network_error_and_costs_no_event(secure: Stub) -> None:
    with pytest.raises(footfall.NetworkError, match=r"(?i)certificate"):
        verdict(secure.url)
    with footfall.Client(secure.url, "sk_key", limits=LIMITS) as client:
        client.track("page_view")
        eventually(lambda: "certificate" in client.stats().last_error.lower())
        assert client.stats().queued == 1

    assert secure.bodies == []


def test_a_file_of_authorities_that_is_not_there_raises_nothing(
    secure: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    with pytest.raises(footfall.NetworkError):
        verdict(secure.url)
    with footfall.Client(secure.url, "sk_key", limits=LIMITS) as client:
        client.track("page_view")
        eventually(lambda: client.stats().retries)


# Proxies


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_https_goes_through_a_tunnel_of_the_proxy(
    secure: Stub, proxy: Proxy, authority: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    monkeypatch.setenv(name, f"http://us%40er:p%3Ass@{proxy.address}")

    with footfall.Client(secure.url, "sk_key", limits=LIMITS) as client:
        for _ in range(3):
            client.track_now("page_view")

    credentials = "Basic " + b64encode(b"us@er:p:ss").decode()
    assert proxy.asked == [("CONNECT", secure.url.split("//")[1], credentials)]
    assert len(secure.bodies) == 3
    assert "Proxy-Authorization" not in secure.headers[0]


def test_http_is_asked_of_the_proxy_by_its_whole_address(
    stub: Stub, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"me:secret@{proxy.address}")

    assert verdict(stub.url + "/tracker").status == "success"

    credentials = "Basic " + b64encode(b"me:secret").decode()
    assert proxy.asked == [("POST", stub.url + "/tracker/api/v1/event", credentials)]
    assert stub.paths == ["/tracker/api/v1/event"]


@pytest.mark.parametrize("exception", ["*", "127.0.0.1", "example.com, 127.0.0.1", ".0.0.1"])
def test_what_no_proxy_names_is_reached_directly(
    stub: Stub, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, exception: str
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
    monkeypatch.setenv("no_proxy", exception)

    assert verdict(stub.url).status == "success"
    assert proxy.asked == []


def test_what_a_caller_of_a_cgi_script_sends_is_no_proxy(
    stub: Stub, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")

    assert verdict(stub.url).status == "success"
    assert proxy.asked == []


def test_a_proxy_that_refuses_is_a_network_error_without_its_password(
    secure: Stub, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.refuses = True
    monkeypatch.setenv("https_proxy", f"http://me:secret@{proxy.address}")

    with pytest.raises(footfall.NetworkError, match="407") as fault:
        verdict(secure.url)

    assert "secret" not in str(fault.value)
    assert secure.bodies == []


def test_a_silent_proxy_is_a_network_error_within_the_timeout(secure: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()

        with pytest.raises(footfall.NetworkError):
            verdict(secure.url, timeout=0.5)

        assert time.monotonic() - began < 15  # where nothing is said it has 20


@pytest.mark.parametrize(
    "address", ["socks5://me:secret@127.0.0.1:1", "http://me:secret@[bad", "http://me:secret@proxy:port"]
)
def test_a_proxy_of_another_kind_or_without_an_address_is_said_and_not_used(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv("http_proxy", address)

    assert verdict(stub.url).status == "success"
    assert "proxy is not used" in caplog.text
    assert "secret" not in caplog.text


# Answers


def test_a_host_that_can_have_no_address_is_no_answer() -> None:
    with pytest.raises(footfall.NetworkError, match=r"a\.\.b"):
        verdict("http://a..b")


def test_an_answer_given_before_all_was_read_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a proxy does it: it says 413 when it has seen how much comes, and hangs up."""

    def refuse(listener: socket.socket) -> None:
        while len(lengths) < 4:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(256)
                lengths.append(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    def with_small_buffer(*arguments: Any, **options: Any) -> socket.socket:
        connection = connect(*arguments, **options)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # no more fits between the two
        return connection

    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", with_small_buffer)
    lengths: list[int] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.settimeout(10)
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with footfall.Client(url, "sk_key", limits=footfall.Limits(interval=60, exit_timeout=0)) as client:
            for _ in range(8):
                client.track("large", {"text": os.urandom(30_000).hex()})
            client.flush(0.1)
            thread.join()
            client.close(0)

    assert len(lengths) == len(set(lengths)) == 4
    assert lengths == sorted(lengths, reverse=True)


def test_an_answer_in_drops_is_no_way_around_the_timeout(stub: Stub) -> None:
    def drop_by_drop(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            try:
                while not over.wait(0.1):
                    connection.sendall(b" ")
            except OSError:
                pass

    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=drop_by_drop, args=(listener,))
        thread.start()
        began = time.monotonic()
        with pytest.raises(footfall.NetworkError, match="timed out"):
            verdict(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        assert time.monotonic() - began < 30  # it would be 100
        over.set()
        thread.join()


def test_an_answer_without_end_is_not_read_to_its_end(stub: Stub) -> None:
    stub.replies = [Reply(content=b"x" * (9 << 20))] * 2

    with pytest.raises(footfall.NetworkError, match="too long"):
        verdict(stub.url)


# Transports of the app's own


class Kept:
    """A transport that keeps what it is given, and answers as it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.posts, self.closed = list(answers), list[Any](), 0

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> footfall.Answer:
        self.posts.append((url, body, dict(headers), timeout))
        answer = self.answers.pop(0) if self.answers else Reply().content
        if isinstance(answer, Exception):
            raise answer
        return footfall.Answer(200, json.dumps(answer).encode())

    def close(self) -> None:
        self.closed += 1


def test_a_transport_of_the_apps_own_is_given_all_that_is_sent() -> None:
    transport = Kept(TAKEN)
    taken = verdict("http://nobody.invalid/tracker", transport=transport, timeout=7)

    ((url, body, headers, timeout),) = transport.posts
    assert (taken.status, url) == ("success", "http://nobody.invalid/tracker/api/v1/event")
    assert b'"Event":"page_view"' in body
    assert headers["Authorization"] == "Bearer sk_key"
    assert 0 < timeout <= 7
    assert transport.closed


@pytest.mark.parametrize("fault", [ValueError("odd"), OSError("gone"), footfall.NetworkError("cut off")])
def test_whatever_a_transport_raises_is_no_answer(fault: Exception) -> None:
    taken = {"status": "success", "accepted": 1, "results": [TAKEN]}
    transport = Kept(fault, fault, taken)
    with pytest.raises(footfall.NetworkError, match=str(fault)):
        verdict("http://nobody.invalid", transport=transport)
    with footfall.Client("http://nobody.invalid", "sk_key", limits=LIMITS, transport=transport) as client:
        client.track("page_view")
        eventually(lambda: client.stats().sent == 1)
        assert client.stats().retries == 1


def test_httpx2_sends_what_it_is_handed(stub: Stub) -> None:
    pytest.importorskip("httpx2")
    from footfall.httpx2 import HttpxTransport

    stub.replies = [Reply(503, {}, retry_after="0")]
    with footfall.Client(stub.url, "sk_key", limits=LIMITS, transport=HttpxTransport()) as client:
        assert client.track_now("page_view").status == "success"
        for n in range(100):
            client.track(str(n))
        assert client.flush()

    assert [event["Event"] for body in stub.bodies[2:] for event in body["Events"]] == [str(n) for n in range(100)]
    assert len(set(stub.connections)) == 1


def test_httpx2_takes_an_authority_of_the_apps_own_and_a_dead_server_as_no_answer(
    secure: Stub, authority: Path
) -> None:
    pytest.importorskip("httpx2")
    from footfall.httpx2 import HttpxTransport

    trusting = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    assert verdict(secure.url, transport=HttpxTransport(verify=trusting)).status == "success"
    with pytest.raises(footfall.NetworkError, match="No answer"):
        verdict("http://127.0.0.1:1", transport=HttpxTransport())


def test_a_forked_child_has_an_httpx2_of_its_own(stub: Stub) -> None:
    pytest.importorskip("httpx2")
    code = """
import os, sys, footfall
from footfall.httpx2 import HttpxTransport
client = footfall.Client(sys.argv[1], "sk_key", transport=HttpxTransport())
client.track_now("parent")
child = os.fork()
if child == 0:
    client.track_now("child")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.track_now("parent")
"""
    subprocess.run([sys.executable, "-c", code, stub.url], check=True, timeout=60, env={})

    assert [body["Event"] for body in stub.bodies] == ["parent", "child", "parent"]
    assert len(set(stub.connections)) == 2
