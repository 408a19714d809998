"""The short form of the faults, in every run of the tests, and the long one: ``make faults``, or FAULTS=long.

Chance decides at which moments things happen, by a seed that is printed; FAULTS_SEED gives it."""

from __future__ import annotations

import os
import random

import pytest

LONG = os.environ.get("FAULTS") == "long"


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Decides what is left to chance."""
    seed = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"\n{request.node.name}: FAULTS_SEED={seed}")
    return random.Random(seed)
