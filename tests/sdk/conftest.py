"""The throw-away server, and a client that sends to it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import footfall
import pytest
from footfall import _values
from hypothesis import HealthCheck

from tests.sdk.stub import Stub, handler

ENCODERS = ("orjson", "json")
LIMITS = footfall.Limits(interval=0.05)
UNHURRIED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
"""What hypothesis is not to judge: how fast this machine is."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(stub)) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stub
        server.shutdown()
        thread.join()


@pytest.fixture
def client(stub: Stub) -> Iterator[footfall.Client]:
    with footfall.Client(stub.url, "sk_key", timeout=5, limits=LIMITS) as client:
        yield client


def choose(monkeypatch: pytest.MonkeyPatch, encoder: str) -> None:
    """Have the SDK write JSON by *encoder*, whichever of them are installed."""
    with monkeypatch.context() as patch:
        if encoder == "json":
            patch.setitem(sys.modules, "orjson", None)
        else:
            pytest.importorskip("orjson")
        patch.setattr(_values, "_known", ())
        known = _values._encoders()
    monkeypatch.setattr(_values, "_known", known)


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each encoder in turn."""
    choose(monkeypatch, request.param)
    return str(request.param)
