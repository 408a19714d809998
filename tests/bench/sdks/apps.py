"""What gunicorn and Celery run: an app that has used the SDK before its workers are forked, and does so in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from tests.bench.sdks.adapters import make

sdk = make(os.environ["BENCH_SDK"], os.environ["BENCH_URL"])
sdk.track("parent")


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """One event a request."""
    sdk.track("child")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def make_celery() -> Any:
    """An app whose broker is a folder."""
    app = import_module("celery").Celery("bench", broker="filesystem://")
    folder = os.environ["BENCH_FOLDER"]
    app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder}
    app.conf.worker_hijack_root_logger = False
    return app


if "BENCH_FOLDER" in os.environ:
    celery_app = make_celery()

    @celery_app.task(name="tracks")  # type: ignore[untyped-decorator]
    def tracks() -> None:
        """One event a task."""
        sdk.track("child")
