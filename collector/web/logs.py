"""Logging: at most one line a request, and never a key, password or address."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from tornado.web import RequestHandler

access = logging.getLogger("collector.access")


def set_up_logging(as_json: bool) -> None:
    """Sends log records to stderr.

    Args:
        as_json: an object a line, instead of text.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Tornado names the client's address in what it says of malformed requests.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("pymongo").setLevel(logging.WARNING)


def log_request(handler: RequestHandler) -> None:
    """One line: method, path without its query, status, milliseconds. Good answers are not worth one by default."""
    status = handler.get_status()
    level = logging.INFO if status >= 400 else logging.DEBUG
    milliseconds = 1000 * handler.request.request_time()
    access.log(level, "%s %s %d %.1f ms", handler.request.method, handler.request.path, status, milliseconds)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
