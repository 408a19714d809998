"""The fixture ``footfall_events``: in a test that asks for it, the package's functions record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .testing import RecordingClient, recording


@pytest.fixture
def footfall_events() -> Iterator[RecordingClient]:
    """A client that records; ask it with ``assert_tracked``."""
    with recording() as client:
        yield client
