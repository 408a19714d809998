"""What the collector says of one event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ._transport import Answer
from .errors import ApiError


@dataclass(frozen=True)
class Verdict:
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
    content = _content(answer.body)
    if answer.status != 200 or not isinstance(content.get("uuid"), str):
        raise ApiError(answer.status, _errors(content))
    return Verdict(
        status=content.get("status", ""),
        uuid=content["uuid"],
        external_id=content.get("external_id"),
        identify_event_sent=bool(content.get("identify_event_sent")),
        duplicate=bool(content.get("duplicate")),
        tracked=tracked,
    )


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _errors(content: dict[str, Any]) -> list[tuple[int, str]]:
    errors = content.get("Errors")
    if not isinstance(errors, list):
        return []
    return [(error["Code"], error["Message"]) for error in errors if _is_error(error)]


def _is_error(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("Code"), int) and isinstance(error.get("Message"), str)
