"""The throw-away server, and a client that sends to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import footfall
import pytest

from tests.sdk.stub import Stub, handler

LIMITS = footfall.Limits(interval=0.05)


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
