"""Tests with settings of their own.

A module that has such tests says so with a fixture: ``settings`` that returns ``chosen(request)``, and
``pytestmark = pytest.mark.usefixtures("settings")``.
"""

from __future__ import annotations

from typing import Any

import pytest

from collector.config import Settings

BEHIND_A_PROXY = {"trusted_proxies": "127.0.0.1, ::1, 10.0.0.0/8"}
"""The tests' own address is a proxy's, so that ``X-Forwarded-For`` makes a client of any address."""


def with_settings(**values: Any) -> pytest.MarkDecorator:
    """Runs a test with these settings."""
    shown = ",".join(f"{name}={value}" for name, value in values.items() if name != "trusted_proxies")
    return pytest.mark.parametrize("settings", [values], indirect=True, ids=[shown or "behind a proxy"])


def chosen(request: pytest.FixtureRequest) -> Settings:
    """The settings that a test runs with."""
    return Settings(**getattr(request, "param", {}))
