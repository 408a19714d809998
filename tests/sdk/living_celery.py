"""What Celery runs in the tests, over a folder as its broker."""

from __future__ import annotations

import os

import footfall
from celery import Celery  # type: ignore[import-untyped]

client = footfall.Client(os.environ["STUB_URL"], "sk_key", limits=footfall.Limits(exit_timeout=20))
client.track("parent")
app = Celery("living", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": os.environ["FOLDER"], "data_folder_out": os.environ["FOLDER"]}
app.conf.worker_hijack_root_logger = False


@app.task  # type: ignore[untyped-decorator]
def tracks() -> None:
    client.track("child")
