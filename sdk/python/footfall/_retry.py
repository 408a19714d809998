"""When an answer says "later": the collector is busy (503) or has had enough for now (429)."""

from __future__ import annotations

import random
import time
from typing import Callable

from ._answer import Answer, Deadline
from ._fork import importing
from ._transport import Endpoint

TRIES = 3
LATER = frozenset({429, 503})


def delivery(endpoint: Endpoint, path: str, body: bytes, timeout: float) -> Callable[[], Answer]:
    """What posts *body*, at most three times, all within *timeout* seconds from now: its thread may have to wait.

    ``Retry-After`` is obeyed. A wait that the timeout has no room for is not begun: the refusal is then the answer.
    It raises NetworkError.
    """
    deadline = Deadline(timeout)
    return lambda: _delivered(endpoint, path, body, deadline)


def _delivered(endpoint: Endpoint, path: str, body: bytes, deadline: Deadline) -> Answer:
    for pause in _pauses():
        answer = endpoint.post(path, body, deadline)
        asked = asked_seconds(answer)
        wait = pause if asked is None else asked
        if answer.status not in LATER or not deadline.allows(wait):
            return answer
        time.sleep(wait)
    return endpoint.post(path, body, deadline)


def _pauses() -> list[float]:
    """Seconds between the tries where the server names none: by chance, so that many clients do not return as one."""
    return [random.uniform(0, 2**n) for n in range(TRIES - 1)]  # noqa: S311 (chance, not a secret)


def asked_seconds(answer: Answer) -> float | None:
    """The seconds of ``Retry-After``, given so or as a date; None where there is none that can be read."""
    asked = answer.retry_after.strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    if not asked:
        return None
    with importing:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 (an import that the app's start need not pay)

    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
