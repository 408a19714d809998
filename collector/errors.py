"""What can go wrong, in one place.

Two families, drawn once:

    StartupError      an operator's mistake or a missing part: one line on stderr, a non-zero exit, no stack trace
    Refusal           an answer of the API: the HTTP status and the ``Errors`` envelope of section 4 of the contract,
                      made of one or more rows of the table ``Fault``
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any


class StartupError(Exception):
    """Why a command of the command line could not do its work, as one line for the person who typed it."""


class Fault(Enum):
    """Every error that the API answers: HTTP status, code, message (section 4 of the contract)."""

    MISSING_LIST = (422, 1, "Missing ListID parameter")
    INVALID_LIST_QUERY = (422, 2, "Invalid ListID parameter")
    LIST_NOT_FOUND = (422, 3, "List not found")
    INVALID_LOGIN = (401, 3, "Invalid login information")
    INVALID_LIST = (422, 4, "Invalid ListID parameter")
    MISSING_EVENT = (422, 5, "Missing event parameter")
    INVALID_EMAIL = (422, 7, "Invalid email parameter")
    MISSING_CONVERSION_ID = (422, 8, "Missing conversion-id event property")
    MISSING_CONVERSION_NAME = (422, 9, "Missing conversion-name event property")
    MISSING_CONVERSION_VALUE = (422, 10, "Missing conversion-value event property")
    INVALID_PROPERTIES = (422, 11, "Invalid Properties parameter")
    INVALID_UUID = (422, 12, "Invalid UUID parameter")
    INVALID_ID = (422, 13, "Invalid ID parameter")
    INVALID_EVENT = (422, 14, "Invalid Event parameter")
    INVALID_EVENT_ID = (422, 15, "Invalid EventID parameter")
    INVALID_TIMESTAMP = (422, 16, "Invalid Timestamp parameter")
    INVALID_EVENTS = (422, 17, "Invalid Events parameter")
    MISSING_PROPERTY = (422, 18, "Missing Property parameter")
    INVALID_PROPERTY = (422, 19, "Invalid Property parameter")
    INVALID_FILTERS = (422, 20, "Invalid Filters parameter")
    INVALID_INTERVAL = (422, 21, "Invalid Interval parameter")
    INVALID_MEASURE = (422, 22, "Invalid Measure parameter")
    INVALID_TIME_ZONE = (422, 23, "Invalid TimeZone parameter")
    INVALID_SPAN = (422, 24, "Invalid From or To parameter")
    INVALID_LIMIT = (422, 25, "Invalid Limit parameter")
    INVALID_CURSOR = (422, 26, "Invalid Cursor parameter")
    INVALID_FORMAT = (422, 27, "Invalid Format parameter")
    SUBSCRIBER_NOT_FOUND = (422, 28, "Subscriber not found")
    MISSING_SUBSCRIBER = (422, 29, "Missing subscriber parameter")
    INVALID_ORIGINS = (422, 30, "Invalid Origins parameter")
    INVALID_KIND = (422, 31, "Invalid Kind parameter")
    KEY_NOT_FOUND = (422, 32, "Key not found")
    INVALID_NAME = (422, 33, "Invalid Name parameter")
    INVALID_SEARCH = (422, 34, "Invalid Search parameter")
    ORIGIN_NOT_ALLOWED = (403, 403, "Origin not allowed")
    KEY_BELONGS_ON_SERVER = (403, 403, "This key belongs on a server")
    NOT_THE_CONSOLE = (403, 403, "This request does not come from the console")
    BODY_TOO_LARGE = (413, 413, "Request body too large")
    UNSUPPORTED_CONTENT_TYPE = (415, 415, "Unsupported content type")
    TOO_MANY_REQUESTS = (429, 429, "Too many requests (rate limit exceeded)")
    INTERNAL = (500, 500, "Internal error")
    UNAVAILABLE = (503, 503, "Temporarily unavailable")
    AUTHENTICATION = (401, 99998, "Authentication failure or session expired")
    PERMISSION = (403, 99999, "User does not have the required permission ({permission})")
    UNREADABLE = (400, 100000, "Request body could not be read")
    METHOD_NOT_ALLOWED = (405, 100001, "Method not allowed")
    UNKNOWN_COMMAND = (404, 100003, "Unknown command")

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message


class Refusal(Exception):
    """An answer that is an error: what the caller is told, and nothing of how it came about.

    Args:
        faults: what is wrong; all of it, since a caller fixes one request at a time.
        retry_after: whole seconds after which the same request may succeed, for 429 and 503.
        permission: the permission that ``Fault.PERMISSION`` names.
    """

    def __init__(self, *faults: Fault, retry_after: int | None = None, permission: str = "") -> None:
        super().__init__(", ".join(fault.name for fault in faults))
        self.faults = tuple(sorted(set(faults), key=lambda fault: fault.code))
        self.status = self.faults[0].status
        self.retry_after = retry_after
        self.permission = permission

    def envelope(self) -> dict[str, Any]:
        """The body of the answer: ``{"Errors": [{"Code": …, "Message": …}, …]}``, ascending by code."""
        return {"Errors": error_list(self.faults, self.permission)}


def error_list(faults: Iterable[Fault], permission: str = "") -> list[dict[str, Any]]:
    """The entries of an ``Errors`` array, in the order given."""
    return [{"Code": fault.code, "Message": fault.message.format(permission=permission)} for fault in faults]


def unavailable(retry_after: int = 1) -> Refusal:
    """The answer while MongoDB is away or the writer is full."""
    return Refusal(Fault.UNAVAILABLE, retry_after=retry_after)
