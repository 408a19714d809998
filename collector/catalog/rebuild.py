"""Making the catalog anew from the events, beside running collectors."""

from __future__ import annotations

import asyncio

from collector.catalog.learner import LEASE
from collector.storage.catalog import Catalog

_MARGIN = 0.5


async def rebuild(catalog: Catalog) -> int:
    """Makes the catalog of all lists anew; how many entries it then has. Takes a few seconds at least.

    First every collector must forget which names it takes for entered: one whose events have been deleted leaves the
    catalog, and has to come back with the next event that brings it.
    """
    generation = await catalog.begin_generation()
    await asyncio.sleep(LEASE + _MARGIN)
    return await catalog.rebuild(generation)
