"""What a collector's answer to a batch means for each of its events (section 6 of the wire contract)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ._answer import Answer
from ._queue import Event
from ._verdict import content_of, errors_in, errors_of
from .errors import said

LATER = frozenset({408, 425, 429, *range(500, 600)})
LATER_CODES = frozenset({429, 500, 503})


class Outcome(NamedTuple):
    """What became of a batch.

    Attributes:
        sent: How many of its events the collector has.
        again: Those to be sent again.
        dropped: Those that it will never take, each with why.
        fault: Why some must be sent again; empty where nothing went wrong with the request.
        wait: The least seconds to wait before the next request, where *fault* is not empty; None: by back-off.
        halve: Whether what is sent again must be fewer events at once.
        refused: Whether the key or the address is at fault.
        why: What the collector says of the first of *dropped*.
    """

    sent: int = 0
    again: Sequence[Event] = ()
    dropped: Sequence[tuple[Event, str]] = ()
    fault: str = ""
    wait: float | None = None
    halve: bool = False
    refused: bool = False
    why: str = ""


REFUSED_WAIT = 60.0
"""Seconds between the tries with a key or an address that does not work: both may be mended meanwhile."""


def outcome_of(batch: Sequence[Event], answer: Answer, asked: float | None) -> Outcome:
    """What *answer* means; *asked* are the seconds of its ``Retry-After``."""
    fault = f"HTTP {answer.status}"
    if answer.status == 200:
        return _by_results(batch, answer, asked)
    if answer.status in LATER:
        return Outcome(again=batch, fault=fault, wait=asked)
    if answer.status in {400, 413, 422}:
        return _too_much(batch, answer)
    fault = f"{fault}: {said(errors_of(answer.body)) or 'not an answer of a collector'}"
    return Outcome(again=batch, fault=fault, wait=REFUSED_WAIT, refused=True)


def _too_much(batch: Sequence[Event], answer: Answer) -> Outcome:
    """Half of it each, until the event is found that cannot be sent."""
    if len(batch) > 1:
        return Outcome(again=batch, fault=f"HTTP {answer.status}", wait=0.0, halve=True)
    reason = "too large" if answer.status == 413 else "refused"
    return Outcome(dropped=[(batch[0], reason)], why=said(errors_of(answer.body)))


def _by_results(batch: Sequence[Event], answer: Answer, asked: float | None) -> Outcome:
    content = content_of(answer.body)
    results = content.get("results")
    if not isinstance(results, list) or len(results) != len(batch):
        return Outcome(again=batch, fault="HTTP 200, not a collector's answer")
    if content.get("status") == "success" and content.get("accepted") == len(batch):
        return Outcome(len(batch))
    pairs = list(zip(batch, results))
    again = [event for event, result in pairs if _is_later(result)]
    dropped = [(event, "refused") for event, result in pairs if _is_refusal(result) and not _is_later(result)]
    why = next((said(errors_in(result)) for result in results if _is_refusal(result) and not _is_later(result)), "")
    sent = len(batch) - len(again) - len(dropped)
    return Outcome(sent, again, dropped, "HTTP 200, some to be sent again" if again else "", asked, why=why)


def _codes(result: Any) -> set[Any]:
    errors = result.get("Errors") if isinstance(result, dict) else None
    return {error.get("Code") for error in errors if isinstance(error, dict)} if isinstance(errors, list) else set()


def _is_refusal(result: Any) -> bool:
    return not isinstance(result, dict) or result.get("status") != "success"


def _is_later(result: Any) -> bool:
    return _is_refusal(result) and bool(_codes(result) & LATER_CODES)
