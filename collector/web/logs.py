"""Logging: at most one line a request, and never a key, password or address."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from tornado.web import RequestHandler

access = logging.getLogger("collector.access")
web = logging.getLogger("collector.web")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up_logging(as_json: bool, slot: int | None = None) -> None:
    """Sends log records to stderr.

    Args:
        as_json: an object a line, instead of text.
        slot: which of several processes this is; it is said in each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(slot) if as_json else _Lines(_text_format(slot)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Tornado names the client's address in what it says of malformed requests.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    logging.getLogger("pymongo").setLevel(logging.WARNING)


def _text_format(slot: int | None) -> str:
    return f"%(asctime)s %(levelname)s {'' if slot is None else f'[{slot}] '}%(name)s: %(message)s"


def log_request(handler: RequestHandler) -> None:
    """One line for a page."""
    method, known = handler.request.method or "", getattr(handler, "known_path", False)
    log_answer(
        method if method in handler.SUPPORTED_METHODS else None,
        handler.request.path if known else None,
        handler.get_status(),
        handler.request.request_time(),
    )


def log_answer(method: str | None, path: str | None, status: int, seconds: float) -> None:
    """One line: method, path without its query, status, milliseconds. Good answers are not worth one by default, and a
    500 has one where it happened.

    Args:
        method: None for one that does not exist.
        path: None where it is none of ours: there may be whatever somebody has put there.
    """
    level = logging.INFO if 400 <= status != 500 else logging.DEBUG
    if access.isEnabledFor(level):
        named = (method or "(unknown method)", path or "(unknown path)")
        access.log(level, "%s %s %d %.1f ms", *named, status, 1000 * seconds)


def log_fault(typ: Any, value: Any, tb: Any) -> None:
    """Logs an exception, unless it only is Tornado's way to answer what is the caller's mistake."""
    if getattr(value, "status_code", 500) >= 500:
        web.error("a request could not be answered", exc_info=(typ, value, tb))


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
    def __init__(self, slot: int | None) -> None:
        super().__init__()
        self._slot = {} if slot is None else {"slot": slot}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._slot,
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
