"""A plugin for runs without a collector: leaves out the tests that need one, and pytest says how many."""

from __future__ import annotations

from typing import Any


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Deselect what asks for the fixture ``live``."""
    out = [item for item in items if "live" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in out]
    config.hook.pytest_deselected(items=out)
