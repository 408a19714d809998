"""What these tests share, without an import of the collector: the SDK is tested where that cannot be installed."""

from __future__ import annotations

import time
from typing import Any, Callable, Protocol


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true value of a condition; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {holds}"
        time.sleep(0.02)
    return value


class Live(Protocol):
    """The running collector that tests/conftest.py starts."""

    url: str
    demo: dict[str, Any]
    db: Any
