"""What the collector says of one event."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ._answer import Answer
from .errors import ApiError


class Verdict(NamedTuple):
    """The collector's answer for an event that it took (section 5 of the wire contract).

    Attributes:
        status: ``"success"``.
        uuid: The visitor: the uuid that was sent, else the person's own, else a fresh one.
        external_id: The ``id`` that was sent, as a string.
        identify_event_sent: Whether an identify event was stored with it.
        duplicate: Whether its ``event_id`` was known before (it is stored once), as it may be after a retry of ours.
        tracked: False for a test event, of which nothing is kept.
    """

    status: str
    uuid: str
    external_id: str | None
    identify_event_sent: bool
    duplicate: bool = False
    tracked: bool = True


def verdict_of(answer: Answer, tracked: bool) -> Verdict:
    """Read *answer*. Raises ApiError where it is not that of an event which was taken."""
    content = content_of(answer.body)
    if answer.status != 200 or not isinstance(content.get("uuid"), str):
        raise ApiError(answer.status, errors_of(answer.body))
    return Verdict(
        status=content.get("status", ""),
        uuid=content["uuid"],
        external_id=content.get("external_id"),
        identify_event_sent=bool(content.get("identify_event_sent")),
        duplicate=bool(content.get("duplicate")),
        tracked=tracked,
    )


def content_of(body: bytes) -> dict[str, Any]:
    """The object of *body*; an empty one where it is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def errors_of(body: bytes) -> list[tuple[int, str]]:
    """The errors of *body* as (code, message) (section 4 of the wire contract)."""
    return errors_in(content_of(body))


def errors_in(content: Any) -> list[tuple[int, str]]:
    """The errors of an answer, or of one result of a batch, as (code, message)."""
    errors = content.get("Errors") if isinstance(content, dict) else None
    if not isinstance(errors, list):
        return []
    return [(error["Code"], error["Message"]) for error in errors if _is_error(error)]


def _is_error(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("Code"), int) and isinstance(error.get("Message"), str)
