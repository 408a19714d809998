"""What can go wrong when an event is sent.

    FootfallError
      ApiError        the collector answered, and did not take the event
      NetworkError    no answer came: unreachable, silent for too long, or cut off

Mistakes in the call itself are Python's own TypeError and ValueError: they name the property or parameter at fault, and
nothing is sent.
"""

from __future__ import annotations


class FootfallError(Exception):
    """The base of all that this package raises for an event that may not have been taken."""


class ApiError(FootfallError):
    """The collector did not take the event.

    Attributes:
        status: The HTTP status.
        errors: The reasons as ``(code, message)``, ascending by code (section 4 of the wire contract). Without any, the
            answer was not the collector's: a proxy's error page, or a ``url`` behind which there is no collector.
    """

    def __init__(self, status: int, errors: list[tuple[int, str]]) -> None:
        # Both go to Exception too, so that the error survives pickling, as task queues do it.
        super().__init__(status, errors)
        self.status = status
        self.errors = errors

    def __str__(self) -> str:
        return f"HTTP {self.status}: {said(self.errors) or 'not an answer of a Footfall collector'}"


def said(errors: list[tuple[int, str]]) -> str:
    """*errors* in words."""
    return ", ".join(f"{message} ({code})" for code, message in errors)[:500]


class NetworkError(FootfallError):
    """No answer came from the collector, and whether it has the event is unknown; ``__cause__`` tells what happened.

    Tracking it again is harmless where it was given an ``event_id``.
    """
