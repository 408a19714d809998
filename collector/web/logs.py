"""Logging: at most one line a request, and never a key, password or address."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType

from tornado.web import RequestHandler

access = logging.getLogger("collector.access")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up_logging(as_json: bool) -> None:
    """Sends log records to stderr.

    Args:
        as_json: an object a line, instead of text.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Lines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Tornado names the client's address in what it says of malformed requests.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("pymongo").setLevel(logging.WARNING)


def log_request(handler: RequestHandler) -> None:
    """One line: method, path without its query, status, milliseconds. Good answers are not worth one by default, and a
    500 has one where it happened."""
    status = handler.get_status()
    level = logging.INFO if 400 <= status != 500 else logging.DEBUG
    milliseconds = 1000 * handler.request.request_time()
    access.log(level, "%s %s %d %.1f ms", _method(handler), _path(handler), status, milliseconds)


def _path(handler: RequestHandler) -> str:
    """The path, where it is one of ours: in any other there may be whatever somebody has put there."""
    return handler.request.path if getattr(handler, "known_path", False) else "(unknown path)"


def _method(handler: RequestHandler) -> str:
    method = handler.request.method or ""
    return method if method in handler.SUPPORTED_METHODS else "(unknown method)"


class _Lines(logging.Formatter):
    """Shows an exception's kind and places, without its message, which may hold what a caller sent."""

    def formatException(self, ei: ExceptionInfo) -> str:
        shown: list[str] = []
        error = ei[1]
        while error is not None:
            shown[:0] = [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
            error = error.__cause__ or error.__context__
        return "".join(shown).rstrip()


class _JsonLines(_Lines):
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
